"""What pages may cost: bytes, requests, and the reader's calm. That they have no word for the console every test holds,
see visiting.py; those in test_access.py open every page."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from scripts.scene import Scene
from tests.browser.visiting import PHONE, WAIT_MS, visiting
from tests.serving import Server

SCRIPT_BYTES_MAX = 30_000
FIRST_VISIT_BYTES_MAX = 60_000
REQUESTS_MAX = 20
LOADING_SHIFT_MAX = 0.005  # as browsers weigh it: up to 0.1 is called good
STATIC = Path(__file__).parents[2] / "src" / "rookery" / "web" / "static"
_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    const moved = one.sources.map(({ node }) => node?.outerHTML?.slice(0, 150));
    window.shifts.push([one.value, one.hadRecentInput, moved]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""

_PAINTED = (
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300))))"
)

expect.set_options(timeout=WAIT_MS)


def shifts(page: Page) -> list[Any]:
    """Layout shifts that nobody asked for by pressing something; and forgets all."""
    found = page.evaluate("() => { const all = window.shifts; window.shifts = []; return all; }")
    return [one for one in found if not one[1]]


def test_the_whole_script_is_small() -> None:
    """All modules together, as they are written, are under 30 KB."""
    assert SCRIPT_BYTES_MAX > sum(path.stat().st_size for path in STATIC.rglob("*.js"))


def weigh(page: Page) -> dict[str, tuple[str, float]]:
    """What the page transfers from now on: kind and bytes by request."""
    found: dict[str, tuple[str, float]] = {}
    kinds: dict[str, str] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    session.on(
        "Network.loadingFinished",
        lambda event: found.update(
            {event["requestId"]: (kinds[event["requestId"]], event["encodedDataLength"])}
        ),
    )
    return found


def resources(page: Page, condition: str) -> list[str]:
    """The addresses of what a page needed, where a condition of JavaScript on the entry `one` holds."""
    entries = "performance.getEntriesByType('resource')"
    found: list[str] = page.evaluate(f"{entries}.filter((one) => {condition}).map((one) => one.name)")
    return found


def test_a_first_visit_is_light(browser: Browser, server: Server, scene: Scene) -> None:
    """The landing page and the home feed, without pictures, transfer less than 60 KB in few requests; only the HTML and
    one style sheet hold up the first paint; a second page loads nothing of these again."""
    for token in ("", scene.ann.token):
        with visiting(browser, server.url, token) as visit:
            page = visit.page()
            transferred = weigh(page)
            page.goto(server.url)
            page.wait_for_timeout(500)
            sizes = [(kind, size) for kind, size in transferred.values() if kind != "Image"]
            assert FIRST_VISIT_BYTES_MAX > sum(size for _, size in sizes), sizes
            assert REQUESTS_MAX >= len(sizes)
            assert ["style.css"] == [
                one.rpartition("/")[2] for one in resources(page, "one.renderBlockingStatus === 'blocking'")
            ]
            page.goto(f"{server.url}/public")
            assert [] == resources(page, "one.transferSize && one.name.includes('/static/')")


def test_nothing_moves_by_itself(browser: Browser, server: Server, scene: Scene) -> None:
    """No layout shift while a page goes on at its end or hears of a new tweet, and next to none while it loads and its
    times become short; on desktop and phone."""
    for options in ({}, {"viewport": PHONE}):
        with visiting(browser, server.url, scene.ann.token, **options) as visit:
            visit.context.add_init_script(_SHIFTS)
            page = visit.page()
            with page.expect_response("**/feed/live"):
                page.goto(server.url)
            page.evaluate(_PAINTED)
            assert LOADING_SHIFT_MAX > sum(one[0] for one in shifts(page))
            entries = page.locator("ol.timeline > li")
            while page.locator("a.more").count():
                before = entries.count()
                page.mouse.wheel(0, 4_000)
                page.wait_for_timeout(100)
                assert before <= entries.count()
            assert [] == shifts(page)
            page.evaluate("scrollTo(0, 300)")
            scene.bob.tweet("Something new.")
            expect(page.locator(".pill")).to_be_visible()
            page.evaluate(_PAINTED)
            assert [] == shifts(page)
