"""The stage on the cluster engine. Counters are folded when the test would wait for it."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from rookery.core.entities import AccountState
from rookery.core.events import Event, Kind
from rookery.engines.cluster import counts
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number
from rookery.engines.cluster.facts import ClusterFacts
from rookery.engines.cluster.replies import ClusterReplies
from rookery.engines.cluster.row_cache import RowSource
from rookery.engines.cluster.tables import (
    CELEBRITIES,
    COUNTS,
    DELTAS,
    EDGES,
    HANDLES,
    IDEMPOTENCY_KEYS,
    LIKERS_OF,
    LIKES,
    LIKES_OF,
    LOADED_ROWS,
    MOST_FOLLOWED,
    OUTBOX,
    PUBLIC_TWEETS,
    QUOTES_OF,
    RATE_WINDOWS,
    REPLIES,
    REPLIES_OF,
    REPLIES_TO,
    RETWEETERS_OF,
    RETWEETS,
    TWEETS,
    TWEETS_OF,
    USERS,
    VERSIONS,
    Item,
    Table,
    Value,
)
from rookery.engines.cluster.tweets import ClusterTweets
from rookery.engines.cluster.tx import ABSENT, Committed, Delta, Tx
from tests.stages.shared import Kept, Stage
from tests.tabling import tables_of_its_own

CELEBRITY_FOLLOWERS = 10_000
USED = (
    USERS,
    HANDLES,
    EDGES,
    TWEETS,
    TWEETS_OF,
    PUBLIC_TWEETS,
    VERSIONS,
    LIKES,
    LIKES_OF,
    LIKERS_OF,
    RETWEETS,
    RETWEETERS_OF,
    QUOTES_OF,
    LOADED_ROWS,
    REPLIES,
    REPLIES_OF,
    REPLIES_TO,
    COUNTS,
    DELTAS,
    CELEBRITIES,
    MOST_FOLLOWED,
    OUTBOX,
    IDEMPOTENCY_KEYS,
    RATE_WINDOWS,
)


class ClusterStage(Stage):
    """Over tables of its own; `rows` is where facts come from."""

    swept_at_once = 1

    def __init__(self, dynamo: Dynamo, rows: RowSource | None = None) -> None:
        self.dynamo = dynamo
        self.facts = ClusterFacts(dynamo, rows)
        self._deltas: list[Delta] = []
        dynamo.on_commit.append(self._hear)
        super().__init__(self.facts, ClusterTweets(dynamo, self.facts), ClusterReplies(dynamo))

    async def settle(self) -> None:
        """Folds what was counted."""
        waiting, self._deltas[:] = list(self._deltas), []
        await counts.fold(self.dynamo, waiting, CELEBRITY_FOLLOWERS)

    async def account(self, handle: str, *, protected: bool = False) -> int:
        """A new account."""

        async def work(tx: Tx) -> int:
            user_id = tx.mint()
            user: Item = {"handle": handle, "name": handle, "bio": "", "protected": protected, "state": 0}
            tx.put(USERS, {"user_id": user_id, **user}, where=ABSENT)
            tx.put(HANDLES, {"handle": handle.lower(), "user_id": user_id})
            tx.emit(Kind.ACCOUNT_CREATED, user_id, actor=user_id)
            return user_id

        return await self.dynamo.write(work)

    async def protect(self, user_id: int) -> None:
        """Protects an account."""
        await self._change_user(user_id, {"protected": True}, Kind.ACCOUNT_PROTECTED)

    async def end_account(self, user_id: int) -> None:
        """Deletes an account; what it wrote stays until upkeep."""
        await self._change_user(user_id, {"state": int(AccountState.DELETED)}, Kind.ACCOUNT_DELETED)

    async def follow(self, follower: int, followee: int) -> None:
        """A follow that stands."""

        async def work(tx: Tx) -> None:
            tx.update(EDGES, follower, followee, set_to={"follow_id": tx.mint()})
            tx.emit(Kind.EDGE_CHANGED, follower, followee, actor=follower)

        await self.dynamo.write(work)

    async def block(self, blocker: int, other: int) -> None:
        """A block, in the rows of both."""

        async def work(tx: Tx) -> None:
            tx.update(EDGES, blocker, other, set_to={"block_id": tx.mint()})
            tx.update(EDGES, other, blocker, set_to={"blocked_by": 1})
            tx.emit(Kind.EDGE_CHANGED, blocker, other, actor=blocker)

        await self.dynamo.write(work)

    async def news(self) -> Sequence[Event]:
        """The whole outbox, by event id."""
        names = ("event_id", "actor", "subject", "other")
        events = []
        for row in await self.rows(OUTBOX):
            event_id, actor, subject, other = (number(row, name) for name in names)
            kind = Kind(number(row, "kind"))
            events.append(Event(event_id, kind, actor, subject, other, bool(row["backdated"])))
        return sorted(events, key=lambda event: event.event_id)

    async def texts(self) -> Sequence[Kept]:
        """The rows of all tweets and replies, by id."""
        found = [_kept(row) for table in (TWEETS, REPLIES) for row in await self.rows(table)]
        return sorted(found, key=lambda kept: kept.item_id)

    async def versions(self) -> int:
        """How many earlier texts there are."""
        return len(await self.rows(VERSIONS))

    async def likes(self) -> int:
        """How many likes there are."""
        return len(await self.rows(LIKES))

    async def miscounted(self) -> Sequence[tuple[int, str, int, int]]:
        """Every counter of tweets and replies that differs from a recount."""
        await self.settle()
        found: Counter[tuple[int, str]] = Counter()
        for row in [*await self.rows(TWEETS), *await self.rows(REPLIES)]:
            if not row.get("deleted"):
                _recount(found, row)
        found.update((number(row, "tweet_id"), "likes") for row in await self.rows(LIKES))
        kept = Counter(
            {
                (number(row, "subject_id"), name): number(row, name)
                for row in await self.rows(COUNTS)
                for name in row
                if name != "subject_id"
            }
        )
        return [(*key, kept[key], found[key]) for key in kept | found if kept[key] != found[key]]

    async def fill(self, author: int, tweet_id: int) -> None:
        """Puts a tweet under this id."""

        async def work(tx: Tx) -> None:
            tweet: Item = {"owner_id": author, "content": "x", "links": b"{}", "rev": 1}
            tx.put(TWEETS, {"tweet_id": tweet_id, **tweet}, where=ABSENT)

        await self.dynamo.write(work)

    async def rows(self, table: Table) -> list[Item]:
        """All rows of a table."""
        return [row async for row in self.dynamo.scan(table)]

    def _hear(self, done: Committed) -> None:
        self._deltas += done.deltas

    async def _change_user(self, user_id: int, changes: Mapping[str, Value], kind: Kind) -> None:
        async def work(tx: Tx) -> None:
            tx.update(USERS, user_id, set_to=changes, add={"rev": 1})
            tx.emit(kind, user_id, actor=user_id)

        await self.dynamo.write(work)


@asynccontextmanager
async def opened_in_dynamodb(url: str) -> AsyncIterator[ClusterStage]:
    """A stage with tables of its own."""
    async with tables_of_its_own(url, USED) as dynamo:
        yield ClusterStage(dynamo)


def _kept(row: Item) -> Kept:
    latitude, longitude = row.get("latitude"), row.get("longitude")
    assert not isinstance(latitude, str | bytes)
    assert not isinstance(longitude, str | bytes)
    links = row["links"]
    assert isinstance(links, bytes)
    return Kept(
        number(row, "tweet_id") or number(row, "reply_id"),
        number(row, "owner_id"),
        number(row, "original_id"),
        number(row, "parent_owner_id"),
        str(row["content"]),
        links,
        (latitude, longitude),
        bool(row.get("deleted")),
    )


def _recount(found: Counter[tuple[int, str]], row: Item) -> None:
    found[number(row, "owner_id"), "tweets"] += 1
    for name, what in (("original_id", "retweets"), ("quoted_id", "quotes"), ("parent_id", "replies")):
        if row.get(name):
            found[number(row, name), what] += 1
