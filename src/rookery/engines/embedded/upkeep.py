"""What follows a write later: sweeps and erasure by the services, and the ageing of the outbox, keys and rate windows.

Runs on the event loop of the one process that holds the lock.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Sequence
from typing import Protocol

import structlog

from rookery.core.events import Event, Kind
from rookery.core.ids import first_id_at
from rookery.engines.embedded.admission import KEY_KEPT_MS
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.projection import LOCK_WAIT_S, offsets
from rookery.engines.embedded.snapshots import Snapshots
from rookery.engines.embedded.turns import upkeep_lock

LOOK_EVERY_S = 0.05
AGE_EVERY_S = 60.0
AGED_MAX = 5_000  # rows that leave in one write
KINDS = (Kind.CONTENT_DELETED, Kind.ACCOUNT_OPENED, Kind.ACCOUNT_DELETED)
_log = structlog.get_logger()

_OLD_KEYS = """
DELETE FROM idempotency_keys WHERE (account, key) IN
  (SELECT account, key FROM idempotency_keys WHERE at_ms < ? LIMIT ?)"""
_ENDED_WINDOWS = """
DELETE FROM rate_windows WHERE (what, subject) IN (SELECT what, subject FROM rate_windows WHERE ends_ms < ? LIMIT ?)"""


class Upkeep(Protocol):
    """A service's part; an event may come twice."""

    async def on_event(self, event: Event) -> None:
        """Does what follows the event."""


class UpkeepRunner:
    """Brings the events of sweeps and erasure to the services, and lets old rows go."""

    def __init__(
        self,
        files: Files,
        database: Database,
        snapshots: Snapshots,
        parts: Sequence[Upkeep],
        outbox_keep_ms: int,
    ) -> None:
        self._files = files
        self._database = database
        self._snapshots = snapshots
        self._parts = parts
        self._outbox_keep_ms = outbox_keep_ms
        self._lock = upkeep_lock(files.folder)
        self._position = 0
        self._woken = asyncio.Event()
        snapshots.on_event.append(self._notice)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def wake(self) -> None:
        """Says that there is something to do; called on the loop."""
        self._woken.set()

    def _notice(self, event: Event) -> None:
        if event.kind in KINDS:
            self.wake()

    async def close(self) -> None:
        """Stops; what is left is done after the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        os.close(self._lock)

    async def _run(self) -> None:
        await self._lock_when_free()
        known, aged_at = False, 0.0
        clock = asyncio.get_running_loop().time
        while True:
            try:
                if not known:
                    self._position = await self._database.write(lambda tx: _value(tx, "upkeep_offset"))
                    known = True
                await self._take_events()
                if clock() - aged_at > AGE_EVERY_S:
                    await self._age()
                    aged_at = clock()
            except Exception:  # noqa: BLE001 - whatever failed is tried again: the offset stays where it was
                _log.exception("upkeep_fault")
                await asyncio.sleep(1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):  # wait_for loses a cancel that comes with a wake
                    await self._woken.wait()
            self._woken.clear()

    async def _lock_when_free(self) -> None:
        while True:
            try:
                return fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                await asyncio.sleep(LOCK_WAIT_S)

    async def _take_events(self) -> None:
        with self._snapshots.open() as connection:
            last = rows_of(connection, "SELECT max(event_id) FROM outbox")[0][0] or 0
            rows = rows_of(
                connection,
                "SELECT event_id, kind, actor, subject, other FROM outbox WHERE event_id > ? AND event_id <= ? "
                "AND kind IN (?, ?, ?) ORDER BY event_id",
                (self._position, last, *map(int, KINDS)),
            )
        for event_id, kind, *rest in rows:
            event = Event(event_id, Kind(kind), *rest)
            for part in self._parts:
                await part.on_event(event)
            self._position = event_id
        if rows:
            await self._database.write(lambda tx: _keep_offset(tx, self._position))
        self._position = max(self._position, last)

    async def _age(self) -> None:
        """Lets events go that are old and passed by every projector, keys older than a day, and ended windows."""
        names = ("feed", "search")
        reached = await asyncio.get_running_loop().run_in_executor(None, offsets, self._files, names)
        passed = min(self._position, *(one or 0 for one in reached.values()))
        position = self._position

        def work(tx: Tx) -> bool:
            _keep_offset(tx, position)
            bound = min(passed, first_id_at(tx.now_ms - self._outbox_keep_ms))
            gone = tx.execute(
                "DELETE FROM outbox WHERE event_id IN (SELECT event_id FROM outbox WHERE event_id <= ? "
                "ORDER BY event_id LIMIT ?) RETURNING event_id",
                (bound, AGED_MAX),
            )
            if gone:
                tx.execute(
                    "UPDATE meta SET value = max(value, ?) WHERE name = 'outbox_trimmed'",
                    (max(row[0] for row in gone),),
                )
            left = [len(gone)]
            for sql, before_ms in ((_OLD_KEYS, tx.now_ms - KEY_KEPT_MS), (_ENDED_WINDOWS, tx.now_ms)):
                tx.execute(sql, (before_ms, AGED_MAX))
                left.append(tx.changed())
            return AGED_MAX in left

        while await self._database.write(work):
            pass


def _value(tx: Tx, name: str) -> int:
    return int(tx.execute("SELECT value FROM meta WHERE name = ?", (name,))[0][0])


def _keep_offset(tx: Tx, position: int) -> None:
    tx.execute("UPDATE meta SET value = ? WHERE name = 'upkeep_offset'", (position,))
