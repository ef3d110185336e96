"""The live stream of one process, chunk by chunk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rookery.bootstrap import Network
from rookery.config import Feed
from rookery.core.content import EditedText
from rookery.core.ids import ID_MAX
from rookery.engines.embedded.database import Tx
from rookery.engines.embedded.engine import EmbeddedEngine
from rookery.services.accounts.store import NewAccount
from rookery.services.feed import live
from rookery.services.tweets.service import NewTweet
from tests.contract.test_feed import built
from tests.serving import PATIENCE_S
from tests.stages.networks import clustered, embedded


@pytest.fixture(params=["embedded", "cluster"])
async def net(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Network]:
    """A started network."""
    opened = (
        embedded(tmp_path, Feed()) if request.param == "embedded" else clustered(request, tmp_path, Feed())
    )
    async with opened as started:
        yield started


async def account(net: Network, handle: str) -> int:
    """A new account."""
    return await net.accounts.operator.load(NewAccount(handle, handle.title()), None)


async def post(net: Network, author: int, content: str = "song") -> int:
    """A tweet that feeds have taken in."""
    tweet = await net.tweets.post(author, NewTweet(content=content))
    await net.engine.caught_up()
    return tweet


@asynccontextmanager
async def stream(net: Network, viewer: int, last_event_id: str | None = None) -> AsyncIterator["Heard"]:
    """A stream that has begun."""
    chunks = net.live.stream(viewer, last_event_id)
    heard = Heard(chunks)
    assert b": connected\n\n" == await heard.next()
    yield heard


class Heard:
    """Reads a stream."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    async def next(self) -> bytes:
        """The next chunk."""
        return await asyncio.wait_for(anext(self._chunks), PATIENCE_S)

    async def next_but(self, *known: int) -> bytes:
        """The next chunk that is none of these tweets, which may come again where they are just older than the last
        seen."""
        while (chunk := await self.next()).startswith(tuple(map(the_tweet, known))):
            pass
        return chunk


def the_tweet(tweet_id: int) -> bytes:
    """How the event of a tweet begins."""
    return b'id: %d\nevent: tweet\ndata: {"tweetId":"%d"' % (tweet_id, tweet_id)


async def test_a_quiet_stream_comments(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is to say a comment comes every 15 s, so that proxies and clients keep the connection."""
    assert 15.0 == live.COMMENT_EVERY_S
    monkeypatch.setattr(live, "COMMENT_EVERY_S", 0.01)
    async with stream(net, await account(net, "ann")) as heard:
        for _ in range(2):
            assert b": still here\n\n" == await heard.next()


async def test_what_was_missed_comes_at_the_resumption(net: Network) -> None:
    """Tweets, then edits and deletes since the tweet that was seen last, and then what is new."""
    ann = await account(net, "ann")
    edited, deleted, seen = [await post(net, ann, text) for text in ("one", "two", "three")]
    missed = await post(net, ann, "four")
    await net.tweets.edit(ann, edited, EditedText(content="other").content)
    await net.tweets.delete(ann, deleted)
    await net.engine.caught_up()
    async with stream(net, ann, str(seen)) as heard:
        assert (await heard.next_but(edited, deleted)).startswith(the_tweet(missed))
        assert (await heard.next()).startswith(b'event: edit\ndata: {"tweetId":"%d"' % edited)
        assert b'event: delete\ndata: {"tweetId":"%d"}\n\n' % deleted == await heard.next()
        new = await post(net, ann, "five")
        assert (await heard.next()).startswith(the_tweet(new))


@pytest.mark.parametrize("last_event_id", ["nonsense", "0", "-1", "1.5", str(ID_MAX), str(ID_MAX + 1)])
async def test_what_no_stream_can_have_sent_is_answered_by_reset(net: Network, last_event_id: str) -> None:
    """An id that is none, or of the time to come, cannot be resumed from: the client hears so, and then what is new."""
    ann = await account(net, "ann")
    async with stream(net, ann, last_event_id) as heard:
        assert b"event: reset\ndata: {}\n\n" == await heard.next()
        new = await post(net, ann)
        assert (await heard.next()).startswith(the_tweet(new))


async def test_too_much_missed_is_answered_by_reset(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """More missed tweets than a stream sends at once end in reset."""
    monkeypatch.setattr(live, "CATCH_UP_MAX", 5)
    monkeypatch.setattr(live, "PAGE_SIZE_MAX", 2)
    ann = await account(net, "ann")
    first, *_ = [await post(net, ann) for _ in range(8)]
    async with stream(net, ann, str(first)) as heard:
        assert b"event: reset\ndata: {}\n\n" == await heard.next()
        new = await post(net, ann)
        assert (await heard.next()).startswith(the_tweet(new))


async def test_changes_that_are_not_known_any_more_are_answered_by_reset(net: Network) -> None:
    """Who comes back after edits and deletes that storage has let go is told so, and then what is new."""
    ann = await account(net, "ann")
    first, new = [await post(net, ann) for _ in range(2)]
    if isinstance(net.engine, EmbeddedEngine):

        def trim(tx: Tx) -> None:
            tx.execute("UPDATE meta SET value = ? WHERE name = 'outbox_trimmed'", (new,))

        await net.engine.database.write(trim)
        last_event_id = str(first)
    else:
        last_event_id = str(first - (601_000 << 16))
    async with stream(net, ann, last_event_id) as heard:
        assert b"event: reset\ndata: {}\n\n" == await heard.next()
        newer = await post(net, ann)
        assert (await heard.next()).startswith(the_tweet(newer))


async def test_a_stream_reads_its_feed_only_when_that_changed(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others write whom one does not follow costs the stream a look at the stamp, not the reading of a page."""
    ann, bob = await account(net, "ann"), await account(net, "bob")
    async with stream(net, ann) as heard:
        mine = await post(net, ann)
        assert (await heard.next()).startswith(the_tweet(mine))
        await built(net, ann)
        another = await post(net, ann)
        assert (await heard.next()).startswith(the_tweet(another))
        listening = asyncio.ensure_future(heard.next())
        read = 0

        async def shown(*_: object, **__: object) -> None:
            nonlocal read
            read += 1

        with monkeypatch.context() as patched:
            patched.setattr(net.feed, "shown", shown)
            for _ in range(3):
                await post(net, bob)
                await asyncio.sleep(0.1)
        new = await post(net, ann)
        assert (await listening).startswith(the_tweet(new))
        assert 0 == read
