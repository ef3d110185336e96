"""The contract of feeds: what a page holds, in which order, and that no way of making one differs from another."""

import asyncio
import random
from collections.abc import Sequence

import msgspec

from rookery.bootstrap import Network
from rookery.core.ids import ID_MAX
from rookery.core.limits import Ticket
from rookery.core.page import CANDIDATES_MAX
from rookery.services.accounts.store import NewAccount
from rookery.services.tweets.service import NewTweet
from tests.serving import until


async def accounts(net: Network, count: int) -> list[int]:
    """New accounts."""
    return [await net.accounts.operator.load(NewAccount(f"bird{n}", f"Bird {n}"), None) for n in range(count)]


async def feed(net: Network, viewer: int, size: int = 7) -> list[str]:
    """The whole feed, page by page."""
    found: list[str] = []
    before = ID_MAX
    while True:
        page = await net.feed.page(viewer, before, size)
        found += [msgspec.json.decode(one)["tweetId"] for one in page.entries]
        if page.next_cursor is None:
            return found
        before = int(page.next_cursor)


async def built(net: Network, viewer: int) -> None:
    """Returns when the viewer's feed is stored."""

    async def stored() -> bool:
        return await net.engine.feed.stamp(viewer) is not None

    await until(stored)


async def noise(net: Network, author: int, count: int) -> list[int]:
    """Tweets of an account, 16 at once: one account's writes wait for each other, and more would only queue."""
    turns = asyncio.Semaphore(16)

    async def post(number: int) -> int:
        async with turns:
            return await net.tweets.post(author, NewTweet(content=str(number)), Ticket(author))

    return await asyncio.gather(*map(post, range(count)))


def texts(ids: Sequence[int]) -> list[str]:
    """Ids as the API gives them, newest first."""
    return [str(one) for one in sorted(ids, reverse=True)]


async def test_a_feed_is_pulled_then_built_then_fanned_out_to(engine: Network) -> None:
    """The feed is the same without a stored feed, with one just built, and with one that fan-out wrote to."""
    reader, *others = await accounts(engine, 6)
    for one in others[:3]:
        await engine.engine.follows.follow(reader, one)
    rng = random.Random(3)
    wanted: list[int] = []

    async def write(count: int) -> None:
        for number in range(count):
            author = rng.choice([reader, *others])
            tweet = await engine.tweets.post(author, NewTweet(content=f"song {number}"), Ticket(author))
            if author in (reader, *others[:3]):
                wanted.append(tweet)

    await write(40)
    await engine.engine.caught_up()
    assert texts(wanted) == await feed(engine, reader)  # pulled
    await built(engine, reader)
    assert texts(wanted) == await feed(engine, reader)  # built
    await write(40)
    await engine.engine.caught_up()
    assert texts(wanted) == await feed(engine, reader)  # fanned out


async def test_a_follow_shows_what_was_written_before_and_an_unfollow_takes_it_out(engine: Network) -> None:
    """A follow shows what that account wrote before; an unfollow takes it all out; both at once."""
    reader, author = await accounts(engine, 2)
    tweets = [
        await engine.tweets.post(author, NewTweet(content=f"song {n}"), Ticket(author)) for n in range(5)
    ]
    assert [] == await feed(engine, reader)
    await built(engine, reader)
    await engine.engine.follows.follow(reader, author, Ticket(reader))
    assert texts(tweets) == await feed(engine, reader)
    await engine.engine.follows.unfollow(reader, author, Ticket(reader))
    assert [] == await feed(engine, reader)


async def test_ones_own_tweet_is_in_ones_feed_at_once(engine: Network) -> None:
    """A feed read begun after one's own write was answered holds it, also with a stored feed."""
    (author,) = await accounts(engine, 1)
    await feed(engine, author)
    await built(engine, author)
    for number in range(30):
        tweet = await engine.tweets.post(author, NewTweet(content=f"song {number}"), Ticket(author))
        assert str(tweet) == (await feed(engine, author))[0]


async def test_a_retweet_is_hidden_by_the_same_original_just_older(engine: Network) -> None:
    """Of an original and its retweets within 40 entries the oldest shows, and what arrives on top hides nothing."""
    reader, author, first, second = await accounts(engine, 4)
    for one in (author, first, second):
        await engine.engine.follows.follow(reader, one)
    original = await engine.tweets.post(author, NewTweet(content="song"), Ticket(author))
    await engine.engine.tweets.retweet(first, original)
    filler = [await engine.tweets.post(author, NewTweet(content=f"{n}"), Ticket(author)) for n in range(40)]
    far = await engine.engine.tweets.retweet(second, original)
    await engine.engine.caught_up()
    assert texts([original, *filler, far]) == await feed(engine, reader)


async def test_a_feed_longer_than_what_is_kept_goes_on_to_the_oldest(engine: Network) -> None:
    """Below what a stored feed keeps, pages come from the truth, without a hole or a double."""
    reader, author = await accounts(engine, 2)
    await engine.engine.follows.follow(reader, author)
    await feed(engine, reader)
    await built(engine, reader)
    tweets = await noise(engine, author, 1_300)
    await engine.engine.caught_up()
    assert texts(tweets) == await feed(engine, reader, 100)


async def test_what_hides_a_retweet_is_looked_for_on_the_next_page(engine: Network) -> None:
    """Where a request may look no further before it is known what lies below a retweet, the page ends above it; the
    next one finds the original and leaves the retweet out."""
    reader, loud, cat, dan = await accounts(engine, 4)
    for one in (loud, cat, dan):
        await engine.engine.follows.follow(reader, one)
    await engine.engine.follows.mute(reader, loud)
    original = await engine.tweets.post(dan, NewTweet(content="original"), Ticket(dan))
    await noise(engine, loud, CANDIDATES_MAX - 2)
    await engine.tweets.store.retweet(cat, original, Ticket(cat))
    top = await engine.tweets.post(reader, NewTweet(content="top"), Ticket(reader))
    assert texts([top, original]) == await feed(engine, reader)


async def test_nothing_is_looked_for_below_since(engine: Network) -> None:
    """Where all that is newer is hidden, the page is empty and the last, however much lies below."""
    reader, loud = await accounts(engine, 2)
    await engine.engine.follows.follow(reader, loud)
    await engine.engine.follows.mute(reader, loud)
    await noise(engine, loud, CANDIDATES_MAX + 9)
    await engine.engine.caught_up()
    await asyncio.sleep(2.1)  # `since` goes back so far where ids come in late
    since, *_ = [await engine.tweets.post(loud, NewTweet(content=str(one)), Ticket(loud)) for one in range(3)]
    first = await engine.tweets.post(reader, NewTweet(content="own"), Ticket(reader))
    page = await engine.feed.page(reader, first, 20, since)
    assert ([], None) == (list(page.entries), page.next_cursor)
    whole = await engine.feed.page(reader, ID_MAX, 1, since)
    assert (1, None) == (len(whole.entries), whole.next_cursor)
    assert (await engine.feed.page(reader, ID_MAX, 1)).next_cursor is not None
