"""The way of events to feeds, for its tests: real engines, with tables and keys of each test's own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from rookery.core.content import NO_LINKS, Draft
from rookery.core.events import Event
from rookery.core.ids import ID_MAX
from rookery.engines.cluster import counts
from rookery.engines.cluster.celebrities import Celebrities
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.facts import ClusterFacts
from rookery.engines.cluster.fanout import FanOut
from rookery.engines.cluster.feed import ClusterFeed
from rookery.engines.cluster.followers import Followers
from rookery.engines.cluster.follows import ClusterFollows
from rookery.engines.cluster.news import News
from rookery.engines.cluster.outbox import Announcer, Publisher, event_of
from rookery.engines.cluster.pull import Puller
from rookery.engines.cluster.redis import Redis, RedisDown
from rookery.engines.cluster.replies import ClusterReplies
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.streams import Message
from rookery.engines.cluster.tables import FOLLOWERS_OF, OUTBOX, USERS, Item
from rookery.engines.cluster.tweets import ClusterTweets
from rookery.engines.cluster.tx import ABSENT, Tx
from rookery.engines.cluster.workers import Worker
from rookery.services.feed.store import Entry
from tests.tabling import tables_of_its_own

KEEP, TRUST, CELEBRITY = 60, 50, 1_000


class Roost:
    """One process: it writes, reads feeds, and fans out when it is told to."""

    def __init__(
        self, dynamo: Dynamo, redis_url: str, *, celebrity_followers: int = CELEBRITY, grace_ms: int = 0
    ) -> None:
        self.dynamo = dynamo
        self.prefix = dynamo.name(USERS).removesuffix(USERS.name)
        self.redis = Redis(redis_url, self.prefix)
        self.feeds = StoredFeeds(self.redis, dynamo.clock, keep=KEEP, trust=TRUST)
        self.announcer = Announcer(self.redis, self.feeds)
        self.publisher = Publisher(self.redis, self.announcer)
        self.puller = Puller(dynamo)
        self.celebrities = Celebrities(dynamo, self.puller)
        self.news = News(self.redis)
        self.followers = Followers(dynamo)
        self.fan_out = self.fanning_out(grace_ms=grace_ms)
        self.feed = ClusterFeed(
            self.feeds, self.puller, self.celebrities, self.news, owes=self.publisher.owes, size=TRUST
        )
        self.tweets = ClusterTweets(dynamo, ClusterFacts(dynamo))
        self.replies = ClusterReplies(dynamo)
        self.follows = ClusterFollows(dynamo)
        self.celebrity_followers = celebrity_followers

    def fanning_out(self, *, grace_ms: int) -> FanOut:
        """Fan-out that ends so long after the flag."""
        return FanOut(self.redis, self.feeds, self.celebrities, self.followers, grace_ms=grace_ms)

    async def account(self) -> int:
        """A new account."""

        async def work(tx: Tx) -> int:
            user_id = tx.mint()
            user: Item = {"handle": f"u{user_id}", "name": "Bird", "bio": "", "protected": False, "state": 0}
            tx.put(USERS, {"user_id": user_id, **user}, where=ABSENT)
            return user_id

        return await self.dynamo.write(work)

    async def accounts(self, count: int) -> list[int]:
        """New accounts."""
        return list(await asyncio.gather(*(self.account() for _ in range(count))))

    async def post(self, author: int) -> int:
        """A tweet."""
        return await self.tweets.create(Draft(author, "song", NO_LINKS), 0)

    async def events(self) -> list[Event]:
        """The whole outbox, by event id."""
        found = [event_of(row) async for row in self.dynamo.scan(OUTBOX)]
        return sorted(found, key=lambda event: event.event_id)

    async def project(self, events: Sequence[Event], *, again: bool = True) -> None:
        """Fans out these events, as a worker does that gets them now."""
        await self.fan_out.apply([Message("", b"", event, again, "") for event in events])

    def worker(self, **options: int) -> Worker[Event]:
        """A worker of the feed group."""
        return Worker(self.announcer.events, "feed", self.fan_out.apply, **options)

    async def fold(self) -> None:
        """Folds every delta."""
        await counts.sweep(self.dynamo, 0, self.celebrity_followers)

    async def page(self, viewer: int, before: int = ID_MAX, limit: int = 200) -> list[Entry]:
        """The newest candidates."""
        return list(await self.feed.candidates(viewer, before, limit))

    async def arrived(self, viewer: int) -> list[int]:
        """The ids in the viewer's stored feed, as they came."""
        stored = await self.feeds.read(viewer)
        assert stored is not None
        return [one for one, _ in stored.arrived]

    async def pulled(self, viewer: int) -> list[Entry]:
        """The feed as the truth has it."""
        return list(await self.puller.pull(viewer, ID_MAX, 1_000))


@asynccontextmanager
async def roosting(dynamodb_url: str, redis_url: str, **options: int) -> AsyncIterator[Roost]:
    """A process whose writes tell nobody until its publisher is started."""
    async with tables_of_its_own(dynamodb_url) as dynamo:
        roost = Roost(dynamo, redis_url, **options)
        try:
            yield roost
        finally:
            with suppress(RedisDown):
                await emptied(roost.redis)
            await roost.redis.close()


@asynccontextmanager
async def another(roost: Roost, redis_url: str) -> AsyncIterator[Roost]:
    """Another process beside it."""
    other = Roost(
        Dynamo(roost.dynamo.client, roost.prefix), redis_url, celebrity_followers=roost.celebrity_followers
    )
    try:
        yield other
    finally:
        await other.redis.close()


async def emptied(redis: Redis) -> None:
    """Takes away every key of the test, as a flush of its own Redis would."""
    async for names in redis.names(""):
        await redis.call("DEL", *names)


async def crowd(dynamo: Dynamo, followee: int, count: int) -> list[int]:
    """Followers in great number, put as rows."""
    followers = [dynamo.clock.mint() for _ in range(count)]

    async def put(part: Sequence[int]) -> None:
        table = dynamo.name(FOLLOWERS_OF)
        rows = [
            {"owner": {"S": str(followee)}, "position": {"N": str(one)}, "item": {"N": str(one)}}
            for one in part
        ]
        await dynamo.client.batch_write_item(
            RequestItems={table: [{"PutRequest": {"Item": row}} for row in rows]}
        )

    for at in range(0, count, 400):
        await asyncio.gather(
            *(put(followers[start : start + 25]) for start in range(at, min(at + 400, count), 25))
        )
    return followers
