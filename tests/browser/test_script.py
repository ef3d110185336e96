"""What the script makes of pages: drafts, acts that are taken back, an undo, endless lists, keys."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.scene import Scene
from tests.browser.visiting import WAIT_MS, Visit, visiting
from tests.serving import PASSWORD, Person, Server, sign_up, soon

expect.set_options(timeout=WAIT_MS)
_numbers = count(1)
New = Callable[[], Person]


@pytest.fixture
def new(server: Server) -> New:
    """Makes new people."""
    return lambda: sign_up(server, f"person{next(_numbers)}")


@pytest.fixture
def ann(new: New) -> Person:
    """Someone new."""
    return new()


@pytest.fixture
def visit(browser: Browser, server: Server, ann: Person) -> Iterator[Visit]:
    """Her at a browser; that a write is refused is told by the console, too."""
    with visiting(browser, server.url, ann.token) as visit:
        visit.expected = {403, 404}
        yield visit


def test_a_draft_survives_a_reload_and_goes_when_it_is_sent(visit: Visit, ann: Person) -> None:
    """What was typed is there after a reload, with its count; not after it was sent, nor after a log-out."""
    page = visit.page("/")
    text = page.locator("#compose")
    text.fill("日本 half a thought")
    page.reload()
    expect(text).to_have_value("日本 half a thought")
    expect(page.locator("output.count")).to_have_text(str(280 - 4 - len(" half a thought")))
    page.keyboard.press("n")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.tweet .content").first).to_have_text("日本 half a thought")
    expect(text).to_have_value("")
    page.reload()
    expect(text).to_have_value("")
    text.fill("secret")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("main").get_by_role("link", name="Log in")).to_be_visible()
    assert 0 == page.evaluate("localStorage.length")


def test_the_counter_bounds_what_is_sent(visit: Visit) -> None:
    """From 20 left on it warns; past the limit the button is off, as it is for blank text."""
    page = visit.page("/")
    text, output = page.locator("#compose"), page.locator("form.composer output.count")
    send = page.locator("form.composer button.primary")
    for typed, left, state, is_off in (
        (" ", "279", "", True),
        ("a" * 260, "20", "near", False),
        ("a" * 281, "-1", "over", True),
        ("see https://example.com/" + "a" * 300, "253", "", False),
    ):
        text.fill(typed)
        expect(output).to_have_text(left)
        expect(output).to_have_attribute("data-state", state)
        expect(send).to_be_disabled() if is_off else expect(send).to_be_enabled()


def test_an_act_shows_at_once_and_is_taken_back_when_refused(visit: Visit, ann: Person, new: New) -> None:
    """A like of what is gone meanwhile, and a follow of who blocks meanwhile: on screen first, then off, with why."""
    bob = new()
    tweet = bob.tweet("gone soon")["tweetId"]
    page = visit.page(f"/@{bob.handle}")
    follow = page.locator(".profile").get_by_role("button", name=re.compile("^Follow"))
    like = page.get_by_role("button", name=re.compile("^Like"))
    bob.ok("DELETE", f"/tweet/{tweet}")
    like.click()
    expect(page.locator(".toast.error")).to_contain_text("no such tweet")
    expect(like).to_have_attribute("aria-pressed", "false")
    expect(like.locator(".count")).to_have_text("")
    bob.ok("POST", f"/block/{ann.id}")
    assert "Following" == follow.evaluate("(button) => { button.click(); return button.textContent; }")
    expect(page.locator(".toast.error").last).to_contain_text("block")
    expect(follow).to_have_text("Follow")


def test_a_text_that_is_refused_stays_with_why(visit: Visit, new: New) -> None:
    """A reply to what is gone meanwhile stays in its dialog, and over it stands the reason; the dialog leaves the notes
    on the page when it closes."""
    bob = new()
    tweet = bob.tweet("gone soon")["tweetId"]
    page = visit.page(f"/@{bob.handle}")
    page.get_by_role("link", name=re.compile("^Reply")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("too late")
    bob.ok("DELETE", f"/tweet/{tweet}")
    dialog.get_by_role("button", name="Reply").click()
    expect(dialog.locator(".toast.error")).to_contain_text("no such tweet")
    expect(dialog.get_by_role("textbox")).to_have_value("too late")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("#toasts .toast.error")).to_be_visible()


def test_presses_in_a_row_end_as_the_last_one_said(visit: Visit, ann: Person, new: New) -> None:
    """Three quick presses of Like are one like, for the server too."""
    tweet = new().tweet("likable")
    page = visit.page(f"/@{tweet['owner']['handle']}")
    like = page.get_by_role("button", name=re.compile("^Like"))
    page.evaluate("for (let n = 0; n < 3; n += 1) document.querySelector('[data-act$=like] button').click()")
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(like.locator(".count")).to_have_text("1")
    soon(1, lambda: int(ann.ok("GET", f"/tweet/{tweet['tweetId']}")["likeCount"]))


def test_a_delete_can_be_undone_and_is_sent_on_leaving(visit: Visit, ann: Person) -> None:
    """It hides at once and the server knows nothing of it; undo shows it again; leaving the page sends it, and the page
    that one goes to, which was made before, shows it no more."""
    tweet = ann.tweet("to be or not")["tweetId"]
    page = visit.page()
    page.clock.install()
    page.goto(f"{visit.url}/@{ann.handle}")
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    shown = page.locator(f'article[data-id="{tweet}"]')

    def delete() -> None:
        shown.locator("details.menu > summary").click()
        shown.get_by_role("link", name="Delete").click()
        expect(shown).to_be_hidden()

    delete()
    assert "to be or not" == ann.ok("GET", f"/tweet/{tweet}")["content"]
    page.get_by_role("button", name="Undo").click()
    expect(shown).to_be_visible()
    delete()
    page.goto(f"{visit.url}/public")
    expect(page.get_by_text("to be or not")).to_have_count(0)
    soon((404, "not_found"), lambda: _status(ann, tweet))


def test_a_delete_is_sent_after_some_seconds(visit: Visit, ann: Person) -> None:
    """Within 5 s nothing is sent, then it is, without leaving the page."""
    tweet = ann.tweet("five more seconds")["tweetId"]
    page = visit.page()
    page.clock.install()
    page.goto(f"{visit.url}/@{ann.handle}")
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    shown = page.locator(f'article[data-id="{tweet}"]')
    shown.locator("details.menu > summary").click()
    shown.get_by_role("link", name="Delete").click()
    page.clock.run_for(4_900)
    assert "five more seconds" == ann.ok("GET", f"/tweet/{tweet}")["content"]
    page.clock.run_for(200)
    soon((404, "not_found"), lambda: _status(ann, tweet))
    expect(shown).to_have_count(0)


def _status(person: Person, tweet: str) -> tuple[int, str]:
    answer = person.get(f"/tweet/{tweet}")
    return (answer.status_code, answer.json().get("code", ""))


def test_lists_go_on_by_themselves_and_keep_their_place(reader: Visit, scene: Scene) -> None:
    """Scrolling shows every entry once; going back from one of them leads to where it was."""
    page = reader.page("/@bob_writes")
    entries = page.locator("ol.timeline > li")
    expect(entries).to_have_count(20)
    shown = len(scene.bob.ok("GET", "/user/@bob_writes/tweets?pageSize=100"))

    def scroll() -> int:
        page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
        return entries.count()

    soon(shown, scroll)
    ids = page.eval_on_selector_all("ol.timeline article", "(all) => all.map((one) => one.dataset.id)")
    assert shown == len(set(ids))
    tweet = entries.nth(42).locator("article")
    tweet.evaluate("(one) => scrollTo(0, one.getBoundingClientRect().top + scrollY - 300)")
    assert 4 > abs(_top(page, ids[42]) - 300)
    tweet.locator("a.when").click()
    expect(page.get_by_role("heading", name="Conversation")).to_be_visible()
    page.go_back()
    expect(tweet).to_be_visible()
    soon(300.0, lambda: round(_top(page, ids[42]), -1))
    page.close()


def _top(page: Page, tweet: str) -> float:
    found = page.evaluate(
        "(id) => document.querySelector(`article[data-id='${id}']`)?.getBoundingClientRect().top ?? -1e6",
        tweet,
    )
    return float(found)


def test_everything_goes_by_keys(visit: Visit, ann: Person, new: New) -> None:
    """Without a mouse: find a tweet, like, retweet, reply, quote, edit, delete and undo it; open the list of keys."""
    bob = new()
    ann.ok("POST", "/follow", {"userId": bob.id})
    tweet = bob.tweet("by keys")["tweetId"]
    soon(1, lambda: len(ann.walk("/feed/")))
    page = visit.page("/")
    keys = page.keyboard
    keys.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keyboard shortcuts")
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    keys.press("j")
    expect(page.locator(f'article[data-id="{tweet}"]')).to_be_focused()
    keys.press("l")
    keys.press("t")
    soon((True, True), lambda: _flags(ann, tweet))
    for key, text in (("r", "my reply"), ("q", "my quote")):
        keys.press(key)
        expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
        keys.type(text)
        keys.press("Control+Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
    quote = page.locator("article.tweet").filter(has=page.locator(".quoted")).first
    expect(quote).to_contain_text("my quote")
    quote.locator("summary").focus()
    for key in ("Enter", "Tab", "Enter"):
        keys.press(key)
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    keys.type(", edited")
    keys.press("Control+Enter")
    expect(quote.locator(".content").first).to_have_text("my quote, edited")
    soon(f"{visit.url}/@{ann.handle}", lambda: _go(page, "g", "p"))
    page.wait_for_load_state()
    keys.press("/")
    expect(page.get_by_role("searchbox").first).to_be_focused()


def _go(page: Page, *keys: str) -> str:
    """Presses keys that count within a moment of one another; where the browser is after that."""
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_timeout(100)
    return page.url


def _flags(person: Person, tweet: str) -> tuple[bool, bool]:
    found = person.ok("GET", f"/tweet/{tweet}")
    return (found["liked"], found["retweeted"])


def test_times_are_relative_and_exact_on_hover(reader: Visit, scene: Scene) -> None:
    """A fresh tweet's time is short, and its title tells the second in the reader's zone."""
    page = reader.page("/")
    time = page.locator("article.tweet time").first
    expect(time).to_have_text(re.compile(r"^(now|\d+m)$"))
    expect(time).to_have_attribute("title", re.compile(r"\d{4}.*\d:\d\d:\d\d"))
    page.close()


def test_a_session_that_ended_leads_to_the_log_in(visit: Visit, ann: Person) -> None:
    """An act after the session's end opens the log-in, which leads back."""
    page = visit.page("/")
    visit.expected = {401}
    ann.ok("POST", "/account/logout", {"everywhere": True})
    page.locator("#compose").fill("too late")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"/login\?back=%2F$"))
    page.get_by_label("Handle").fill(ann.handle)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#compose")).to_have_value("too late")
