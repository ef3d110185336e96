"""Feeds as strings in Redis: what trimming leaves, and that it holds nobody up."""

import random
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from rookery.engines.cluster.clock import IdClock
from rookery.engines.cluster.redis import Redis
from rookery.engines.cluster.stored_feeds import KEYS_AT_ONCE_MAX, StoredFeed, StoredFeeds
from rookery.services.feed.store import Entry
from tests.engines.cluster.roost import emptied

KEEP, TRUST = 60, 50
VIEWER = 7
Make = Callable[[random.Random], list[Entry]]


@pytest.fixture
async def redis(redis_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """A Redis with keys of its own."""
    opened = Redis(redis_url, f"{request.node.name}-{random.getrandbits(64)}-")
    yield opened
    await emptied(opened)
    await opened.close()


def in_order(chance: random.Random) -> list[Entry]:
    """Tweets as they come nearly always."""
    return [(one * 10, 0) for one in range(1, chance.randrange(20, 90))]


def in_any_order(chance: random.Random) -> list[Entry]:
    """Tweets and retweets, some late, some twice."""
    ids = chance.sample(range(1, 1_000), chance.randrange(20, 90))
    entries = [(one, chance.choice((0, 0, one + 5_000))) for one in ids]
    return [*entries, *chance.sample(entries, 5)]


def floors(chance: random.Random, entries: Sequence[Entry]) -> int:
    """Where a feed may begin: from the start, or somewhere in it."""
    return chance.choice((0, chance.choice(entries)[0]))


@pytest.mark.parametrize("entries_of", [in_order, in_any_order])
async def test_trimming_leaves_the_newest_each_once_as_they_came(redis: Redis, entries_of: Make) -> None:
    """A feed that has grown long keeps its newest TRUST entries and whatever else is not below its floor, which is
    raised to them; a shorter one stays as it is."""
    chance = random.Random(3)
    feeds = StoredFeeds(redis, IdClock(), keep=KEEP, trust=TRUST)
    trimmed = 0
    for _ in range(60):
        entries = entries_of(chance)
        floor, celebrities = floors(chance, entries), tuple(range(chance.randrange(3)))
        await feeds.drop(VIEWER)
        version = await feeds.begin(VIEWER, dead_after_ms=0)
        assert version is not None
        assert await feeds.fill(VIEWER, version, floor, celebrities, entries[::-1])
        before = await feeds.read(VIEWER)
        await feeds.trim([VIEWER])
        after = await feeds.read(VIEWER)
        assert before is not None
        assert after is not None
        assert left_of(before) == (after.floor, after.arrived)
        assert (before.built, before.celebrities) == (after.built, after.celebrities)
        trimmed += before.arrived != after.arrived
    assert 20 < trimmed


def left_of(feed: StoredFeed) -> tuple[int, tuple[Entry, ...]]:
    """The floor and the entries that trimming should leave."""
    if len(feed.arrived) <= KEEP:
        return feed.floor, feed.arrived
    newest = sorted({one for one, _ in feed.arrived})[-TRUST:]
    floor = max(feed.floor, newest[0]) if len(newest) == TRUST else feed.floor
    return floor, tuple(dict.fromkeys(one for one in feed.arrived if one[0] >= floor))


async def test_feeds_that_grow_long_together_are_all_trimmed(redis: Redis) -> None:
    """However many feeds one entry makes too long, each is trimmed, and a reader finds the newest in it."""
    feeds = StoredFeeds(redis, IdClock(), keep=KEEP, trust=TRUST)
    viewers = range(1, KEYS_AT_ONCE_MAX + 100)
    full = [(one, 0) for one in range(KEEP, 0, -1)]
    for viewer in viewers:
        version = await feeds.begin(viewer, dead_after_ms=0)
        assert version is not None
        assert await feeds.fill(viewer, version, 0, (), full)
    for one in range(KEEP + 1, KEEP + 66):
        await feeds.push(viewers, (one, 0), again=False)
    for viewer in viewers:
        feed = await feeds.read(viewer)
        assert feed is not None
        assert (True, KEEP + 65) == (feed.floor > 0, feed.below(1 << 62)[0][0])
        assert len(feed.arrived) <= KEEP + 64
