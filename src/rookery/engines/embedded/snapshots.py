"""Reading on the event loop: short snapshots of the truth and the feeds, and the news that keeps caches exact.

A read is BEGIN, a look at `data_version`, and only where that moved the new outbox rows; what they name is dropped from
the caches before anything is read. Nothing awaits inside a snapshot, so one connection serves the whole loop.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

from rookery.core.events import Event, Kind
from rookery.engines.embedded.connections import Files, rows_of

NEWS_MAX = 20_000  # more new events than this drop the caches whole


class Snapshots:
    """The event loop's read connection to core.db, with feed.db attached."""

    def __init__(self, files: Files) -> None:
        self.connection = files.connect("core", attach=["feed"])
        self.on_event: list[Callable[[Event], None]] = []
        self.on_lost: list[Callable[[], None]] = []
        self.position = self._last_event()
        self._version = 0

    @contextmanager
    def open(self) -> Iterator[apsw.Connection]:
        """A snapshot that holds every write answered before, in any process."""
        self.connection.execute("BEGIN")
        try:
            self._refresh()
            yield self.connection
        finally:
            self.connection.execute("COMMIT")

    def look(self) -> None:
        """Takes in the news without reading anything else."""
        with self.open():
            pass

    def close(self) -> None:
        """Closes the connection."""
        self.connection.close()

    def _refresh(self) -> None:
        version = rows_of(self.connection, "PRAGMA main.data_version")[0][0]
        if version == self._version:
            return
        self._version = version
        news = rows_of(
            self.connection,
            "SELECT event_id, kind, actor, subject, other, backdated FROM main.outbox WHERE event_id > ? "
            "ORDER BY event_id LIMIT ?",
            (self.position, NEWS_MAX),
        )
        if len(news) == NEWS_MAX or self._trimmed() > self.position:
            self._lose()
            return
        for event_id, kind, actor, subject, other, backdated in news:
            event = Event(event_id, Kind(kind), actor, subject, other, bool(backdated))
            for take in self.on_event:
                take(event)
            self.position = event_id

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
