"""The home page as a signed-in reader gets it: 20 tweets over 32 connections, against a no-op of the same bytes.

Like feed_read.py, read in turns with a raw ASGI handler of the same process.
"""

from collections.abc import Sequence
from statistics import median

from benchmarks.feed_read import CONNECTIONS, in_turns, network_of_readers
from benchmarks.figures import Figure, at_least, ratio_of_medians
from benchmarks.load import Request, press, require_wrk, write_requests
from benchmarks.run import Benchmark, Run
from benchmarks.servers import NOOP_GET, RAISED, serving
from rookery.core.page import PAGE_SIZE_DEFAULT

SHARE_MIN = 0.25
_ITEM = b'<article class="tweet"'


def measure(run: Run) -> Sequence[Figure]:
    """The home page against the no-op, and a profile that everybody looks at."""
    require_wrk()
    rounds, seconds = run.pick(5, 2), run.pick(4, 2)
    with run.folder("pages") as folder:
        _, tokens = network_of_readers(folder / "data")
        profile = "/@bird0000000"
        with serving(folder / "data", RAISED) as server:
            shown = server.keep_noop("/", tokens[0])
            assert shown.count(_ITEM) == PAGE_SIZE_DEFAULT, f"the page has {shown.count(_ITEM)} tweets"
            loads = {
                "home": write_requests(folder / "home", [Request("/", token) for token in tokens]),
                "profile": write_requests(folder / "profile", [Request(profile, token) for token in tokens]),
                "noop": write_requests(folder / "noop", [Request(NOOP_GET, token) for token in tokens]),
            }
            press(server.url, loads["home"], CONNECTIONS, 2)
            seen = in_turns(run, server, loads, rounds, seconds)
    rates = {name: [one.per_second for one in measured] for name, measured in seen.items()}
    slowest = median(one.p99_ms for one in seen["home"])
    return [
        Figure(
            "pages",
            "home page / no-op",
            ratio_of_medians(rates["home"], rates["noop"]),
            "ratio",
            at_least(SHARE_MIN),
            note=f"{len(shown):,} bytes of HTML",
        ),
        Figure("pages", "home page", median(rates["home"]), "/s", note=f"p99 {slowest:.1f} ms"),
        Figure("pages", "profile page", median(rates["profile"]), "/s"),
        Figure("pages", "no-op with the same bytes and headers", median(rates["noop"]), "/s"),
    ]


BENCHMARK = Benchmark("pages", "the home page's HTML, against a no-op of the same bytes", measure)
