"""Writing tweets: each on disk before its answer (synchronous=FULL), over 64 connections, against a no-op POST.

The no-op is a route in the same gateway: it passes authentication, reads its body and does nothing. Rate limits and
idempotency are on: limits are raised, and every request has a key of its own. Nobody has read a feed yet, so no feed is
stored and the figure is that of writing; with stored feeds the fan-out to 40 followers comes beside it. The server may
use every core, as it would in use: the disk, the writer and the projectors work beside the event loop.
"""

import json
from collections.abc import Sequence
from statistics import median

from benchmarks.feed_read import in_turns, network_of_readers
from benchmarks.figures import Figure, at_least, ratio_of_medians
from benchmarks.load import Request, press, require_wrk, write_requests
from benchmarks.run import Benchmark, Run
from benchmarks.servers import NOOP_POST, RAISED, serving
from benchmarks.texts import texts
from benchmarks.worlds import store_feeds

CONNECTIONS = 64
SHARE_MIN = 0.40
PER_SECOND_MIN = 4_000


def measure(run: Run) -> Sequence[Figure]:
    """Durable tweets against the no-op, and with fan-out into everyone's feed."""
    require_wrk()
    rounds, seconds = run.pick(5, 2), run.pick(4, 2)
    with run.folder("tweets") as folder:
        world, tokens = network_of_readers(folder / "data")
        bodies = [json.dumps({"content": text[:280]}) for text in texts(len(tokens), seed=9)]
        both = list(zip(tokens, bodies, strict=True))
        loads = {
            "tweets": write_requests(
                folder / "tweets", [Request("/tweet/", token, "POST", body) for token, body in both]
            ),
            "noop": write_requests(
                folder / "noop", [Request(NOOP_POST, token, "POST", body) for token, body in both]
            ),
        }
        with serving(folder / "data", RAISED, one_core=False) as server:
            press(server.url, loads["tweets"], CONNECTIONS, 1)
            server.wait_quiet()
            seen = in_turns(run, server, loads, rounds, seconds, CONNECTIONS)
        store_feeds(world)
        with serving(folder / "data", RAISED, one_core=False) as server:
            fanned = press(server.url, loads["tweets"], CONNECTIONS, seconds)
    rates = {name: [one.per_second for one in measured] for name, measured in seen.items()}
    slowest = median(one.p99_ms for one in seen["tweets"])
    share = ratio_of_medians(rates["tweets"], rates["noop"])
    written = median(rates["tweets"])
    return [
        Figure("tweets", "durable tweets / no-op POST", share, "ratio", at_least(SHARE_MIN)),
        Figure("tweets", "durable tweets", written, "/s", at_least(PER_SECOND_MIN), f"p99 {slowest:.1f} ms"),
        Figure("tweets", "no-op POST through the same gateway", median(rates["noop"]), "/s"),
        Figure(
            "tweets",
            "durable tweets beside their fan-out",
            fanned.per_second,
            "/s",
            note="to 40 stored feeds each",
        ),
    ]


BENCHMARK = Benchmark("tweets", "durable tweets over 64 connections, against a no-op POST", measure)
