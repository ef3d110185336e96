"""Reading the home feed on the cluster engine: one process on one core, feeds and rows out of the caches in Redis,
against a no-op of the same process that answers the same bytes and headers.

As in feed_read.py both are read in turns. DynamoDB Local, Redis and the load share what is left of the machine.
"""

import json
import time
from collections.abc import Sequence
from statistics import median

from benchmarks.cluster import environment, moved
from benchmarks.feed_read import in_turns, network_of_readers
from benchmarks.figures import Figure, ratio_of_medians
from benchmarks.load import Request, press, require_wrk, write_requests
from benchmarks.run import Benchmark, Run, Skipped
from benchmarks.servers import NOOP_GET, serving
from rookery.core.page import PAGE_SIZE_DEFAULT
from rookery.engines.cluster.row_marks import MARKED_MS
from scripts.engines import Fleet, lacking

ENGINES = ("dynamodb", "redis", "opensearch")
PREFIX = "bench-read-"
ACCOUNTS = 400
TWEETS = 4_000
READERS = 100
CONNECTIONS = 32
YOUNG_S = MARKED_MS // 1_000 + 2
WARMING_S = 10


def measure(run: Run) -> Sequence[Figure]:
    """The feed against the no-op, and pages that nobody has read before."""
    if missing := lacking(ENGINES):
        raise Skipped(missing)
    require_wrk()
    rounds, seconds = run.pick(5, 2), run.pick(4, 2)
    with (
        run.folder("cluster-feed-read") as folder,
        Fleet(run.scratch / "engines").lease(ENGINES, run.say) as engines,
    ):
        _, tokens = network_of_readers(folder / "data", ACCOUNTS, TWEETS, READERS)
        settings = environment(engines, PREFIX)
        run.say("moving the network into the tables")
        moved(settings, folder / "data")
        with serving(folder / "data", settings) as server:
            shown = json.loads(server.keep_noop("/feed/", tokens[0]))
            assert len(shown) == PAGE_SIZE_DEFAULT, f"the page has {len(shown)} tweets"
            loads = {
                "feed": write_requests(folder / "feed", [Request("/feed/", token) for token in tokens]),
                "noop": write_requests(folder / "noop", [Request(NOOP_GET, token) for token in tokens]),
            }
            for token in tokens:  # one after the other: feeds that are not there yet are built
                assert server.get("/feed/", token)[0] == 200
            run.say(f"waiting {YOUNG_S} s: until then Redis is too young to keep rows for long")
            time.sleep(run.pick(YOUNG_S, 0))
            press(server.url, loads["feed"], CONNECTIONS, run.pick(WARMING_S, 3))
            seen = in_turns(run, server, loads, rounds, seconds, CONNECTIONS)
    rates = {name: [one.per_second for one in measured] for name, measured in seen.items()}
    slowest = median(one.p99_ms for one in seen["feed"])
    share = ratio_of_medians(rates["feed"], rates["noop"])
    name = "cluster_feed_read"
    return [
        Figure(name, f"feed read by {READERS} accounts, from the caches", median(rates["feed"]), "/s"),
        Figure(name, "its p99 over 32 connections", slowest, "ms"),
        Figure(name, "no-op with the same bytes and headers", median(rates["noop"]), "/s"),
        Figure(name, "feed read / no-op", share, "ratio"),
    ]


BENCHMARK = Benchmark(
    "cluster_feed_read", "home feeds of one process of the cluster engine, against a no-op", measure
)
