"""Timeline fan-out: writes an entry into the feed of everyone who follows the author and has a feed."""

import apsw

from rookery.core.events import Event, Kind
from rookery.core.ids import time_ms
from rookery.engines.embedded.connections import rows_of

TRIM_EVERY_ROWS = 50  # one feed is looked at for so many rows written

_FAN_OUT = """
INSERT OR IGNORE INTO main.entries
SELECT h.viewer_id, ?2, ?3 FROM core.edges e CROSS JOIN main.headers h ON h.viewer_id = e.viewer_id
WHERE e.other_id = ?1 AND e.follow_id IS NOT NULL ORDER BY e.viewer_id"""
_OWN = "INSERT OR IGNORE INTO main.entries SELECT viewer_id, ?2, ?3 FROM main.headers WHERE viewer_id = ?1"
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
        values = (event.actor, event.subject, original)
        connection.execute(_OWN, values)
        if self._merged_at_read(connection, event):
            return 1
        connection.execute(_FAN_OUT, values)
        return connection.changes() + 1

    def _merged_at_read(self, connection: apsw.Connection, event: Event) -> bool:
        rows = rows_of(
            connection, "SELECT celebrity_ms FROM core.follow_counts WHERE user_id = ?", (event.actor,)
        )
        flagged = rows[0][0] if rows else None
        return flagged is not None and time_ms(event.event_id) > flagged + self._grace_ms

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
