"""Purging: FTS5 only marks what is deleted, and its terms stay in the file until their segments are merged.

Some time after a delete, all segments are merged into one, step by step beside the daily work. Source of the merge
command: https://sqlite.org/fts5.html, The 'merge' Command.
"""

import apsw

from rookery.core.clock import now_ms
from rookery.engines.embedded.connections import rows_of

AFTER_MS = 3_600_000  # how long deletes are gathered
STEP_PAGES = 100  # of 4 KB, a step: some 10 ms
_DONE_BELOW = 2  # changes by a merge that had nothing to do
_TABLES = ("texts", "people")


class Purge:
    """What has to be purged, and how far that has come. Two marks in `meta` outlive the process: `purge_ms`, when what
    was deleted is due, and `purging`, while a purge is under way."""

    def __init__(self) -> None:
        self._left: list[str] = []
        self._begins = False

    def note(self, connection: apsw.Connection) -> None:
        """Says that something was deleted."""
        connection.execute("INSERT OR IGNORE INTO main.meta VALUES ('purge_ms', ?)", (now_ms() + AFTER_MS,))

    def due(self, connection: apsw.Connection) -> bool:
        """Whether there is something to purge now."""
        return bool(
            rows_of(
                connection,
                "SELECT 1 FROM main.meta WHERE name = 'purging' OR (name = 'purge_ms' AND value <= ?)",
                (now_ms(),),
            )
        )

    def step(self, connection: apsw.Connection) -> None:
        """A bounded step. A delete after the first one leaves a mark of its own."""
        if not self._left:
            connection.execute("UPDATE OR REPLACE main.meta SET name = 'purging' WHERE name = 'purge_ms'")
            self._left, self._begins = [*_TABLES], True
        table = self._left[0]
        before = connection.total_changes()
        connection.execute(
            f"INSERT INTO main.{table} ({table}, rank) VALUES ('merge', ?)",  # noqa: S608
            (-STEP_PAGES if self._begins else STEP_PAGES,),
        )
        self._begins = connection.total_changes() - before < _DONE_BELOW
        if self._begins:
            self._left.pop(0)
        if not self._left:
            connection.execute("DELETE FROM main.meta WHERE name = 'purging'")
