"""A feed worker killed in the middle of a fan-out to very many."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from rookery.engines.cluster.tables import FOLLOWERS_OF
from tests.clusters import cluster_settings
from tests.engines.cluster.roost import Roost, roosting
from tests.serving import Server, until

FOLLOWERS = 100_000
FAN_OUTS_MAX = 10
LOOKED_AT = 1_000  # of them, evenly, to see how far a fan-out is
AT_ONCE = 2_000  # commands to Redis
CATCH_UP_S_MAX = 120.0

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
async def roost(dynamodb_url: str, redis_url: str) -> AsyncIterator[Roost]:
    """A process that writes and tells of its writes."""
    async with roosting(dynamodb_url, redis_url) as opened:
        opened.dynamo.before_answer.append(opened.publisher.tell)
        opened.publisher.start()
        yield opened
        await opened.publisher.close()


@contextmanager
def worker(server: Server) -> Iterator["subprocess.Popen[bytes]"]:
    """A `rookery work feed` for as long as the block runs."""
    with server.log.open("ab") as log:
        command = [sys.executable, "-m", "rookery", "work", "feed"]
        process = subprocess.Popen(command, env=server.environment(), stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(40)


async def test_a_worker_killed_in_a_fan_out_to_100_000_leaves_no_hole_and_no_double(
    roost: Roost, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Of two worker processes the one that fans a tweet out to 100,000 feeds is killed half through; the other takes
    over, and in the end every feed holds the tweet exactly once."""
    author = await roost.account()
    followers = await followed_by(roost, author)
    empty = await empty_feeds(roost, followers)
    settings = {
        **cluster_settings(request),
        "CLUSTER_PREFIX": roost.prefix,
        "FEED_CELEBRITY_FOLLOWERS": "1000000",
    }
    server = Server(tmp_path / "data", settings)
    sample = followers[:: FOLLOWERS // LOOKED_AT]
    with ExitStack() as running:
        workers = [running.enter_context(worker(server)) for _ in range(2)]
        await until(lambda: work(server, 2), CATCH_UP_S_MAX)
        whole = empty
        for _ in range(FAN_OUTS_MAX):  # until one is met half through
            idle_s = [cpu_s(one) for one in workers]
            whole += (await roost.post(author)).to_bytes(8, "big")
            await until(lambda: reached(roost, sample, whole, LOOKED_AT // 10), CATCH_UP_S_MAX)  # noqa: B023
            for one in workers:
                one.send_signal(signal.SIGSTOP)
            held = sum(one == whole for one in await strings(roost, sample))
            if held < LOOKED_AT:
                break
            for one in workers:
                one.send_signal(signal.SIGCONT)
            await until(lambda: done(roost), CATCH_UP_S_MAX)
        assert LOOKED_AT // 10 <= held < LOOKED_AT
        at_work_s = [cpu_s(one) - before for one, before in zip(workers, idle_s, strict=True)]
        workers[at_work_s.index(max(at_work_s))].kill()
        for one in workers:
            one.send_signal(signal.SIGCONT)

        await until(lambda: handed_over(roost), CATCH_UP_S_MAX)
        await until(lambda: done(roost), CATCH_UP_S_MAX)
    feeds = await strings(roost, followers)
    assert FOLLOWERS == len(feeds) == feeds.count(whole), sorted({len(one) for one in feeds})


async def followed_by(roost: Roost, author: int) -> list[int]:
    """So many followers of an account, as fan-out sees them."""
    followers = [roost.dynamo.clock.mint() for _ in range(FOLLOWERS)]
    await roost.dynamo.put_all(
        [(FOLLOWERS_OF, {"owner": str(author), "position": one, "item": one}) for one in followers]
    )
    return followers


async def empty_feeds(roost: Roost, viewers: Sequence[int]) -> bytes:
    """Gives everyone a feed in which nothing is yet; returns how such a one is kept."""
    version = await roost.feeds.begin(viewers[0], dead_after_ms=0)
    assert version is not None
    assert await roost.feeds.fill(viewers[0], version, 0, [], [])
    (empty,) = await strings(roost, viewers[:1])
    for at in range(0, len(viewers), AT_ONCE):
        await roost.redis.calls([("SET", roost.feeds.name(one), empty) for one in viewers[at : at + AT_ONCE]])
    return empty


async def strings(roost: Roost, viewers: Sequence[int]) -> list[bytes]:
    """Feeds as they are kept."""
    found: list[bytes] = []
    for at in range(0, len(viewers), AT_ONCE):
        found += await roost.redis.calls(
            [("GET", roost.feeds.name(one)) for one in viewers[at : at + AT_ONCE]]
        )
    return found


async def reached(roost: Roost, sample: Sequence[int], whole: bytes, count: int) -> bool:
    """Whether so many of these feeds hold the tweet."""
    return sum(one == whole for one in await strings(roost, sample)) >= count


async def work(server: Server, count: int) -> bool:
    """Whether so many workers have begun."""
    return server.log.read_text().count("Rookery works: feed") == count


async def handed_over(roost: Roost) -> bool:
    """Whether a message of the feed group is with its second worker."""
    names = roost.announcer.events.names
    told = await roost.redis.calls([("XPENDING", name, "feed", "-", "+", 10) for name in names])
    return any(times > 1 for pending in told for _, _, _, times in pending)


async def done(roost: Roost) -> bool:
    """Whether the feed group has nothing in hand and nothing before it."""
    return await roost.announcer.events.behind("feed") == 0


def cpu_s(process: "subprocess.Popen[bytes]") -> float:
    """The processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
