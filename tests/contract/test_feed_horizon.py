"""A page of a feed ends above at what it knows whole, also where core.db and feed.db move while it is read."""

import asyncio
from pathlib import Path
from threading import Thread

import apsw

from rookery.bootstrap import Network, network
from rookery.config import Data, Feed, Settings
from rookery.core.content import NO_LINKS, Draft
from rookery.core.events import Event
from rookery.core.ids import ID_MAX
from rookery.engines.embedded.building import build
from rookery.engines.embedded.engine import EmbeddedEngine
from rookery.engines.embedded.fanout import FeedProjection
from rookery.engines.embedded.projection import step
from rookery.services.accounts.store import NewAccount
from tests.contract.test_feed import built

KEY = b"k" * 32


async def test_nothing_shows_above_a_celebritys_tweet_that_does_not_show_yet(tmp_path: Path) -> None:
    """What is projected between the looks at core.db and at feed.db waits, as what a celebrity wrote then does: the
    cursor of a page never skips it."""
    settings = Settings(data=Data(dir=tmp_path), feed=Feed(celebrity_followers=2, celebrity_grace_ms=0))
    async with network(settings, KEY, works=False) as net:
        assert isinstance(net.engine, EmbeddedEngine)
        people = [
            await net.accounts.operator.load(NewAccount(f"bird{n}", f"Bird {n}"), None) for n in range(4)
        ]
        reader, celebrity, plain, another = people
        for follower, followee in ((reader, celebrity), (another, celebrity), (reader, plain)):
            await net.engine.follows.follow(follower, followee)
        feeds = net.engine.files.connect("feed", attach=["core"])
        projection = FeedProjection(grace_ms=0)
        _project(projection, feeds)
        build(feeds, reader, 800)
        await asyncio.sleep(0.005)  # the grace of 0 ms is over

        written: list[int] = []

        async def write() -> None:
            create = net.engine.tweets.create
            written.append(await create(Draft(celebrity, "song", NO_LINKS), 0))
            written.append(await create(Draft(plain, "song", NO_LINKS), 0))

        def meanwhile(_: Event) -> None:
            """Called in a read, when core.db has been looked at and feed.db has not."""
            if not written:
                thread = Thread(target=lambda: asyncio.run(write()))
                thread.start()
                thread.join()
                _project(projection, feeds)

        with net.engine.snapshots.open():
            pass
        await net.engine.follows.mute(another, plain)
        net.engine.snapshots.on_event.append(meanwhile)

        assert [] == await net.engine.feed.candidates(reader, ID_MAX, 20)
        assert 2 == len(written)
        found = await net.engine.feed.candidates(reader, ID_MAX, 20)
        assert [(one, 0) for one in reversed(written)] == list(found)
        feeds.close()


async def test_a_feed_is_whole_before_anything_was_projected(tmp_path: Path) -> None:
    """Where feed.db was lost and no projector has come to it yet, a feed is pulled, not empty."""
    async with network(Settings(data=Data(dir=tmp_path)), KEY, works=False) as net:
        author = await net.accounts.operator.load(NewAccount("bird", "Bird"), None)
        tweet = await net.engine.tweets.create(Draft(author, "song", NO_LINKS), 0)

        assert 1 == len((await net.feed.page(author, ID_MAX, 20)).entries)
        assert [(tweet, 0)] == list(await net.engine.feed.candidates(author, ID_MAX, 20))


async def test_ones_own_tweet_shows_however_late_feeds_are(tmp_path: Path) -> None:
    """Where no projector comes to it for long, who wrote finds it in the feed all the same, with what others wrote
    before it; the feed is no other once it was projected."""
    async with network(Settings(data=Data(dir=tmp_path)), KEY, works=False) as net:
        assert isinstance(net.engine, EmbeddedEngine)
        reader, author = [
            await net.accounts.operator.load(NewAccount(one, one), None) for one in ("ann", "bob")
        ]
        await net.engine.follows.follow(reader, author)
        feeds = net.engine.files.connect("feed", attach=["core"])
        projection = FeedProjection(grace_ms=0)
        _project(projection, feeds)
        build(feeds, reader, 800)
        assert 0 == len((await net.feed.page(reader, ID_MAX, 20)).entries)

        written = [
            await net.engine.tweets.create(Draft(one, "song", NO_LINKS), 0) for one in (author, reader)
        ]
        assert 2 == len((await net.feed.page(reader, ID_MAX, 20)).entries)
        _project(projection, feeds)
        assert 2 == len((await net.feed.page(reader, ID_MAX, 20)).entries)
        assert [(one, 0) for one in reversed(written)] == list(
            await net.engine.feed.candidates(reader, ID_MAX, 9)
        )
        feeds.close()


async def test_a_tweet_of_the_past_comes_into_kept_pages(engine: Network) -> None:
    """A tweet dated back to below what was projected shows in a stored feed, and in pages that were kept rendered
    before it was loaded."""
    author = await engine.accounts.operator.load(NewAccount("bird", "Bird"), None)
    new = await engine.engine.tweets.create(Draft(author, "new", NO_LINKS), 0)
    await engine.feed.page(author, ID_MAX, 20)
    await built(engine, author)
    kept = await engine.feed.page(author, ID_MAX, 20)
    again = await engine.feed.page(author, ID_MAX, 20)
    assert (kept is again) == engine.reader.source.tracks

    old = await engine.engine.tweets.load(Draft(author, "old", NO_LINKS), 0, 1_000_000, b"row")
    await engine.engine.caught_up()

    assert [(new, 0), (old, 0)] == list(await engine.engine.feed.candidates(author, ID_MAX, 20))
    assert 2 == len((await engine.feed.page(author, ID_MAX, 20)).entries)


async def test_a_feed_whose_building_was_cut_off_is_built_again(tmp_path: Path) -> None:
    """A header that a killed process left without entries hides nothing, and the next read builds the feed anew."""
    settings = Settings(data=Data(dir=tmp_path))
    async with network(settings, KEY) as net:
        assert isinstance(net.engine, EmbeddedEngine)
        author = await net.accounts.operator.load(NewAccount("bird", "Bird"), None)
        tweet = await net.engine.tweets.create(Draft(author, "song", NO_LINKS), 0)
        await net.engine.caught_up()
        feeds = net.engine.files.connect("feed")
        feeds.execute("INSERT INTO headers VALUES (?, 1, ?)", (author, ID_MAX))
        assert [(tweet, 0)] == list(await net.engine.feed.candidates(author, ID_MAX, 20))
        feeds.close()
        await built(net, author)


def _project(projection: FeedProjection, feeds: apsw.Connection) -> None:
    while step(feeds, projection):
        pass
