"""Reading on the event loop: short snapshots of the truth and the feeds, and the news that keeps caches exact.

A read is BEGIN, a look at `data_version`, and only where that moved the new outbox rows; what they name is dropped from
the caches before anything is read. Nothing awaits inside a snapshot, so one connection serves the whole loop.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

import apsw

from rookery.core.events import Event, Kind
from rookery.engines.embedded.connections import (
    EVENT_COLUMNS,
    Files,
    end_reading,
    rows_at_once,
    rows_of,
    unavailable,
)

NEWS_MAX = 20_000  # more new events than this drop the caches whole
_NEWS = "SELECT * FROM main.outbox WHERE event_id > ? ORDER BY event_id LIMIT ?"


class Snapshots:
    """The event loop's read connection to core.db, with feed.db attached."""

    def __init__(self, files: Files) -> None:
        self.connection = files.connect("core", attach=["feed"])
        self.on_event: list[Callable[[Event], None]] = []
        self.on_lost: list[Callable[[], None]] = []
        self.position = self._last_event()
        self.version = 0  # changes with core.db, as far as the news have been taken in
        self._looked = False
        self._snapshot = _Snapshot(self.connection, self._refresh)

    def open(self) -> AbstractContextManager[apsw.Connection]:
        """A snapshot that holds every write answered before, in any process.

        Raises Problem `engine_unavailable` where it cannot be read.
        """
        return self._snapshot

    def look(self) -> None:
        """Takes in the news without reading anything else."""
        with self.open():
            pass

    def freshen(self) -> None:
        """Takes in the news unless that was done in this turn of the event loop: exact for whoever only asks caches.

        A request that was sent, and a write that was answered, after such a look runs in a later turn, because the loop
        carries out what it is given in order; so it is behind the call that ends this one.
        """
        if self._looked:
            return
        if rows_of(self.connection, "PRAGMA main.data_version")[0][0] != self.version:
            self.look()
        self._looked = True
        asyncio.get_running_loop().call_soon(self._end_turn)

    def close(self) -> None:
        """Closes the connection."""
        self.connection.close()

    def _end_turn(self) -> None:
        self._looked = False

    def _refresh(self) -> None:
        version = rows_of(self.connection, "PRAGMA main.data_version")[0][0]
        if version == self.version:
            return
        news = rows_at_once(self.connection, EVENT_COLUMNS, _NEWS, (self.position, NEWS_MAX))
        if len(news) == NEWS_MAX or self._trimmed() > self.position:
            self._lose()
            self.version = version
            return
        for event_id, kind, actor, subject, other, backdated in news:
            event = Event(event_id, Kind(kind), actor, subject, other, bool(backdated))
            for take in self.on_event:
                take(event)
            self.position = event_id
        self.version = version

    def _lose(self) -> None:
        for drop in self.on_lost:
            drop()
        self.position = self._last_event()

    def _last_event(self) -> int:
        return int(
            rows_of(
                self.connection,
                "SELECT max(coalesce((SELECT max(event_id) FROM main.outbox), 0), "
                "coalesce((SELECT value FROM main.meta WHERE name = 'outbox_trimmed'), 0))",
            )[0][0]
        )

    def _trimmed(self) -> int:
        rows = rows_of(self.connection, "SELECT value FROM main.meta WHERE name = 'outbox_trimmed'")
        return int(rows[0][0]) if rows else 0


class _Snapshot(AbstractContextManager[apsw.Connection]):
    """A read transaction on the loop's connection, begun with `refresh`; one at a time. (As a generator it would cost
    twice the time.)"""

    def __init__(self, connection: apsw.Connection, refresh: Callable[[], None]) -> None:
        self._connection = connection
        self._refresh = refresh

    def __enter__(self) -> apsw.Connection:
        self._connection.execute("BEGIN")
        try:
            self._refresh()
        except BaseException as fault:
            self._end(fault)
            raise
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(fault)

    def _end(self, fault: BaseException | None) -> None:
        end_reading(self._connection)
        if isinstance(fault, apsw.Error) and (problem := unavailable(fault)) is not None:
            raise problem from fault
