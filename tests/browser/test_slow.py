"""Pages whose server takes its time: nothing is lost, nothing comes twice."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser.visiting import WAIT_MS, Visit, visiting
from tests.serving import Person, Server, sign_up, soon

_numbers = count(1)

expect.set_options(timeout=WAIT_MS)


@pytest.fixture
def ann(server: Server) -> Person:
    """Someone new."""
    return sign_up(server, f"patient{next(_numbers)}")


@pytest.fixture
def visit(browser: Browser, server: Server, ann: Person) -> Iterator[Visit]:
    """Her at a browser."""
    with visiting(browser, server.url, ann.token) as visit:
        yield visit


def held_back(page: Page, concerns: Callable[[Request], bool]) -> list[Route]:
    """Where such requests wait from now on, each until it is told to go on."""
    held: list[Route] = []
    page.route("**/*", lambda route: held.append(route) if concerns(route.request) else route.continue_())
    return held


def test_a_second_press_opens_no_second_dialog(visit: Visit, ann: Person) -> None:
    """While the form is on its way further presses of Reply ask for no other one."""
    ann.tweet("answer me")
    page = visit.page(f"/@{ann.handle}")
    forms = held_back(page, lambda request: "x-fragment" in request.headers)
    with page.expect_request("**/reply"):
        page.evaluate("for (let n = 0; n < 3; n += 1) document.querySelector('a.reply').click()")
    page.locator("a.reply").click()
    for form in forms:
        form.continue_()
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    assert 1 == len(forms)


def test_what_is_being_sent_is_sent_once_and_as_it_was(visit: Visit, ann: Person) -> None:
    """While a tweet is on its way it cannot be sent again, and what is typed is neither in it nor lost with it."""
    page = visit.page("/")
    posts = held_back(page, lambda request: request.method == "POST")
    text = page.locator("#compose")
    text.fill("only once")
    with page.expect_request("**/tweet/"):
        for _ in range(2):
            page.keyboard.press("Control+Enter")
    page.keyboard.type(" and more")
    for post in posts:
        post.continue_()
    expect(page.locator("article.tweet .content").first).to_have_text("only once")
    expect(text).to_be_editable()
    expect(text).to_have_value("")
    assert 1 == len(posts)
    assert ["only once"] == [one["content"] for one in ann.walk(f"/user/{ann.id}/tweets")]


def test_an_act_outlives_its_page(visit: Visit, ann: Person, server: Server) -> None:
    """A like that is on its way as the reader leaves arrives."""
    bob = sign_up(server, f"patient{next(_numbers)}")
    tweet = bob.tweet("like me and go")["tweetId"]
    page = visit.page(f"/@{bob.handle}")
    with page.expect_request("**/like/*"):
        page.evaluate("document.querySelector('[data-act=like] button').click(); location.assign('/explore')")
    page.wait_for_url("**/explore")
    soon(True, lambda: bool(ann.ok("GET", f"/tweet/{tweet}")["liked"]))


def test_what_arrives_while_the_pill_opens_waits_behind_it(visit: Visit, ann: Person, server: Server) -> None:
    """A tweet that comes while the newer ones are being read, too late to be among them, is behind the next pill."""
    bob = sign_up(server, f"patient{next(_numbers)}")
    ann.ok("POST", "/follow", {"userId": bob.id})
    bob.tweet("old")
    soon(1, lambda: len(ann.walk("/feed/")))
    page = visit.page()
    with page.expect_response("**/feed/live"):
        page.goto(visit.url)
    bob.tweet("new")
    pill = page.locator(".pill")
    expect(pill).to_have_text("Show 1 new tweet")

    def late(route: Route) -> None:
        answer = route.fetch()
        bob.tweet("newer")
        expect(pill).to_have_text("Show 2 new tweets")
        route.fulfill(response=answer)

    page.route(f"{visit.url}/", late, times=1)
    pill.click()
    expect(page.locator("article.tweet .content")).to_have_text(["new", "old"])
    expect(pill).to_have_text("Show 1 new tweet")
    pill.click()
    expect(page.locator("article.tweet .content")).to_have_text(["newer", "new", "old"])
