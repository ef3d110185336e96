"""Timeline fan-out: writes an entry into the feed of everyone who follows the author and has a feed."""

import apsw

from rookery.core.events import Event, Kind
from rookery.core.ids import time_ms
from rookery.engines.embedded.connections import rows_of

TRIM_EVERY_ROWS = 50  # one feed is looked at for so many rows written

_FAN_OUT = """
INSERT OR IGNORE INTO main.entries
SELECT h.viewer_id, ?2, ?3 FROM (
  SELECT viewer_id FROM core.edges WHERE other_id = ?1 AND follow_id IS NOT NULL AND NOT ?4 UNION ALL SELECT ?1
) f CROSS JOIN main.headers h ON h.viewer_id = f.viewer_id ORDER BY 1"""
_CELEBRITIES = "SELECT user_id, celebrity_ms FROM core.follow_counts WHERE celebrity_ms IS NOT NULL"
_ORIGINAL = "SELECT original_id FROM core.tweets WHERE tweet_id = ? AND deleted = 0"
_NEXT_HEADER = "SELECT viewer_id FROM main.headers WHERE viewer_id > ? ORDER BY viewer_id LIMIT 1"
_NTH = "SELECT tweet_id FROM main.entries WHERE viewer_id = ? ORDER BY tweet_id DESC LIMIT 1 OFFSET ?"


class FeedProjection:
    """The `feed` projection. A feed keeps at most some `keep` entries; `trust` of them are left when it is trimmed.
    Fan-out of a celebrity's tweets ends `grace_ms` after the flag: by then every process merges them at read."""

    name = "feed"

    def __init__(self, *, keep: int = 900, trust: int = 800, grace_ms: int = 60_000) -> None:
        self._keep = keep
        self._trust = trust
        self._grace_ms = grace_ms
        self._celebrities: dict[int, int] | None = None  # since when, as the truth is in the batch's snapshot
        self._unspent = 0
        self._swept_to = 0

    def apply(self, connection: apsw.Connection, event: Event) -> int:
        """See Projection."""
        match event.kind:
            case Kind.TWEET_CREATED | Kind.REPLY_CREATED | Kind.RETWEET_CREATED:
                return self._fan_out(connection, event)
            case Kind.FOLLOWED | Kind.ACCOUNT_DELETED:
                return _drop(connection, event.subject)
            case _:
                return 0

    def rebuild(self, connection: apsw.Connection) -> None:
        """See Projection. Without headers every feed is pulled, and built when it is next read."""
        connection.execute("DELETE FROM main.entries")
        connection.execute("DELETE FROM main.headers")

    def tidy(self, connection: apsw.Connection, rows: int) -> None:
        """See Projection. Trims feeds in turn, so that each is looked at once per TRIM_EVERY_ROWS rows a feed."""
        self._celebrities = None
        self._unspent += rows
        for _ in range(self._unspent // TRIM_EVERY_ROWS):
            found = rows_of(connection, _NEXT_HEADER, (self._swept_to,))
            self._swept_to = found[0][0] if found else 0
            if found:
                self._trim(connection, self._swept_to)
        self._unspent %= TRIM_EVERY_ROWS

    def rest(self, connection: apsw.Connection) -> bool:
        """See Projection. Feeds are trimmed as they are written, so nothing waits."""
        return False

    def _fan_out(self, connection: apsw.Connection, event: Event) -> int:
        original = 0
        if event.kind == Kind.RETWEET_CREATED:
            rows = rows_of(connection, _ORIGINAL, (event.subject,))
            if not rows:
                return 0
            original = rows[0][0]
        merged = self._merged_at_read(connection, event)
        connection.execute(_FAN_OUT, (event.actor, event.subject, original, merged))
        return connection.changes() + 1

    def _merged_at_read(self, connection: apsw.Connection, event: Event) -> bool:
        if self._celebrities is None:
            self._celebrities = dict(rows_of(connection, _CELEBRITIES))
        flagged_ms = self._celebrities.get(event.actor)
        return flagged_ms is not None and time_ms(event.event_id) > flagged_ms + self._grace_ms

    def _trim(self, connection: apsw.Connection, viewer: int) -> None:
        if not rows_of(connection, _NTH, (viewer, self._keep)):
            return
        floor = rows_of(connection, _NTH, (viewer, self._trust - 1))[0][0]
        connection.execute(
            "UPDATE main.headers SET floor = max(floor, ?) WHERE viewer_id = ?", (floor, viewer)
        )
        connection.execute("DELETE FROM main.entries WHERE viewer_id = ? AND tweet_id < ?", (viewer, floor))


def _drop(connection: apsw.Connection, viewer: int) -> int:
    connection.execute("DELETE FROM main.headers WHERE viewer_id = ?", (viewer,))
    connection.execute("DELETE FROM main.entries WHERE viewer_id = ?", (viewer,))
    return connection.changes() + 1
