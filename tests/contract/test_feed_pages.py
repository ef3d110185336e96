"""Pages of a feed against its definition: whatever their size, and however little a request may look at."""

import random
from collections.abc import Sequence

import msgspec
import pytest

from rookery.bootstrap import Network
from rookery.core.ids import ID_MAX
from rookery.core.limits import Ticket
from rookery.services.accounts.store import NewAccount
from rookery.services.feed import service
from rookery.services.feed.service import FeedService
from rookery.services.tweets.service import NewTweet

WINDOW, LOOKED_MAX = 4, 24


async def write(net: Network, authors: Sequence[int], outsider: int, chance: random.Random) -> None:
    """Tweets, and retweets of these and of an outsider's, close together."""
    known = [await net.tweets.post(outsider, NewTweet(content="out"), Ticket(outsider)) for _ in range(5)]
    for _ in range(200):
        author = chance.choice(authors)
        if chance.random() < 0.5:
            await net.tweets.store.retweet(author, chance.choice(known[-12:]))
        else:
            known.append(await net.tweets.post(author, NewTweet(content="tweet"), Ticket(author)))


async def feed_of(net: Network, reader: int, heard: Sequence[int], muted: Sequence[int]) -> list[str]:
    """The feed read off its definition: all that is by those whom one hears, but retweets of those whom one has muted
    and those that one of the WINDOW entries just older hides."""
    ids = [one for author in heard for _, one in await net.tweets.store.tweets_of(author, ID_MAX, 1_000)]
    facts = await net.reader.source.gather(reader, ids)
    entries = []
    for one in sorted(ids, reverse=True):
        card = facts.tweet(one)
        assert card is not None
        spread = facts.tweet(card.facts.original_id)
        if spread is None or spread.facts.owner_id not in muted:
            entries.append((one, card.facts.original_id))
    shown = []
    for place, (one, original) in enumerate(entries):
        older = entries[place + 1 : place + 1 + WINDOW]
        if not original or not any(original in entry for entry in older):
            shown.append(str(one))
    return shown


@pytest.mark.parametrize("seed", range(3))
async def test_every_page_size_gives_the_same_feed(
    engine: Network, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Pages of every size, and what is newer than any entry, are cut from one list, also where a request ends before it
    has found a page, or before it knows what hides a retweet."""
    monkeypatch.setattr(service, "CANDIDATES_MAX", LOOKED_MAX)
    reader, outsider, *authors = [
        await engine.accounts.operator.load(NewAccount(f"bird{number}", "Bird"), None) for number in range(7)
    ]
    for one in authors:
        await engine.engine.follows.follow(reader, one)
    loud, *heard = authors
    await engine.engine.follows.mute(reader, loud)
    await write(engine, [loud, *heard], outsider, random.Random(seed))
    await engine.tweets.post(reader, NewTweet(content="all are in the feed when this is"), Ticket(reader))
    feed = FeedService(engine.engine.feed, engine.reader, retweet_window=WINDOW)
    expected = await feed_of(engine, reader, [reader, *heard], [loud])

    async def walk(size: int, since: int = 0) -> list[str]:
        found: list[str] = []
        before = ID_MAX
        while True:
            page = await feed.page(reader, before, size, since)
            assert len(page.entries) <= size
            found += [msgspec.json.decode(one)["tweetId"] for one in page.entries]
            if page.next_cursor is None:
                return found
            assert int(page.next_cursor) < before
            before = int(page.next_cursor)

    for size in (1, 2, 3, 7, 19, 100):
        assert expected == await walk(size)
    for place in (0, 1, 5, 50, len(expected) - 1):
        seen = int(expected[place])
        above = await engine.engine.feed.since(reader, seen)
        assert above <= seen
        assert [one for one in expected if int(one) > above] == await walk(3, seen)
