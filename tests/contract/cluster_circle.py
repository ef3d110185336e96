"""A circle in DynamoDB."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from rookery.core.entities import AccountState
from rookery.core.events import Kind
from rookery.engines.cluster import tables
from rookery.engines.cluster.counts import sweep
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.facts import ClusterFacts
from rookery.engines.cluster.follows import ClusterFollows
from rookery.engines.cluster.tables import Item
from rookery.engines.cluster.tx import ABSENT, Committed, Tx
from tests.contract.circle import CELEBRITY_FOLLOWERS, ENDED, Circle
from tests.tabling import rows_in, tables_of_its_own

JOINED_AT_ONCE = 100
LISTS = (
    tables.FOLLOWERS_OF,
    tables.FOLLOWING_OF,
    tables.REQUESTS_TO,
    tables.BLOCKS_OF,
    tables.MUTES_OF,
    tables.MUTERS_OF,
)


@dataclass(kw_only=True)
class ClusterCircle(Circle):
    """One in tables of its own, whose counters are folded before they are looked at."""

    dynamo: Dynamo
    facts: ClusterFacts
    follows: ClusterFollows

    async def join(self, count: int) -> list[int]:
        """See Circle."""
        starts = range(0, count, JOINED_AT_ONCE)
        sizes = [min(JOINED_AT_ONCE, count - start) for start in starts]
        parts = [await self.dynamo.write(partial(_accounts, count=size)) for size in sizes]
        joined = [one for part in parts for one in part]
        self.people.extend(joined)
        return joined

    async def set_protected(self, user_id: int, protected: bool) -> None:
        """See Circle."""

        async def work(tx: Tx) -> None:
            tx.update(tables.USERS, user_id, set_to={"protected": protected})
            tx.emit(Kind.ACCOUNT_PROTECTED if protected else Kind.ACCOUNT_OPENED, user_id, actor=user_id)

        await self.dynamo.write(work)

    async def set_state(self, user_id: int, state: AccountState) -> None:
        """See Circle."""

        async def work(tx: Tx) -> None:
            tx.update(tables.USERS, user_id, set_to={"state": int(state)})
            tx.emit(ENDED[state], user_id, actor=user_id)

        await self.dynamo.write(work)

    async def celebrity_ms(self, user_id: int) -> int | None:
        """See Circle."""
        await self.settle()
        row = await self.dynamo.get(tables.COUNTS, user_id)
        return None if row is None or "celebrity_ms" not in row else int(row["celebrity_ms"])

    async def edges_left(self) -> int:
        """See Circle. The lists count too."""
        return await rows_in(self.dynamo, tables.EDGES, *LISTS)

    async def settle(self) -> None:
        """See Circle. What the counting worker does."""
        await sweep(self.dynamo, 0, CELEBRITY_FOLLOWERS)

    def hear(self, done: Committed) -> None:
        """Takes in what a write said."""
        self.events.extend(done.events)


async def _accounts(tx: Tx, count: int) -> list[int]:
    joined = [tx.mint() for _ in range(count)]
    for user_id in joined:
        user: Item = {
            "handle": f"u{user_id % 10**9}",
            "name": "Name",
            "bio": "",
            "protected": False,
            "state": 0,
        }
        tx.put(tables.USERS, {"user_id": user_id, **user}, where=ABSENT)
    return joined


@asynccontextmanager
async def opened_in_dynamodb(url: str) -> AsyncIterator[ClusterCircle]:
    """A circle in tables of its own."""
    used = (
        tables.USERS,
        tables.EDGES,
        *LISTS,
        tables.MOST_FOLLOWED,
        tables.CELEBRITIES,
        tables.COUNTS,
        tables.DELTAS,
        tables.OUTBOX,
        tables.RATE_WINDOWS,
        tables.IDEMPOTENCY_KEYS,
        tables.TWEETS,
        tables.REPLIES,
        tables.LIKES,
        tables.RETWEETS,
    )
    async with tables_of_its_own(url, used) as dynamo:
        circle = ClusterCircle(dynamo=dynamo, facts=ClusterFacts(dynamo), follows=ClusterFollows(dynamo))
        dynamo.on_commit.append(circle.hear)
        yield circle
