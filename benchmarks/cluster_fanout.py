"""Fan-out by one feed worker on one core: tweets of an author whose followers all have a full feed in Redis.

The tweets are events in the streams, as commits tell them; their followers come out of DynamoDB once.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from benchmarks.cluster import REGION, environment, variables
from benchmarks.figures import Figure, at_least
from benchmarks.run import PROJECT, Benchmark, Run, Skipped, pinned
from rookery.core.events import Event, Kind
from rookery.engines.cluster.dynamo import Dynamo, connected
from rookery.engines.cluster.migrate import make_tables
from rookery.engines.cluster.outbox import Announcer
from rookery.engines.cluster.redis import Redis
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.tables import FOLLOWERS_OF
from scripts.engines import Engine, Fleet, lacking

FOLLOWERS = 9_999  # just under feed.celebrity_followers
KEPT = 900
ROWS_PER_S_MIN = 50_000
ENGINES = ("dynamodb", "redis")
PREFIX = "bench-fanout-"
WORKER_CORE = 0
AUTHOR = 2
SENT_AT_ONCE = 100
READY_S_MAX = 120.0
QUIET_S_MAX = 120.0


def measure(run: Run) -> Sequence[Figure]:
    """Rows a second of wall time, and of the worker's processor time."""
    if missing := lacking(ENGINES):
        raise Skipped(missing)
    followers, tweets = run.pick(FOLLOWERS, 500), run.pick(200, 20)
    with Fleet(run.scratch / "engines").lease(ENGINES, run.say) as engines:
        rows, wall, cpu = asyncio.run(_measured(run, engines, followers, tweets))
    return [
        Figure(
            "cluster_fanout",
            "feed rows delivered by a worker on one core",
            rows / wall,
            "rows/s",
            at_least(ROWS_PER_S_MIN),
            "wall time, trimming included",
        ),
        Figure("cluster_fanout", "feed rows, a second of the worker's processor time", rows / cpu, "rows/s"),
    ]


async def _measured(
    run: Run, engines: Mapping[str, Engine], followers: int, tweets: int
) -> tuple[int, float, float]:
    os.environ.update({"AWS_ACCESS_KEY_ID": "rookery", "AWS_SECRET_ACCESS_KEY": "rookery"})
    redis = Redis(engines["redis"].url, PREFIX)
    async with connected(engines["dynamodb"].url, REGION, PREFIX) as dynamo:
        run.say(f"making {followers:,} feeds of {KEPT} entries")
        await make_tables(dynamo)
        await follow(dynamo, followers)
        feeds = StoredFeeds(redis, dynamo.clock)
        await fill(feeds, followers, dynamo)
        announcer = Announcer(redis, feeds)
        worker = feed_worker(engines, pinned(WORKER_CORE))
        try:
            await fan_out(redis, announcer, dynamo, 1)  # so that it is up and knows the followers
            begun, spent = time.monotonic(), _cpu_s(worker.pid)
            await fan_out(redis, announcer, dynamo, tweets)
            wall, cpu = time.monotonic() - begun, _cpu_s(worker.pid) - spent
        finally:
            worker.terminate()
            worker.wait(30)
    await redis.close()
    return tweets * (followers + 1), wall, cpu


async def follow(dynamo: Dynamo, followers: int) -> None:
    """Gives the author so many followers."""
    await dynamo.put_all(
        [
            (FOLLOWERS_OF, {"owner": str(AUTHOR), "position": (one + 1) << 16, "item": _viewer(one)})
            for one in range(followers)
        ]
    )


async def fill(feeds: StoredFeeds, followers: int, dynamo: Dynamo) -> None:
    """Gives the author and the followers full feeds."""
    entries = [((at + 1) << 16, 0) for at in range(KEPT)][::-1]
    for one in [AUTHOR, *map(_viewer, range(followers))]:
        version = await feeds.begin(one, dead_after_ms=0)
        assert version is not None
        assert await feeds.fill(one, version, 0, (), entries)


async def fan_out(redis: Redis, announcer: Announcer, dynamo: Dynamo, tweets: int) -> None:
    """Tells of so many tweets of the author, and returns when all are delivered."""
    events = [
        Event(dynamo.clock.mint(), Kind.TWEET_CREATED, AUTHOR, dynamo.clock.mint(), 0) for _ in range(tweets)
    ]
    await announcer.events.make_groups()
    for start in range(0, tweets, SENT_AT_ONCE):
        await redis.calls(announcer.messages(events[start : start + SENT_AT_ONCE]))
    ends_at = time.monotonic() + QUIET_S_MAX
    while await announcer.events.behind("feed"):
        assert time.monotonic() < ends_at, "the worker did not deliver everything"
        await asyncio.sleep(0.02)


def feed_worker(
    engines: Mapping[str, Engine], where: Callable[[], None] | None = None, **more: str
) -> "subprocess.Popen[bytes]":
    """A process of the feed worker; `where` puts it on a core, `more` are settings."""
    given = environment(engines, PREFIX, **more)
    return subprocess.Popen(
        [sys.executable, "-m", "rookery", "work", "feed"],
        env=variables(given),
        stdout=subprocess.DEVNULL,
        cwd=PROJECT,
        preexec_fn=where,
    )


def _viewer(number: int) -> int:
    return (number + 100) << 16


def _cpu_s(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - no path of ours
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


BENCHMARK = Benchmark("cluster_fanout", "feed rows that one worker on one core delivers into Redis", measure)
