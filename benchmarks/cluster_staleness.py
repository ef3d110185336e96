"""How soon others see a tweet on the cluster engine: the Reed98 graph, every service and worker a process of its own
behind nginx over HTTPS, DynamoDB Local in place of DynamoDB.

As in staleness.py the load is open loop and times run from the moment a tweet is due. An account with 100,000
followers, whose feeds all are in Redis, tweets every few seconds while the load is sought that DynamoDB Local and the
machine hold beside it (the threshold for celebrities is set so high that it is fanned out). At 60% of that it is
measured twice: with nothing else, and while that account tweets.
"""

import asyncio
import gc
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

import uvloop

from benchmarks.cluster import REGION, environment, moved, variables
from benchmarks.figures import Figure
from benchmarks.run import Benchmark, Run, Skipped
from benchmarks.staleness import LAG_MS_MAX, SHARE, Crowd, Lags, People, find_saturation, lag_figures, reed98
from benchmarks.texts import shared_data
from benchmarks.wire import Wire
from rookery.core.ids import first_id_at
from rookery.engines.cluster.dynamo import Dynamo, connected
from rookery.engines.cluster.redis import Redis
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.tables import FOLLOWERS_OF
from scripts.apart import Processes
from scripts.engines import Engine, Fleet, lacking
from scripts.ports import free_port

ENGINES = ("dynamodb", "redis", "opensearch")
PREFIX = "bench-staleness-"
RATES = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
READS_PER_S = 10
FOLLOWERS = 100_000
FOLLOWED_MS = 1_000  # of the first of their follows, in Unix time: long ago
BIG_EVERY_S = 4.0
POLL_MS = 20.0, 20.0  # more often, the looks alone would be most of the load
WARM_S, WARM_PER_S = 20, 4
FEEDS_AT_ONCE = 16
WORKERS = ("feed", "feed", "search", "counts", "upkeep", "sweeper")


def measure(run: Run) -> Sequence[Figure]:
    """The quantiles without and beside the large fan-outs."""
    if missing := lacking(ENGINES):
        raise Skipped(missing)
    data = shared_data()
    if data is None:
        raise Skipped(
            "the Reed98 graph is not beside the project (ROOKERY_SHARED_DATA names another folder)."
        )
    with (
        run.folder("cluster-staleness") as folder,
        Fleet(run.scratch / "engines").lease(ENGINES, run.say) as engines,
    ):
        people = reed98(folder / "data", data, more=1)
        settings = environment(engines, PREFIX, FEED_CELEBRITY_FOLLOWERS="1000000")
        network = Processes(folder, variables(settings), port=free_port(), log=folder / "log")
        try:
            run.say("moving the graph into the tables")
            moved(settings, folder / "data")
            uvloop.run(_follow_the_last(run, engines, people.ids[-1]))
            run.say("starting services and workers")
            network.start(WORKERS)
            gc.disable()  # a full collection in here would count as a lag of the network
            saturation, alone, beside = uvloop.run(_press(run, network, people))
        finally:
            gc.enable()
            network.end()
    rate = f"at {SHARE:.0%} of it ({saturation * SHARE:,.1f} tweets/s)"
    held = f"lag stays under {LAG_MS_MAX:.0f} ms beside fan-outs to 100,000; DynamoDB Local"
    name = "cluster_staleness"
    return [
        Figure(name, "saturation", saturation, "tweets/s", note=held),
        *lag_figures(name, alone, rate),
        *lag_figures(name, beside, rate, what="a tweet beside fan-outs to 100,000"),
    ]


async def _follow_the_last(run: Run, engines: Mapping[str, Engine], author: int) -> None:
    """Lets FOLLOWERS accounts, which nobody else knows, follow the last one and have a feed."""
    count = run.pick(FOLLOWERS, 2_000)
    run.say(f"making {count:,} followers of one account, and their feeds")
    viewers = [(one + 1) << 16 for one in range(count)]
    redis = Redis(engines["redis"].url, PREFIX)
    async with connected(engines["dynamodb"].url, REGION, PREFIX) as dynamo:
        await dynamo.put_all(
            [
                (
                    FOLLOWERS_OF,
                    {"owner": str(author), "position": first_id_at(FOLLOWED_MS) + one, "item": one},
                )
                for one in viewers
            ]
        )
        await _store_feeds(StoredFeeds(redis, dynamo.clock), viewers, dynamo)
    await redis.close()


async def _store_feeds(feeds: StoredFeeds, viewers: Sequence[int], dynamo: Dynamo) -> None:
    left = iter(viewers)

    async def store() -> None:
        for viewer in left:
            version = await feeds.begin(viewer, dead_after_ms=0)
            assert version is not None
            assert await feeds.fill(viewer, version, 0, (), [])

    await asyncio.gather(*(store() for _ in range(FEEDS_AT_ONCE)))


async def _press(run: Run, network: Processes, people: People) -> tuple[float, Lags, Lags]:
    tls = ssl.create_default_context(cafile=str(network.certificate))
    async with Wire(network.port, tls) as wire:
        others = People(people.ids[:-1], people.tokens[:-1], people.followers[:-1])
        crowd = Crowd(wire, others, READS_PER_S, POLL_MS)
        run.say("reading every feed once")
        await crowd.read_all()
        run.say("tweeting until every process has done all of it once, and Java's compilers have")
        await crowd.tweet(WARM_PER_S, run.pick(WARM_S, 2))
        large = partial(_tweeting, wire, people.tokens[-1])
        async with large():
            saturation = await find_saturation(run, crowd, RATES, run.pick(10, 3))
        await asyncio.sleep(2)
        rate, seconds = saturation * SHARE, run.pick(60, 8)
        run.say(f"tweeting at {rate:,.1f}/s")
        alone = await crowd.tweet(rate, seconds)
        run.say("the same while the large account tweets")
        async with large():
            return saturation, alone, await crowd.tweet(rate, seconds)


@asynccontextmanager
async def _tweeting(wire: Wire, token: str) -> AsyncIterator[None]:
    """While the block runs the large account tweets."""
    large = asyncio.create_task(_tweet_on(wire, token))
    try:
        yield
    finally:
        large.cancel()
        await asyncio.wait([large])


async def _tweet_on(wire: Wire, token: str) -> None:
    while True:
        key = secrets.token_hex(8)
        body = json.dumps({"content": f"to all of you, {key}"}).encode()
        await wire.post("/tweet/", token, body, key)
        await asyncio.sleep(BIG_EVERY_S)


BENCHMARK = Benchmark(
    "cluster_staleness", "time until feed and search show a tweet, services apart behind nginx", measure
)
