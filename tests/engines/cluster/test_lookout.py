"""What a process tells of the engines behind it: whether they answer, and how long messages have been waiting."""

import asyncio
import math
import secrets
from collections.abc import AsyncIterator, Sequence

import pytest

from rookery.core.events import Event, Kind
from rookery.engines.cluster import lookout, workers
from rookery.engines.cluster.dynamo import Dynamo, connected
from rookery.engines.cluster.lookout import Lookout
from rookery.engines.cluster.redis import Redis
from rookery.engines.cluster.streams import EVENTS, Message, Streams
from rookery.engines.cluster.tables import LEASES
from rookery.engines.cluster.workers import Worker
from scripts.ports import free_port
from tests.engines.cluster.roost import emptied
from tests.serving import until
from tests.tabling import REGION, tables_of_its_own

WAITED_S = 0.4


@pytest.fixture
async def dynamo(dynamodb_url: str) -> AsyncIterator[Dynamo]:
    """The one table that is looked at."""
    async with tables_of_its_own(dynamodb_url, [LEASES]) as opened:
        yield opened


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Redis, with keys of the test's own."""
    opened = Redis(redis_url, f"test-{secrets.token_hex(6)}-")
    yield opened
    await emptied(opened)
    await opened.close()


@pytest.fixture
async def events(redis: Redis) -> Streams[Event]:
    """The streams of events, and their groups."""
    streams = Streams(redis, EVENTS)
    await streams.make_groups()
    return streams


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines are looked at often, and taken to be gone soon."""
    monkeypatch.setattr(lookout, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(lookout, "GONE_S", 1.0)


async def tell(redis: Redis, events: Streams[Event], count: int = 1) -> None:
    """Sends events."""
    await redis.calls(
        [events.adding(Event(one << 16, Kind.TWEET_CREATED, 1, one << 16, 0)) for one in range(1, count + 1)]
    )


async def test_the_lag_is_the_age_of_the_oldest_message_that_is_not_done(
    redis: Redis, events: Streams[Event]
) -> None:
    """It is 0 while nothing waits; it grows from the first message on, whether or not somebody has taken that, is each
    group's own, and falls to that of the next when it is acknowledged."""
    assert 0 == await events.lag_ms("feed")

    await tell(redis, events)
    await asyncio.sleep(WAITED_S)
    await tell(redis, events)
    waiting = await events.lag_ms("feed")
    assert WAITED_S * 1_000 <= waiting < 60_000
    first, second = await events.read("feed", "one", 10)
    assert waiting <= await events.lag_ms("feed")

    await events.acknowledge("feed", [first])
    assert await events.lag_ms("feed") < await events.lag_ms("search") - WAITED_S * 900
    await events.acknowledge("feed", [second])
    assert 0 == await events.lag_ms("feed")


async def test_a_process_is_ready_while_what_it_cannot_do_without_answers(
    dynamo: Dynamo, redis: Redis, events: Streams[Event]
) -> None:
    """Workers are ready once Redis told of their group, whose lag is known then; without DynamoDB nobody is for
    long."""
    looks = Lookout(dynamo, [(events, "feed")])
    assert not looks.ready()
    assert math.isnan(looks.lag_ms("feed"))
    looks.start()
    await until(lambda: _is(True, looks))
    assert 0 == looks.lag_ms("feed")

    async with connected(f"http://127.0.0.1:{free_port()}", REGION, "nobodys-") as nobodys:
        answering, dynamo.client = dynamo.client, nobodys.client
        await until(lambda: _is(False, looks))
        dynamo.client = answering
        await until(lambda: _is(True, looks))
    await looks.close()
    assert not looks.ready()


async def test_workers_are_not_ready_without_redis(dynamo: Dynamo) -> None:
    """A worker whose Redis does not answer is not ready, and its lag is unknown; a service is."""
    nobodys = Redis(f"redis://127.0.0.1:{free_port()}/0", "nobodys-")
    works, serves = Lookout(dynamo, [(Streams(nobodys, EVENTS), "feed")]), Lookout(dynamo, [])
    for one in (works, serves):
        one.start()
    await asyncio.sleep(0.3)
    assert (False, True) == (works.ready(), serves.ready())
    assert math.isnan(works.lag_ms("feed"))
    for one in (works, serves):
        await one.close()
    await nobodys.close()


async def test_what_a_worker_cannot_finish_others_get_at_once(
    redis: Redis, events: Streams[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is ended in the middle of long work gives its messages back: another has them long before it would
    take the first to be dead."""
    monkeypatch.setattr(workers, "DRAIN_S", 0.2)
    monkeypatch.setattr(workers, "CLAIM_EVERY_S", 0.1)
    done: list[int] = []

    async def for_ever(batch: Sequence[Message[Event]]) -> None:
        await asyncio.sleep(3_600)

    async def at_once(batch: Sequence[Message[Event]]) -> None:
        done.extend(one.body.event_id for one in batch)

    await tell(redis, events, 5)
    slow, quick = Worker(events, "feed", for_ever), Worker(events, "feed", at_once)
    slow.start()
    await until(lambda: _equal(5, slow.in_hand))
    began = asyncio.get_running_loop().time()
    await slow.close()
    quick.start()
    await until(lambda: _equal(5, len(done)))
    assert asyncio.get_running_loop().time() - began < workers.CLAIM_IDLE_MS / 1_000
    await quick.close()
    assert 0 == await events.lag_ms("feed")


async def _is(ready: bool, looks: Lookout) -> bool:
    return looks.ready() is ready


async def _equal(expected: int, actual: int) -> bool:
    return expected == actual
