"""The sweeper: what was written and not told, or told and lost, comes to every group all the same."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from rookery.core.events import Event, Kind
from rookery.core.ids import ID_MAX
from rookery.engines.cluster import leases, sweeper, watch
from rookery.engines.cluster.streams import EVENTS, PARTITIONS, Message
from rookery.engines.cluster.sweeper import Sweeper
from rookery.engines.cluster.tables import DELTAS, OUTBOX_SHARDS
from rookery.engines.cluster.tx import shard_of
from rookery.engines.cluster.workers import Worker
from tests.engines.cluster.calls import Hindered
from tests.engines.cluster.calls import another as another_client
from tests.engines.cluster.roost import Roost, another, emptied, roosting
from tests.serving import until


@pytest.fixture
async def roost(dynamodb_url: str, redis_url: str) -> AsyncIterator[Roost]:
    """A process that tells nobody of its writes."""
    async with roosting(dynamodb_url, redis_url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks that come soon and often."""
    for name, value in {
        "QUICK_MS": 100,
        "SLOW_MS": 1_000,
        "QUICK_EVERY_S": 0.2,
        "IDLE_EVERY_S": 0.2,
        "SLOW_EVERY_S": 0.5,
        "STOCK_EVERY_S": 0.2,
    }.items():
        monkeypatch.setattr(watch, name, value)
    monkeypatch.setattr(sweeper, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(sweeper, "LEASE_EVERY_S", 0.2)
    monkeypatch.setattr(sweeper, "FOLD_EVERY_S", 0.2)
    monkeypatch.setattr(leases, "LASTS_MS", 3_000)


class Heard:
    """A worker of a group that remembers what it got."""

    def __init__(self, roost: Roost, group: str) -> None:
        self.got: list[Event] = []
        self.worker = Worker(roost.announcer.events, group, self._take)

    async def _take(self, batch: Sequence[Message[Event]]) -> None:
        self.got.extend(one.body for one in batch)

    def ids(self) -> set[int]:
        """Which events it got."""
        return {event.event_id for event in self.got}


@asynccontextmanager
async def sweeping(roost: Roost) -> AsyncIterator[Sweeper]:
    """A sweeper at work."""
    opened = Sweeper(roost.dynamo, roost.redis, roost.announcer, roost.fold)
    opened.start()
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def listening(roost: Roost) -> AsyncIterator[list[Heard]]:
    """A worker of each group."""
    heard = [Heard(roost, group) for group in EVENTS.groups]
    for one in heard:
        one.worker.start()
    try:
        yield heard
    finally:
        for one in heard:
            await one.worker.close()


async def all_heard(roost: Roost, heard: Sequence[Heard]) -> bool:
    """Whether every group has got every event of the outbox."""
    wanted = {event.event_id for event in await roost.events()}
    return all(one.ids() >= wanted for one in heard)


async def test_what_was_never_told_is_found(roost: Roost) -> None:
    """Events of a process that died before it told of them come to every group, and its deltas are folded."""
    author = await roost.account()
    for _ in range(20):
        await roost.post(author)
    async with listening(roost) as heard, sweeping(roost):
        await until(lambda: all_heard(roost, heard))

        async def folded() -> bool:
            return [] == [row async for row in roost.dynamo.scan(DELTAS)]

        await until(folded)


async def test_every_stream_has_its_turn_however_long_a_round_takes(
    roost: Roost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where DynamoDB is so slow that a lease ends within one round, the last streams are looked at, too."""
    monkeypatch.setattr(leases, "LASTS_MS", 2_000)
    author = await roost.account()
    for _ in range(2 * PARTITIONS):
        await roost.post(author)
    async with listening(roost) as heard:
        slow = another_client(roost.dynamo)
        Hindered(slow, 0.05)
        opened = Sweeper(slow, roost.redis, roost.announcer, roost.fold)
        opened.start()
        await until(lambda: all_heard(roost, heard))
        await opened.close()


async def test_a_stream_that_cannot_be_looked_at_holds_up_no_other(roost: Roost) -> None:
    """While DynamoDB throttles the outbox of the first stream, what belongs to the others is found."""
    author = await roost.account()
    throttled = range(0, OUTBOX_SHARDS, PARTITIONS)
    hidden = wanted = 0
    while not hidden or wanted < PARTITIONS:
        shard = shard_of(await roost.post(author))
        hidden, wanted = hidden + (shard in throttled), wanted + (shard not in throttled)
    others = {one.event_id for one in await roost.events() if shard_of(one.subject) not in throttled}
    async with listening(roost) as heard:
        hindered = another_client(roost.dynamo)
        Hindered(hindered, 0, throttled)
        opened = Sweeper(hindered, roost.redis, roost.announcer, roost.fold)
        opened.start()

        async def heard_of() -> bool:
            return all(one.ids() >= others for one in heard)

        await until(heard_of)
        await opened.close()


async def test_nothing_is_lost_when_redis_is_emptied_again_and_again(roost: Roost) -> None:
    """With messages on their way Redis loses everything, several times; every group gets every event at least once."""
    roost.dynamo.before_answer.append(roost.publisher.tell)
    roost.publisher.start()
    chance = random.Random(5)
    people = await roost.accounts(5)
    async with listening(roost) as heard, sweeping(roost):
        for _ in range(4):
            for _ in range(10):
                await roost.post(chance.choice(people))
            await emptied(roost.redis)
            await asyncio.sleep(chance.random())
        await until(lambda: all_heard(roost, heard))
    await roost.publisher.close()


async def test_a_group_that_was_away_gets_what_redis_lost(roost: Roost) -> None:
    """What a group had not done when Redis was emptied, however old, is sent to it again; the sweeper that does so may
    be another than the one who knew."""
    roost.dynamo.before_answer.append(roost.publisher.tell)
    roost.publisher.start()
    author = await roost.account()
    early = [Heard(roost, group) for group in ("feed", "upkeep")]
    for one in early:
        one.worker.start()
    async with sweeping(roost):
        for _ in range(10):
            await roost.post(author)
        await until(lambda: all_heard(roost, early))
        await asyncio.sleep(3)  # older than every look
    await emptied(roost.redis)
    later = Heard(roost, "search")
    later.worker.start()
    async with sweeping(roost):
        await until(lambda: all_heard(roost, [later]))
    for one in (*early, later):
        await one.worker.close()
    await roost.publisher.close()


async def test_two_sweepers_share_and_take_over(roost: Roost, redis_url: str) -> None:
    """A stream is watched by one of two sweepers; when that ends the other goes on."""
    author = await roost.account()
    async with another(roost, redis_url) as other, listening(roost) as heard:
        first = Sweeper(roost.dynamo, roost.redis, roost.announcer, roost.fold)
        second = Sweeper(other.dynamo, other.redis, other.announcer, other.fold)
        first.start()
        await asyncio.sleep(0.5)
        second.start()
        await roost.post(author)
        await until(lambda: all_heard(roost, heard))
        await first.close()
        await roost.post(author)
        await until(lambda: all_heard(roost, heard))
        await second.close()


async def test_a_delete_comes_to_upkeep_a_second_time(roost: Roost) -> None:
    """Upkeep hears of a delete again when nobody can still be writing on what is gone."""
    roost.dynamo.before_answer.append(roost.publisher.tell)
    roost.publisher.start()
    author = await roost.account()
    tweet = await roost.post(author)
    async with listening(roost) as heard, sweeping(roost):
        await roost.tweets.delete(author, tweet)

        async def twice() -> bool:
            (upkeep,) = [one for one in heard if one.worker.group == "upkeep"]
            return len([event for event in upkeep.got if event.kind == Kind.CONTENT_DELETED]) >= 2

        await until(twice)
    await roost.publisher.close()


async def test_feeds_are_whole_after_a_flush(roost: Roost) -> None:
    """A feed read after Redis was emptied, and after events were sent again, shows each tweet once."""
    roost.dynamo.before_answer.append(roost.publisher.tell)
    roost.publisher.start()
    reader, author = await roost.accounts(2)
    await roost.follows.follow(reader, author)
    worker = roost.worker()
    worker.start()
    async with sweeping(roost):
        for _ in range(5):
            await roost.post(author)
        await roost.page(reader)
        await emptied(roost.redis)
        for _ in range(5):
            await roost.post(author)
        await roost.page(reader)

        async def whole() -> bool:
            return await roost.pulled(reader) == list(await roost.feed.candidates(reader, ID_MAX, 100))

        await until(whole)
        await asyncio.sleep(1)
        assert await whole()
    await worker.close()
    await roost.publisher.close()
