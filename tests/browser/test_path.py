"""A person's path through the pages, with the script and without it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.visiting import WAIT_MS, visiting
from tests.clusters import cluster_settings
from tests.serving import PASSWORD, Person, Server, serving, sign_up, soon

expect.set_options(timeout=WAIT_MS)


class Walk:
    """What one person does on the pages, by what is seen there."""

    def __init__(self, page: Page, url: str, *, scripted: bool) -> None:
        self.page = page
        self.url = url
        self.scripted = scripted

    def go(self, path: str) -> None:
        """Opens a page."""
        self.page.goto(self.url + path)

    def tweet_of(self, text: str) -> Locator:
        """The tweet with a text, as a list or its own page shows it; not one that quotes it."""
        inside = self.page.locator(".content", has_text=re.compile(f"^{re.escape(text)}$"))
        return self.page.locator("article.tweet").filter(
            has=self.page.locator(":scope > .content, .body > .content").and_(inside)
        )

    def sees(self, text: str) -> None:
        """The tweet with that text is there, once."""
        expect(self.tweet_of(text)).to_have_count(1)
        expect(self.tweet_of(text)).to_be_visible()

    def write(self, text: str, button: str) -> None:
        """Fills in the composer with that button, once it is there, and sends it."""
        submit = self.page.get_by_role("button", name=button, exact=True)
        form = self.page.locator("form.composer").filter(has=submit).last
        form.get_by_role("textbox").fill(text)
        form.get_by_role("button", name=button, exact=True).click()

    def press(self, text: str, button: str) -> None:
        """Presses one of a tweet's toggles and waits until it is on, for the server too."""
        toggle = self.tweet_of(text).get_by_role("button", name=re.compile(f"^{button}"))
        expect(toggle).to_have_attribute("aria-pressed", "false")
        with self.page.expect_response(lambda answer: answer.request.method == "POST") as told:
            toggle.click()
        assert told.value.status in (200, 303)
        expect(toggle).to_have_attribute("aria-pressed", "true")

    def follow_link(self, text: str, link: str) -> None:
        """Follows one of a tweet's links: reply, quote; edit and delete are in its menu."""
        tweet = self.tweet_of(text)
        if link in ("Edit", "Delete"):
            tweet.locator("details.menu > summary").click()
        tweet.get_by_role("link", name=re.compile(f"^{link}")).click()


@contextmanager
def walking(browser: Browser, server: Server, *, scripted: bool) -> Iterator[Walk]:
    """Somebody new at a browser, with the script or without."""
    with visiting(browser, server.url, java_script_enabled=scripted) as visit:
        visit.expected = {401, 422}
        yield Walk(visit.page(), server.url, scripted=scripted)


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "plain"])
def test_a_persons_path(browser: Browser, server: Server, scripted: bool) -> None:
    """Sign up, tweet, find someone by search, follow, see their tweet, like, retweet, quote, reply, edit, delete,
    protect the account, accept a request, block, log out and log in: each by what the page offers."""
    go_it(browser, server, scripted=scripted)


def test_a_persons_path_on_the_cluster_engine(
    browser: Browser, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The same path where DynamoDB, Redis and OpenSearch keep the network."""
    settings = {**cluster_settings(request), "LIMITS_ENABLED": "false"}
    with serving(tmp_path / "data", settings) as server:
        go_it(browser, server, scripted=True)


def go_it(browser: Browser, server: Server, *, scripted: bool) -> None:
    """The whole path, with two others whom it crosses."""
    mark = "s" if scripted else "p"
    other, asker = sign_up(server, f"otter_{mark}"), sign_up(server, f"asker_{mark}")
    theirs = f"Otters hold hands {mark}"
    other.tweet(theirs)
    soon(1, lambda: len(asker.ok("GET", f"/search/users?token={other.handle}")))
    with walking(browser, server, scripted=scripted) as walk:
        _sign_up(walk, f"walker_{mark}")
        _write(walk)
        _find_and_follow(walk, other.handle, theirs)
        _react(walk, theirs)
        _mend(walk)
        _protect_and_accept(walk, asker, f"walker_{mark}")
        _block(walk, other.handle, theirs)
        _leave_and_come_back(walk, f"walker_{mark}")


def _sign_up(walk: Walk, handle: str) -> None:
    page = walk.page
    walk.go("/")
    page.locator("main").get_by_role("link", name="Sign up").click()
    page.get_by_label("Handle").fill(handle)
    page.get_by_label("Name", exact=True).fill("Walker")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator(".fault")).to_contain_text("8 to 1024 characters")
    expect(page.get_by_label("Handle")).to_have_value(handle)  # what was typed is kept
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def _write(walk: Walk) -> None:
    walk.write("My first tweet", "Tweet")
    walk.sees("My first tweet")
    walk.go("/")
    walk.write("To be deleted", "Tweet")
    walk.sees("To be deleted")


def _find_and_follow(walk: Walk, handle: str, theirs: str) -> None:
    page = walk.page
    walk.go("/explore")
    page.locator("main").get_by_role("searchbox").fill(handle)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q="))
    page.get_by_role("link", name="People").click()
    expect(page).to_have_url(re.compile("f=people"))
    page.locator("main").get_by_role("link", name=re.compile(handle.title(), re.IGNORECASE)).first.click()
    expect(page).to_have_url(re.compile(f"/@{handle}$"))
    page.get_by_role("button", name="Follow", exact=True).click()
    expect(page.get_by_role("button", name="Following", exact=True)).to_be_visible()
    soon(True, lambda: _shows(walk, "/", theirs))


def _shows(walk: Walk, path: str, text: str) -> bool:
    walk.go(path)
    return walk.tweet_of(text).count() == 1


def _likes(walk: Walk, text: str) -> str:
    walk.go("/")
    like = walk.tweet_of(text).first.get_by_role("button", name=re.compile("^Like"))
    return like.locator(".count").inner_text()


def _react(walk: Walk, theirs: str) -> None:
    page = walk.page
    walk.press(theirs, "Like")
    walk.press(theirs, "Retweet")
    soon("1", lambda: _likes(walk, theirs))
    walk.follow_link(theirs, "Quote")
    walk.write("Look at these", "Quote")
    walk.sees("Look at these")
    expect(walk.tweet_of("Look at these").locator(".quoted")).to_contain_text(theirs)
    walk.tweet_of(theirs).locator("a.when").first.click()
    expect(page.get_by_role("heading", name="Conversation")).to_be_visible()
    walk.write("So they do", "Reply")
    walk.sees("So they do")


def _mend(walk: Walk) -> None:
    page = walk.page
    walk.go("/")
    walk.follow_link("My first tweet", "Edit")
    walk.write("My first tweet, mended", "Save")
    walk.sees("My first tweet, mended")
    walk.go("/")
    walk.follow_link("To be deleted", "Delete")
    if walk.scripted:
        expect(walk.tweet_of("To be deleted")).to_be_hidden()
    else:
        page.get_by_role("button", name="Delete").click()
    walk.go("/")
    expect(walk.tweet_of("To be deleted")).to_have_count(0)


def _protect_and_accept(walk: Walk, asker: Person, handle: str) -> None:
    page = walk.page
    walk.go("/settings")
    page.get_by_label("Protect").check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Protect")).to_be_checked()
    profile = asker.ok("GET", f"/user/@{handle}")
    assert {"following": False, "requested": True} == asker.ok(
        "POST", "/follow", {"userId": profile["userId"]}
    )
    walk.go("/requests")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    soon(True, lambda: asker.ok("GET", f"/user/@{handle}")["following"])


def _block(walk: Walk, handle: str, theirs: str) -> None:
    page = walk.page
    walk.go(f"/@{handle}")
    page.locator(".profile details.menu > summary").click()
    page.get_by_role("button", name=re.compile("^Block")).click()
    expect(page.get_by_text("You blocked")).to_be_visible()
    assert not _shows(walk, "/", theirs)


def _leave_and_come_back(walk: Walk, handle: str) -> None:
    page = walk.page
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("main").get_by_role("link", name="Log in")).to_be_visible()
    walk.go("/login")
    page.get_by_label("Handle").fill(handle)
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    walk.sees("My first tweet, mended")
