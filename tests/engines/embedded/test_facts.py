"""The cache of facts is exact: whatever is written, what it renders is what the truth renders."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from rookery.bootstrap import Network, network
from rookery.config import Data, Feed, Settings
from rookery.core.clock import now_ms
from rookery.core.content import NO_LINKS, Draft, NewText
from rookery.core.errors import Problem
from rookery.core.events import Kind
from rookery.core.ids import ID_MAX
from rookery.core.limits import Ticket
from rookery.core.reading import Reader
from rookery.core.visibility import Witness
from rookery.engines.embedded.check import one_moment
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.engine import EmbeddedEngine
from rookery.engines.embedded.facts import EmbeddedFacts
from rookery.engines.embedded.snapshots import Snapshots
from rookery.services.accounts.store import Changes, NewAccount
from rookery.services.feed.service import FeedService
from rookery.services.tweets.service import NewTweet

KEY = b"k" * 32
PEOPLE = 6
STEPS = 320
CELEBRITY_FOLLOWERS = 4
Shown = Mapping[int, bytes]


class Walk:
    """People who do everything that can be done, in a random order with a fixed seed."""

    def __init__(self, net: Network, seed: int) -> None:
        self.net = net
        self.random = random.Random(seed)
        self.people: list[int] = []
        self.tweets: list[int] = []
        self.likes: list[tuple[int, int]] = []
        self.steps: list[Callable[[], Awaitable[object]]] = [
            *[self.post, self.post_at_once, self.quote, self.reply, self.retweet, self.like, self.follow] * 3,
            *[
                self.edit,
                self.undo_retweet,
                self.unlike,
                self.unlike,
                self.unfollow,
                self.protect,
                self.open,
                self.answer,
            ]
            * 2,
            *(
                self.rename,
                self.delete,
                self.block,
                self.unblock,
                self.mute,
                self.unmute,
                self.disable,
                self.enable,
            ),
            *(self.load, self.load_retweet, self.end_session),
        ]

    async def join(self) -> None:
        """A new account."""
        accounts = self.net.engine.accounts
        name = f"person{len(self.people)}"
        self.people.append(await accounts.create(NewAccount(name, name.title()), None, Ticket(0)))

    async def step(self) -> None:
        """Somebody does something, or is refused."""
        with contextlib.suppress(Problem):
            await self.random.choice(self.steps)()

    def one(self) -> int:
        return self.random.choice(self.people)

    def two(self) -> tuple[int, int]:
        first, second = self.random.sample(self.people, 2)
        return first, second

    def tweet(self) -> int:
        return self.random.choice(self.tweets[-25:])

    def text(self) -> str:
        return f"{self.random.random()} @person{self.random.randrange(PEOPLE)} #tag https://example.org"

    async def post(self) -> None:
        author = self.one()
        self.tweets.append(await self.net.tweets.post(author, self.placed(self.text()), Ticket(author)))

    async def post_at_once(self) -> None:
        """Several people at a time, so that their tweets are written together."""
        authors = self.random.sample(self.people, 3)
        posts = [self.net.tweets.post(one, NewTweet(content=self.text()), Ticket(one)) for one in authors]
        written = await asyncio.gather(*posts, return_exceptions=True)
        self.tweets += [one for one in written if isinstance(one, int)]

    def placed(self, text: str) -> NewTweet:
        """At a place or at none; the negative zero and 17 digits among them, which must be read back as they are."""
        latitude = self.random.choice([None, -0.0, 52.520006599999997, self.random.uniform(-90, 90)])
        return NewTweet(content=text, latitude=latitude, longitude=latitude)

    async def quote(self) -> None:
        form = NewTweet(content=self.text(), quote_of=str(self.tweet()))
        self.tweets.append(await self.net.tweets.post(self.one(), form))

    async def reply(self) -> None:
        form = NewText(content=self.text())
        self.tweets.append(await self.net.replies.post(self.one(), self.tweet(), form))

    async def retweet(self) -> None:
        self.tweets.append(await self.net.tweets.store.retweet(self.one(), self.tweet()))

    async def undo_retweet(self) -> None:
        await self.net.tweets.store.undo_retweet(self.one(), self.tweet())

    async def like(self) -> None:
        self.likes.append((self.one(), self.tweet()))
        await self.net.tweets.store.like(*self.likes[-1])

    async def unlike(self) -> None:
        if self.likes:
            await self.net.tweets.store.unlike(*self.random.choice(self.likes))

    async def edit(self) -> None:
        one = self.tweet()
        keeper = self.net.replies if one & 1 else self.net.tweets
        await keeper.edit(await self._owner(one), one, self.text())

    async def delete(self) -> None:
        one = self.tweet()
        keeper = self.net.replies if one & 1 else self.net.tweets
        await keeper.delete(await self._owner(one), one)

    async def follow(self) -> None:
        await self.net.follows.follow(*self.two())

    async def unfollow(self) -> None:
        await self.net.follows.store.unfollow(*self.two())

    async def answer(self) -> None:
        owner, asker = self.two()
        store = self.net.follows.store
        await self.random.choice((store.accept, store.refuse))(owner, asker)

    async def block(self) -> None:
        await self.net.follows.block(*self.two())

    async def unblock(self) -> None:
        await self.net.follows.store.unblock(*self.two())

    async def mute(self) -> None:
        await self.net.follows.mute(*self.two())

    async def unmute(self) -> None:
        await self.net.follows.store.unmute(*self.two())

    async def rename(self) -> None:
        changes = Changes(name=f"Name {self.random.randrange(100)}", bio=self.text())
        await self.net.engine.accounts.update(self.one(), changes, Ticket(0))

    async def protect(self) -> None:
        await self.net.engine.accounts.update(self.one(), Changes(protected=True), Ticket(0))

    async def open(self) -> None:
        await self.net.engine.accounts.update(self.one(), Changes(protected=False), Ticket(0))

    async def disable(self) -> None:
        await self.net.engine.accounts.disable(self.one())

    async def enable(self) -> None:
        for one in self.people:
            await self.net.engine.accounts.enable(one)

    async def load(self) -> None:
        draft = Draft(self.one(), self.text(), NO_LINKS, None, None)
        row = self.random.randbytes(16)
        found = await self.net.tweets.store.load(draft, 0, now_ms() - self.random.randrange(10**9), row)
        self.tweets.append(found or 0)

    async def load_retweet(self) -> None:
        at_ms = now_ms() - self.random.randrange(10**6)
        self.tweets.append(await self.net.tweets.store.retweet(self.one(), self.tweet(), at_ms=at_ms))

    async def end_session(self) -> None:
        one = self.one()
        sessions = self.net.engine.sessions
        await sessions.start(
            one, self.random.randbytes(32), password_hash=None, idle_ms=10**9, sessions_max=3
        )
        await sessions.end_all(one)

    async def erase(self) -> None:
        """Somebody leaves for good."""
        await self.net.engine.accounts.erase(self.people.pop())

    async def _owner(self, tweet_id: int) -> int:
        return (await self.net.reader.look(self.random.choice((0, *self.people)), tweet_id)).owner_id


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer saw of some tweets, and what tells whether that changed."""

    viewer: int
    tweet_ids: list[int]
    rendered: Shown
    witness: Witness


async def look(net: Network, walk: Walk, viewer: int) -> Sight:
    """A viewer looks at the newest tweets."""
    tweet_ids = walk.tweets[-12:]
    rendered = dict(await net.reader.tweets(viewer, tweet_ids))
    return Sight(viewer, tweet_ids, rendered, (await net.engine.facts.gather(viewer, tweet_ids)).witness())


def settle(files: Files) -> None:
    """Returns when feeds, index and upkeep have taken in everything."""
    with one_moment(files):
        pass


async def shown(reader: Reader, feed: FeedService, walk: Walk, viewer: int) -> list[Shown]:
    """All that a viewer sees: tweets, accounts and the feed."""
    page = await feed.page(viewer, ID_MAX, 20) if viewer else None
    return [
        dict(await reader.tweets(viewer, walk.tweets[-60:])),
        dict(await reader.users(viewer, walk.people, own=True)),
        dict(enumerate(page.entries)) if page else {},
    ]


async def cold(net: Network, walk: Walk, viewer: int) -> list[Shown]:
    """The same out of caches that were empty."""
    assert isinstance(net.engine, EmbeddedEngine)
    snapshots = Snapshots(net.engine.files)
    reader = Reader(EmbeddedFacts(snapshots))
    try:
        return await shown(reader, FeedService(net.engine.feed, reader), walk, viewer)
    finally:
        snapshots.close()


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_every_write_a_warm_cache_shows_what_a_cold_one_does(tmp_path: Path, seed: int) -> None:
    """A write that changes rendered bytes names in the outbox every row whose bytes it changed, and a witness that
    says unchanged is right. Every kind of event occurs on the way."""
    settings = Settings(
        data=Data(dir=tmp_path, key=KEY.hex()), feed=Feed(celebrity_followers=CELEBRITY_FOLLOWERS)
    )
    unchanged = 0
    async with network(settings, KEY) as net:
        assert isinstance(net.engine, EmbeddedEngine)
        walk = Walk(net, seed)
        for _ in range(PEOPLE):
            await walk.join()
        await walk.post()
        for number in range(STEPS):
            sights = [await look(net, walk, viewer) for viewer in (0, *walk.people)]
            await (walk.erase() if number == STEPS - 20 else walk.step())
            await asyncio.get_running_loop().run_in_executor(None, settle, net.engine.files)
            for sight in sights:
                net.engine.snapshots.look()
                if net.engine.facts.unchanged(sight.witness):
                    unchanged += 1
                    again = Reader(EmbeddedFacts(net.engine.snapshots))
                    assert sight.rendered == await again.tweets(sight.viewer, sight.tweet_ids), (
                        f"step {number}"
                    )
            for viewer in (0, *walk.people):
                expected = await cold(net, walk, viewer)
                assert expected == await shown(net.reader, net.feed, walk, viewer), f"step {number}"
        with net.engine.snapshots.open() as connection:
            kinds = {Kind(row[0]) for row in rows_of(connection, "SELECT DISTINCT kind FROM outbox")}
    assert set(Kind) == kinds
    assert unchanged > STEPS


@pytest.mark.parametrize("looks_first", ["author", "somebody"])
async def test_a_new_tweet_is_known_without_being_read(tmp_path: Path, looks_first: str) -> None:
    """Whoever is the first to see the news of a tweet that this process wrote: it is rendered out of memory, as a cold
    cache renders it."""
    async with network(Settings(data=Data(dir=tmp_path, key=KEY.hex())), KEY) as net:
        assert isinstance(net.engine, EmbeddedEngine)
        walk, loop, look = Walk(net, 1), asyncio.get_running_loop(), net.engine.snapshots.look
        await walk.join()
        (author,) = walk.people
        await walk.post()
        await net.reader.tweets(author, walk.tweets)

        def somebody_looks() -> None:
            loop.call_soon_threadsafe(look)

        if looks_first == "somebody":
            net.engine.database.on_commit.append(somebody_looks)
        await walk.post()
        facts = net.engine.facts.gather_in(None, author, walk.tweets)
        card = facts.tweet(walk.tweets[-1])
        assert card is not None
        assert await shown(net.reader, net.feed, walk, author) == await cold(net, walk, author)
