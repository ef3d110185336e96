"""Where the reader is: added to a tweet, and searched around; or not told."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visiting import WAIT_MS, visiting
from tests.serving import Person, Server, sign_up, soon

HERE = {"latitude": 48.20849, "longitude": 16.37208}
ROUNDED = (48.208, 16.372)  # some hundred metres: nobody's door
_numbers = count(1)
Places = Callable[[bool], Page]

expect.set_options(timeout=WAIT_MS)


@pytest.fixture
def ann(server: Server) -> Person:
    """Someone new."""
    return sign_up(server, f"placed{next(_numbers)}")


@pytest.fixture
def told(browser: Browser, server: Server, ann: Person) -> Iterator[Page]:
    """Her home, in a browser that tells where it is."""
    allowed = {"geolocation": HERE, "permissions": ["geolocation"]}
    with visiting(browser, server.url, ann.token, **allowed) as visit:
        yield visit.page("/")


@pytest.fixture
def untold(browser: Browser, server: Server, ann: Person) -> Iterator[Page]:
    """Her home, in a browser that may not tell."""
    with visiting(browser, server.url, ann.token, geolocation=HERE, permissions=[]) as visit:
        yield visit.page("/")


def _place_of_newest(person: Person) -> tuple[float | None, float | None]:
    newest = person.ok("GET", f"/user/{person.id}/tweets")[0]
    return newest["latitude"], newest["longitude"]


def test_a_tweet_has_the_place_that_was_added(told: Page, ann: Person) -> None:
    """The pin adds it, rounded; a second press takes it off; after a tweet it is off again."""
    text, pin = told.locator("#compose"), told.get_by_role("button", name="Add your place")
    for content, presses, place in (
        ("here", 1, ROUNDED),
        ("without asking", 0, (None, None)),
        ("rather not", 2, (None, None)),
    ):
        for pressed in range(1, presses + 1):
            pin.click()
            expect(pin).to_have_attribute("aria-pressed", str(pressed % 2 == 1).lower())
        text.fill(content)
        told.keyboard.press("Control+Enter")
        expect(told.locator("article.tweet .content").first).to_have_text(content)
        expect(pin).to_have_attribute("aria-pressed", "false")
        assert place == _place_of_newest(ann)


def test_a_place_that_is_asked_for_is_waited_for(told: Page, ann: Person) -> None:
    """A tweet sent right after the pin was pressed has the place."""
    told.locator("#compose").fill("in a hurry")
    told.evaluate(
        "document.querySelector('button.place').click(); document.querySelector('form.composer').requestSubmit()"
    )
    expect(told.locator("article.tweet .content").first).to_have_text("in a hurry")
    assert ROUNDED == _place_of_newest(ann)


def test_near_me_finds_what_is_near(told: Page, ann: Person) -> None:
    """The link searches around the reader: a tweet from there is found, one from elsewhere is not."""
    for content, longitude in (("round the corner", 16.38), ("far away", 40.0)):
        ann.tweet(content, latitude=48.21, longitude=longitude)
    near = f"/search/?latitude={HERE['latitude']}&longitude={HERE['longitude']}&token=from:{ann.handle}"
    soon(1, lambda: len(ann.ok("GET", near)))
    told.goto(told.url.rstrip("/") + "/explore")
    told.get_by_role("link", name="Near me").click()
    expect(told).to_have_url(f"{ann.base_url}/explore?f=near&latitude={ROUNDED[0]}&longitude={ROUNDED[1]}")
    expect(told.get_by_text("Within 25 km of the place.")).to_be_visible()
    expect(told.locator(f"article[data-handle={ann.handle}] .content")).to_have_text(["round the corner"])


def test_who_does_not_tell_is_told_so(untold: Page, ann: Person) -> None:
    """A refused permission is a clear message; the tweet goes out without a place, and near-me asks for one by hand."""
    pin = untold.get_by_role("button", name="Add your place")
    pin.click()
    expect(untold.locator(".toast.error")).to_contain_text("did not tell where you are")
    expect(pin).to_have_attribute("aria-pressed", "false")
    untold.locator("#compose").fill("somewhere")
    untold.keyboard.press("Control+Enter")
    expect(untold.locator("article.tweet .content").first).to_have_text("somewhere")
    assert (None, None) == _place_of_newest(ann)
    untold.goto(untold.url.rstrip("/") + "/explore?f=near")
    untold.locator("nav.tabs").get_by_role("link", name="Near me").click()
    expect(untold.locator(".toast.error")).to_contain_text("did not tell where you are")
    untold.get_by_label("Latitude").fill("48.2")
    untold.get_by_label("Longitude").fill("16.4")
    untold.get_by_role("button", name="Look there").click()
    expect(untold.get_by_text("Within 25 km of the place.")).to_be_visible()
