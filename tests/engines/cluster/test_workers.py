"""Workers: whatever dies or fails, every message is handled, and feeds get each entry once."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest

from rookery.core.events import Event, Kind
from rookery.engines.cluster import workers
from rookery.engines.cluster.streams import Message
from rookery.engines.cluster.workers import Worker
from rookery.services.feed.store import Entry
from tests.engines.cluster.roost import Roost, another, crowd, emptied, roosting
from tests.serving import until


@pytest.fixture
async def roost(dynamodb_url: str, redis_url: str) -> AsyncIterator[Roost]:
    """A process that tells of its writes."""
    async with roosting(dynamodb_url, redis_url) as opened:
        opened.dynamo.before_answer.append(opened.publisher.tell)
        opened.publisher.start()
        yield opened
        await opened.publisher.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is taken to be dead soon."""
    monkeypatch.setattr(workers, "CLAIM_IDLE_MS", 600)
    monkeypatch.setattr(workers, "CLAIM_EVERY_S", 0.1)
    monkeypatch.setattr(workers, "KEEP_EVERY_S", 0.1)
    monkeypatch.setattr(workers, "FAULT_WAIT_S", 0.05)


async def test_a_worker_killed_in_the_middle_of_a_fan_out_leaves_no_hole_and_no_double(
    roost: Roost, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a worker dies half through the followers another takes over, and each of them has the tweet once."""
    author = await roost.account()
    followers = await crowd(roost.dynamo, author, 3_000)
    heads = [await roost.feeds.begin(one, dead_after_ms=0) for one in followers[:1]]
    assert heads != [None]
    await asyncio.gather(*(_empty_feed(roost, one) for one in followers))
    first = roost.worker()
    pushed = 0
    push = roost.feeds.push

    async def killing(viewers: Sequence[int], entry: Entry, *, again: bool) -> None:
        nonlocal pushed
        await push(viewers, entry, again=again)
        pushed += len(viewers)
        if pushed > 1_000:
            first.kill()
            await asyncio.sleep(60)

    monkeypatch.setattr(roost.feeds, "push", killing)
    first.start()
    tweet = await roost.post(author)
    await until(lambda: _is(lambda: pushed > 1_000))
    holding = sum([tweet in await roost.arrived(one) for one in random.Random(1).sample(followers, 200)])
    assert 0 < holding < 200
    async with another(roost, redis_url) as other:
        second = other.worker()
        second.start()
        await until(lambda: _done(roost))
        await second.close()
    for one in followers:
        assert [tweet] == await roost.arrived(one)


async def test_what_fails_comes_again_and_holds_up_nothing_else(roost: Roost) -> None:
    """Of a batch with a message that cannot be handled yet the others are done; that one is done when it can be."""
    people = await roost.accounts(10)
    seen: list[int] = []
    poison = people[4]
    cured = False

    async def handle(batch: Sequence[Message[Event]]) -> None:
        if any(one.body.actor == poison for one in batch) and not cured:
            raise ValueError("not yet")
        seen.extend(one.body.actor for one in batch)

    worker = Worker(roost.announcer.events, "search", handle)
    for one in people:
        await roost.post(one)
    worker.start()
    await until(lambda: _is(lambda: set(seen) >= set(people) - {poison}))
    assert poison not in seen
    cured = True
    await until(lambda: _is(lambda: poison in seen))
    await worker.close()
    assert 0 == await roost.announcer.events.behind("search")


async def test_a_worker_at_work_is_not_taken_for_dead(
    roost: Roost, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a batch takes, no other worker gets it as long as the first gives signs of life."""
    monkeypatch.setattr(workers, "CLAIM_IDLE_MS", 2_500)
    started: list[int] = []

    async def slowly(batch: Sequence[Message[Event]]) -> None:
        started.append(len(batch))
        await asyncio.sleep(4)

    await roost.post(await roost.account())
    async with another(roost, redis_url) as other:
        both = [Worker(one.announcer.events, "search", slowly) for one in (roost, other)]
        for one in both:
            one.start()
        await until(lambda: _done(roost, "search"))
        for one in both:
            await one.close()
    assert [1] == started


async def test_a_worker_ends_when_what_it_has_in_hand_is_done(roost: Roost) -> None:
    """At its end a worker finishes and acknowledges, and leaves nothing of itself behind."""
    done = asyncio.Event()

    async def slowly(batch: Sequence[Message[Event]]) -> None:
        done.set()
        await asyncio.sleep(0.5)

    worker = Worker(roost.announcer.events, "search", slowly)
    worker.start()
    await roost.post(await roost.account())
    await done.wait()
    await worker.close()
    assert 0 == await roost.announcer.events.behind("search")
    for name in roost.announcer.events.names:
        assert [] == await roost.redis.call("XINFO", "CONSUMERS", name, "search")


async def test_a_flush_does_not_stop_a_worker(roost: Roost) -> None:
    """After Redis was emptied the groups come back by themselves, with what is told from then on."""
    seen: list[int] = []

    async def handle(batch: Sequence[Message[Event]]) -> None:
        seen.extend(one.body.subject for one in batch)

    author = await roost.account()
    worker = Worker(roost.announcer.events, "search", handle)
    worker.start()
    before = await roost.post(author)
    await until(lambda: _is(lambda: before in seen))
    await emptied(roost.redis)
    after = await roost.post(author)
    await until(lambda: _is(lambda: after in seen))
    await worker.close()


async def _empty_feed(roost: Roost, viewer: int) -> None:
    version = await roost.feeds.begin(viewer, dead_after_ms=0)
    if version is not None:
        await roost.feeds.fill(viewer, version, 0, [], [])


async def _done(roost: Roost, group: str = "feed") -> bool:
    return await roost.announcer.events.behind(group) == 0


async def _is(holds: object) -> bool:
    return bool(holds())  # type: ignore[operator]


async def test_what_comes_one_by_one_is_handled_in_few_batches(roost: Roost) -> None:
    """A worker with a pause takes together what came meanwhile."""
    events = [Event(one, Kind.LIKED, 1, 2, 0) for one in range(1, 9)]
    batches: list[list[int]] = []

    async def take(batch: Sequence[Message[Event]]) -> None:
        batches.append([one.body.event_id for one in batch])

    worker = Worker(roost.announcer.events, "feed", take, pause_s=3.0)
    await roost.announcer.events.make_groups()
    worker.start()
    for event in events:
        await roost.redis.calls(roost.announcer.messages([event]))
        await until(lambda: _is(lambda: bool(batches)))
        await asyncio.sleep(0.05)
    await until(lambda: _is(lambda: sum(map(len, batches)) == len(events)))
    await worker.close()
    assert len(batches) <= len(events) // 2
