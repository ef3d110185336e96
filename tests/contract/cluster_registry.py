"""A registry in DynamoDB."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rookery.core.events import Event, Kind
from rookery.engines.cluster import tables
from rookery.engines.cluster.accounts import ClusterAccounts
from rookery.engines.cluster.attempts import ClusterAttempts
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number
from rookery.engines.cluster.ledger import ClusterLedger
from rookery.engines.cluster.sessions import ALIVE_S, ClusterSessions
from rookery.engines.cluster.signing_keys import ClusterKeys
from rookery.engines.cluster.tables import Item, Table
from rookery.engines.cluster.tx import Tx
from tests.contract.registry import Registry
from tests.engines.cluster.calls import another
from tests.tabling import tables_of_its_own

USED = (
    tables.USERS,
    tables.HANDLES,
    tables.CREDENTIALS,
    tables.SESSIONS,
    tables.SESSION_KEYS,
    tables.SIGNING_KEYS,
    tables.REQUESTS_TO,
    tables.OUTBOX,
    tables.RATE_WINDOWS,
    tables.IDEMPOTENCY_KEYS,
)


class ClusterRegistry(Registry):
    """One of the processes that share tables."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo
        self.accounts, self.sessions = ClusterAccounts(dynamo), ClusterSessions(dynamo)
        self.attempts, self.keys = ClusterAttempts(dynamo), ClusterKeys(dynamo)
        self.ledger = ClusterLedger(dynamo)

    async def settle(self) -> None:
        """See Registry."""
        await asyncio.sleep(ALIVE_S)

    async def outbox(self) -> list[Event]:
        """See Registry."""
        events = [
            Event(
                number(row, "event_id"),
                Kind(number(row, "kind")),
                number(row, "actor"),
                number(row, "subject"),
                number(row, "other"),
            )
            for row in await self._rows(tables.OUTBOX)
        ]
        return sorted(events, key=lambda event: event.event_id)

    async def users(self) -> list[tuple[str, str, str, bool, int]]:
        """See Registry."""
        return [
            (
                str(row["handle"]),
                str(row["name"]),
                str(row["bio"]),
                bool(row["protected"]),
                number(row, "state"),
            )
            for row in await self._rows(tables.USERS)
        ]

    async def secrets_kept(self) -> tuple[int, int]:
        """See Registry."""
        credentials = await self._rows(tables.CREDENTIALS)
        return sum("password_hash" in row for row in credentials), len(await self._rows(tables.SESSIONS))

    async def age_sessions(self, by_ms: int) -> None:
        """See Registry."""
        rows = await self._rows(tables.SESSIONS)

        async def work(tx: Tx) -> None:
            for row in rows:
                tx.update(tables.SESSIONS, row["user_id"], row["session_id"], add={"used_ms": -by_ms})

        await self._dynamo.write(work)

    async def used(self) -> dict[str, int]:
        """See Registry."""
        rows = await self._rows(tables.RATE_WINDOWS)
        return {str(row["name"]).split("#")[1]: number(row, "used") for row in rows}

    async def begin_windows(self, at_ms: int) -> None:
        """See Registry."""
        rows = await self._rows(tables.RATE_WINDOWS)

        async def work(tx: Tx) -> None:
            for row in rows:
                tx.update(tables.RATE_WINDOWS, row["name"], set_to={"start_ms": at_ms})

        await self._dynamo.write(work)

    async def _rows(self, table: Table) -> list[Item]:
        return [row async for row in self._dynamo.scan(table)]


@asynccontextmanager
async def two_in_dynamodb(url: str) -> AsyncIterator[tuple[Registry, Registry]]:
    """Two processes that share tables."""
    async with tables_of_its_own(url, USED) as dynamo:
        yield ClusterRegistry(dynamo), ClusterRegistry(another(dynamo))
