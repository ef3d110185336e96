"""How soon a tweet shows in an open page: from the moment it is sent to the API until the home page's pill tells it.

The page is open in a real Chromium beside the server, so drawing it and the write are in the time; both have all cores.
"""

import http.client
import json
import time
from collections.abc import Sequence

from playwright.sync_api import Page

from benchmarks.figures import Figure, quantile, under
from benchmarks.run import Benchmark, Run, Skipped
from benchmarks.servers import RAISED, serving
from benchmarks.worlds import World
from scripts.browser import browsing, lacking

READER, WRITER = 0, 1
TWEETS = 50
PAUSE_MS = 150.0
MAX_MS = 500.0
_WATCH = """
() => {
  window.shown = [];
  new MutationObserver(() => {
    const pill = document.querySelector(".pill");
    const count = Number(pill?.textContent.replace(/\\D/g, ""));
    if (count) window.shown.push([count, performance.timeOrigin + performance.now()]);
  }).observe(document.querySelector(".pill-place"), { childList: true, subtree: true, characterData: true });
}
"""
_SHOWN = "(count) => window.shown.find(([shown]) => shown >= count)?.[1]"


def measure(run: Run) -> Sequence[Figure]:
    """Milliseconds from sending a tweet until the pill tells it."""
    if message := lacking():
        raise Skipped(message)
    with run.folder("live-page") as folder:
        with World(folder / "data") as world:
            world.accounts(2)
            world.follow([(READER, WRITER)])
            reader, writer = world.sessions([READER, WRITER])
            world.tweets([(WRITER, f"Before, number {number}.", None, None) for number in range(20)])
        with serving(folder / "data", RAISED, one_core=False) as server, browsing() as browser:
            context = browser.new_context()
            context.add_cookies([{"name": "rookery_session", "value": reader, "url": server.url}])
            page = context.new_page()
            with page.expect_response("**/feed/live"):
                page.goto(server.url)
            times = _times(page, server.port, writer, run.pick(TWEETS, 5))
    return [
        Figure("live_page", "tweet sent to pill shown, p50", quantile(times, 0.5), "ms"),
        Figure("live_page", "tweet sent to pill shown, p99", quantile(times, 0.99), "ms"),
        Figure(
            "live_page",
            "tweet sent to pill shown, max",
            max(times),
            "ms",
            under(MAX_MS),
            f"{len(times)} tweets",
        ),
    ]


def _times(page: Page, port: int, token: str, count: int) -> list[float]:
    """Tweets one after the other, each when the one before was shown; in milliseconds."""
    page.evaluate(_WATCH)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    times = []
    for number in range(count):
        page.wait_for_timeout(PAUSE_MS)
        sent_ms = time.time() * 1000
        connection.request("POST", "/tweet/", json.dumps({"content": f"Live, number {number}."}), headers)
        answer = connection.getresponse()
        assert answer.status == http.client.OK, answer.read()
        answer.read()
        shown = page.wait_for_function(_SHOWN, arg=number + 1)
        times.append(float(shown.json_value()) - sent_ms)
    connection.close()
    return times


BENCHMARK = Benchmark("live_page", "a tweet posted through the API until an open page tells it", measure)
