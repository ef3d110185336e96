"""Feeds in Redis: whatever comes to them, in whatever order, they show what the truth holds."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from rookery.core.ids import ID_MAX
from rookery.services.feed.store import Entry
from tests.engines.cluster.roost import TRUST, Roost, emptied, roosting


@pytest.fixture
async def roost(dynamodb_url: str, redis_url: str) -> AsyncIterator[Roost]:
    """A process whose events go nowhere by themselves."""
    async with roosting(dynamodb_url, redis_url) as opened:
        yield opened


async def test_a_feed_is_pulled_then_built_then_fanned_out_to(roost: Roost) -> None:
    """The feed is the same without a stored feed, with one just built, and with one that fan-out wrote to."""
    reader, author, friend, stranger = await roost.accounts(4)
    for one in (author, friend):
        await roost.follows.follow(reader, one)
    for one in (author, friend, stranger, reader):
        await roost.post(one)
    expected = await roost.pulled(reader)
    assert 3 == len(expected)
    assert expected == await roost.page(reader)  # pulled
    assert await roost.feed.stamp(reader) is not None
    assert expected == await roost.page(reader)  # built
    told = len(await roost.events())
    original = await roost.post(stranger)
    await roost.tweets.retweet(friend, original)
    await roost.project((await roost.events())[told:])
    expected = await roost.pulled(reader)
    assert original == expected[0][1]
    assert expected == await roost.page(reader)  # fanned out


@pytest.mark.parametrize("seed", range(3))
async def test_events_twice_late_and_out_of_order_leave_the_same_feeds(roost: Roost, seed: int) -> None:
    """However often and in whatever order events come, a stored feed shows each entry once, at its place."""
    chance = random.Random(seed)
    reader, *authors = await roost.accounts(4)
    for one in authors:
        await roost.follows.follow(reader, one)
    await roost.page(reader)
    followed = len(await roost.events())
    for _ in range(8):
        tweet = await roost.post(chance.choice(authors))
        await roost.tweets.retweet(chance.choice(authors), tweet)
    events = (await roost.events())[followed:] * 3
    chance.shuffle(events)
    while events:
        some = [events.pop() for _ in range(min(len(events), chance.randint(1, 6)))]
        await roost.project(some, again=chance.random() < 0.5)
    assert await roost.pulled(reader) == await roost.page(reader)
    arrived = await roost.arrived(reader)
    assert len(set(arrived)) == len(arrived)


async def test_ones_own_write_is_in_ones_feed_when_it_is_answered(roost: Roost) -> None:
    """Before any worker has seen it one's own tweet is in one's stored feed, and a follow has taken the feed away."""
    reader, author = await roost.accounts(2)
    old = await roost.post(author)
    roost.dynamo.before_answer.append(roost.publisher.tell)
    roost.publisher.start()
    assert [] == await roost.page(reader)
    mine = await roost.post(reader)
    assert [mine] == await roost.arrived(reader)
    assert [(mine, 0)] == await roost.page(reader)
    await roost.follows.follow(reader, author)
    assert [(mine, 0), (old, 0)] == await roost.page(reader)
    await roost.publisher.close()


async def test_a_follow_while_a_feed_is_built_leaves_none_that_lacks_it(roost: Roost) -> None:
    """What is pulled is stored only where the header from before the pull still stands."""
    reader, author = await roost.accounts(2)
    version = await roost.feeds.begin(reader, dead_after_ms=1_000)
    assert version is not None
    await roost.follows.follow(reader, author)
    await roost.project(await roost.events())
    assert not await roost.feeds.fill(reader, version, 0, [], [])
    tweet = await roost.post(author)
    assert [(tweet, 0)] == await roost.page(reader)


async def test_what_comes_while_a_feed_is_built_is_in_it(roost: Roost) -> None:
    """An entry that is fanned out between the header and the storing stays; one that was also pulled shows once."""
    reader, author = await roost.accounts(2)
    await roost.follows.follow(reader, author)
    followed = len(await roost.events())
    version = await roost.feeds.begin(reader, dead_after_ms=1_000)
    assert version is not None
    first = await roost.post(author)
    pulled = await roost.pulled(reader)
    second = await roost.post(author)
    await roost.project((await roost.events())[followed:])
    assert await roost.feeds.fill(reader, version, 0, [], pulled)
    assert [(second, 0), (first, 0)] == await roost.page(reader)


async def test_a_feed_whose_building_was_cut_off_is_built_again(roost: Roost) -> None:
    """A header that a killed process left hides nothing, and after a while a reading builds the feed anew."""
    (author,) = await roost.accounts(1)
    tweet = await roost.post(author)
    assert await roost.feeds.begin(author, dead_after_ms=60_000) is not None
    assert [(tweet, 0)] == await roost.page(author)
    assert await roost.feed.stamp(author) is None
    assert await roost.feeds.begin(author, dead_after_ms=60_000) is None
    await asyncio.sleep(0.01)
    assert await roost.feeds.begin(author, dead_after_ms=0) is not None


async def test_a_long_feed_is_trimmed_and_goes_on_below(roost: Roost) -> None:
    """A feed that has grown long keeps its newest, with their retweets, and pages go on to the oldest."""
    reader, author, friend = await roost.accounts(3)
    for one in (author, friend):
        await roost.follows.follow(reader, one)
    await roost.page(reader)
    followed = len(await roost.events())
    for number in range(90):
        tweet = await roost.post(author)
        if number % 3 == 0:
            await roost.tweets.retweet(friend, tweet)
    await roost.project((await roost.events())[followed:])
    stored = await roost.feeds.read(reader)
    assert stored is not None
    assert len(stored.arrived) < 90
    assert stored.floor > 0
    assert len(stored.below(ID_MAX)) >= TRUST
    expected = await roost.pulled(reader)
    assert 120 == len(expected)
    assert expected == await roost.page(reader)
    assert expected[100:110] == await roost.page(reader, expected[99][0], 10)
    assert expected[40:70] == await roost.page(reader, expected[39][0], 30)


async def test_a_lost_redis_is_a_feed_to_be_built(roost: Roost) -> None:
    """When Redis was emptied a feed is pulled and stored again, whole."""
    reader, author = await roost.accounts(2)
    await roost.follows.follow(reader, author)
    tweets = [await roost.post(author) for _ in range(3)]
    expected: list[Entry] = [(one, 0) for one in reversed(tweets)]
    assert expected == await roost.page(reader)
    await emptied(roost.redis)
    assert expected == await roost.page(reader)
    assert await roost.feed.stamp(reader) is not None


async def test_without_redis_feeds_are_pulled(dynamodb_url: str) -> None:
    """Where no Redis answers, a feed still shows everything, and writes go on."""
    async with roosting(dynamodb_url, "redis://127.0.0.1:9/0") as roost:
        roost.dynamo.before_answer.append(roost.publisher.tell)
        roost.publisher.start()
        reader, author = await roost.accounts(2)
        await roost.follows.follow(reader, author)
        tweet = await roost.post(author)
        assert [(tweet, 0)] == await roost.page(reader)
        assert await roost.feed.stamp(reader) is None
        await roost.publisher.close()


async def test_since_reaches_down_to_what_came_late(roost: Roost) -> None:
    """Who has seen an entry is given also those below it that came after it, whatever their age."""
    reader, author = await roost.accounts(2)
    await roost.follows.follow(reader, author)
    await roost.page(reader)
    followed = len(await roost.events())
    early, late, last = [await roost.post(author) for _ in range(3)]
    first, second, third = (await roost.events())[followed:]
    await roost.project([first])
    await roost.project([third])
    assert await roost.feed.since(reader, last) < last - (2_000 << 16) + 1
    stored = await roost.feeds.read(reader)
    assert stored is not None
    assert last == stored.late(last)
    await roost.project([second])
    stored = await roost.feeds.read(reader)
    assert stored is not None
    assert (late, early, late) == (stored.late(last), stored.late(early), stored.late(last + 10))


async def test_public_shows_everybodys_tweets_and_quotes(roost: Roost) -> None:
    """The public timeline has tweets and quotes, newest first, without retweets, replies and what was deleted."""
    ann, bob = await roost.accounts(2)
    tweets = [await roost.post(one) for one in (ann, bob) * 10]
    await roost.tweets.retweet(ann, tweets[0])
    await roost.tweets.delete(bob, tweets[3])
    expected = sorted(set(tweets) - {tweets[3]}, reverse=True)
    assert [(one, one) for one in expected[:7]] == await roost.feed.public(ID_MAX, 7)
    assert [(one, one) for one in expected[7:]] == await roost.feed.public(expected[6], 100)
