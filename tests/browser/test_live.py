"""Pages that are open while others write."""

from itertools import count
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.visiting import WAIT_MS, Visit, visiting
from tests.serving import Person, Server, serving, sign_up, soon

PILL_MS_MAX = 2_000.0
PAUSE_MS_MAX = 40_000.0  # between two tries to reach the server, see live.js
_numbers = count(1)

expect.set_options(timeout=WAIT_MS)


def friends(server: Server) -> tuple[Person, Person]:
    """A reader, and a writer whom she follows and who has written."""
    number = next(_numbers)
    reader, writer = sign_up(server, f"reader{number}"), sign_up(server, f"writer{number}")
    reader.ok("POST", "/follow", {"userId": writer.id})
    for text in ("older", "old"):
        writer.tweet(text)
    soon(2, lambda: len(reader.walk("/feed/")))
    return reader, writer


def listening(visit: Visit, path: str = "/") -> Page:
    """A page whose stream has begun."""
    page = visit.page()
    with page.expect_response("**/feed/live"):
        page.goto(visit.url + path)
    return page


def asked(visit: Visit, tweet_id: str) -> list[str]:
    """What was asked for about a tweet."""
    return [answer.url for answer in visit.responses if tweet_id in answer.url]


def test_a_new_tweet_waits_behind_a_pill(browser: Browser, server: Server) -> None:
    """A tweet posted through the API shows as the pill within 2 s and moves nothing; the pill puts it on top."""
    reader, writer = friends(server)
    with visiting(browser, server.url, reader.token) as visit:
        page = listening(visit)
        top = page.locator("article.tweet").first.bounding_box()
        writer.tweet("new")
        expect(page.locator(".pill")).to_have_text("Show 1 new tweet", timeout=PILL_MS_MAX)
        writer.tweet("newer")
        expect(page.locator(".pill")).to_have_text("Show 2 new tweets", timeout=PILL_MS_MAX)
        assert top == page.locator("article.tweet").first.bounding_box()
        page.keyboard.press(".")
        expect(page.locator(".pill")).to_have_count(0)
        expect(page.locator("article.tweet .content")).to_have_text(["newer", "new", "old", "older"])
        expect(page.locator("article.tweet").first).to_be_focused()


def test_ones_own_tweet_is_no_news(browser: Browser, server: Server) -> None:
    """What the stream tells of one's own tweet before it is shown waits behind no pill once it is there; what others
    wrote meanwhile still does."""
    reader, writer = friends(server)
    with visiting(browser, server.url, reader.token) as visit:
        page = listening(visit)
        held: list[Route] = []
        page.route(f"**/@{reader.handle}/*", lambda route: held.append(route))
        page.locator("form.composer textarea").fill("mine")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".pill")).to_have_text("Show 1 new tweet")
        writer.tweet("theirs")
        expect(page.locator(".pill")).to_have_text("Show 2 new tweets")
        held[0].continue_()
        expect(page.locator("article.tweet .content")).to_have_text(["mine", "old", "older"])
        expect(page.locator(".pill")).to_have_text("Show 1 new tweet")
        page.locator(".pill").click()
        expect(page.locator("article.tweet .content")).to_have_text(["theirs", "mine", "old", "older"])
        expect(page.locator(".pill")).to_have_count(0)


def test_edits_and_deletes_of_what_is_shown_arrive(browser: Browser, server: Server) -> None:
    """An edit changes the shown text and says so, a delete takes it away; nothing else moves."""
    reader, writer = friends(server)
    edited, deleted = writer.tweet("typo")["tweetId"], writer.tweet("gone soon")["tweetId"]
    soon(4, lambda: len(reader.walk("/feed/")))
    with visiting(browser, server.url, reader.token) as visit:
        page = listening(visit)
        below = page.locator("article.tweet").last.bounding_box()
        writer.ok("PATCH", f"/tweet/{edited}", {"content": "typo, mended #now"})
        tweet = page.locator(f'article[data-id="{edited}"]')
        expect(tweet.locator(".content")).to_have_text("typo, mended #now")
        expect(tweet.locator(".content a")).to_have_text("#now")
        expect(tweet.locator("a.history")).to_be_visible()
        writer.ok("DELETE", f"/tweet/{deleted}")
        expect(page.get_by_text("gone soon")).to_have_count(0)
        assert below == page.locator("article.tweet").last.bounding_box()


def test_edits_that_a_page_has_are_not_asked_for(browser: Browser, server: Server) -> None:
    """A page asks for a tweet only where it shows it as it was before an edit, though its stream tells of all since the
    newest tweet; a second edit changes text and mark again."""
    reader, writer = friends(server)
    edited = writer.tweet("typo")["tweetId"]
    soon(3, lambda: len(reader.walk("/feed/")))
    writer.ok("PATCH", f"/tweet/{edited}", {"content": "mended"})
    with visiting(browser, server.url, reader.token) as visit:
        page = listening(visit)
        expect(page.locator(f'article[data-id="{edited}"] .content')).to_have_text("mended")
        writer.tweet("new")
        expect(page.locator(".pill")).to_be_visible()
        assert [] == asked(visit, edited)
        mark = page.locator(f'article[data-id="{edited}"] a.edited')
        before = mark.get_attribute("data-at")
        writer.ok("PATCH", f"/tweet/{edited}", {"content": "mended twice"})
        expect(page.locator(f'article[data-id="{edited}"] .content')).to_have_text("mended twice")
        assert before != mark.get_attribute("data-at")
        assert 1 == len(asked(visit, edited))


def test_the_stream_goes_on_after_a_restart_without_a_gap(browser: Browser, tmp_path: Path) -> None:
    """What was written after the server came back and before the page heard of it is behind the pill, each once; so is
    what was written between the making of the page and the beginning of its stream."""
    with serving(tmp_path / "data", {"LIMITS_ENABLED": "false"}) as server:
        reader, writer = friends(server)
        with visiting(browser, server.url, reader.token) as visit:
            page = visit.page()
            page.route("**/feed/live", lambda route: (writer.tweet("early"), route.continue_()), times=1)
            page.goto(server.url)
            expect(page.locator(".pill")).to_have_text("Show 1 new tweet")
            assert 0 == server.stop()
            server.start()
            for number in range(3):
                writer.tweet(f"late {number}")
            expect(page.locator(".pill")).to_have_text("Show 4 new tweets", timeout=PAUSE_MS_MAX + WAIT_MS)
            page.locator(".pill").click()
            texts = ["late 2", "late 1", "late 0", "early", "old", "older"]
            expect(page.locator("article.tweet .content")).to_have_text(texts)
            visit.complaints.clear()  # the browser tells that the server was away
