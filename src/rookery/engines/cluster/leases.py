"""Leases: which process does what only one should do. They save work; what is done must be right even when two do it,
since clocks differ and a process may be held up."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from rookery.core.clock import now_ms
from rookery.core.errors import Problem
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.tables import LEASES, Item, Value
from rookery.engines.cluster.tx import ABSENT, Tx

MOVING = "move"  # the lease of who moves a data folder into the tables: `source`, `position`, `done`
LASTS_MS = 15_000
KEEP_EVERY_S = 3.0


class Lease:
    """A lease by name, and what one holder passes on to the next."""

    def __init__(self, dynamo: Dynamo, name: str) -> None:
        self._dynamo = dynamo
        self._name = name
        self._holder = secrets.token_hex(8)
        self._until_ms = 0

    @property
    def taken(self) -> bool:
        """Whether this process took it and has not heard of another that did."""
        return self._until_ms > 0

    @property
    def held(self) -> bool:
        """Whether it is this process's now."""
        return now_ms() < self._until_ms

    async def take(self) -> Item | None:
        """Takes the lease and returns what the last holder passed on; None where another has it."""

        async def work(tx: Tx) -> Item | None:
            row = await tx.get(LEASES, self._name)
            if row is not None and int(row["until_ms"]) > tx.now_ms and row["holder"] != self._holder:
                return None
            before = ABSENT if row is None else {"holder": row["holder"], "until_ms": row["until_ms"]}
            tx.update(LEASES, self._name, set_to={"holder": self._holder, "until_ms": until_ms}, where=before)
            return row or {}

        until_ms = now_ms() + LASTS_MS
        row = await self._dynamo.write(work)
        self._until_ms = 0 if row is None else until_ms
        return row

    async def keep(self, passed_on: Mapping[str, Value | None]) -> bool:
        """Holds on to the lease, and writes what is to be passed on; False where it was lost."""
        return await self._write(now_ms() + LASTS_MS, passed_on)

    async def release(self, passed_on: Mapping[str, Value | None] | None = None) -> None:
        """Lets another have it at once, and writes what is to be passed on."""
        if self.taken:
            await self._write(0, passed_on or {})

    async def _write(self, until_ms: int, passed_on: Mapping[str, Value | None]) -> bool:
        lost = Problem("engine_unavailable", "Another process has this lease.")

        async def work(tx: Tx) -> None:
            changes = {"until_ms": until_ms, **passed_on}
            tx.update(LEASES, self._name, set_to=changes, where={"holder": self._holder}, refused=lost)

        try:
            await self._dynamo.write(work)
        except Problem as problem:
            if problem is not lost:
                raise
            self._until_ms = 0
            return False
        self._until_ms = until_ms
        return True


@asynccontextmanager
async def held(dynamo: Dynamo, name: str, taken: Exception) -> AsyncIterator[tuple[Lease, Item]]:
    """A lease for as long as the block runs, and what the last holder passed on. Raises `taken` where another has
    it."""
    lease = Lease(dynamo, name)
    row = await lease.take()
    if row is None:
        raise taken

    async def keep() -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            await lease.keep({})

    keeping = asyncio.create_task(keep())
    try:
        yield lease, row
    finally:
        keeping.cancel()
        await lease.release()
