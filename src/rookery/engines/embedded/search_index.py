"""Keeping the index: what a batch of events touched is read once from the truth, and written in the order of ids.

Order matters: FTS5 gathers ascending rowids in memory and starts a new segment at each step down.
"""

import time
from collections.abc import Iterator, Sequence

import apsw

from rookery.core.clock import now_ms
from rookery.core.entities import AccountState
from rookery.core.events import Event, Kind
from rookery.engines.embedded import trends
from rookery.engines.embedded.connections import id_list, rows_of
from rookery.engines.embedded.search_purge import Purge
from rookery.engines.embedded.search_terms import person_terms, text_terms
from rookery.services.search.indexing import (
    ACCOUNT_KINDS,
    CONTENT_KINDS,
    TREND_KINDS,
    IndexedText,
    day_before,
)

CHUNK = 2_000  # texts or accounts that a rebuild holds in memory
REST_EVERY_S = 1.0

_TEXTS = """
SELECT t.tweet_id, t.owner_id, 0, t.content, t.links, t.latitude, t.longitude, u.state = ?2 AND u.protected = 0
FROM json_each(?1) j JOIN core.tweets t ON t.tweet_id = j.value JOIN core.users u ON u.user_id = t.owner_id
WHERE t.deleted = 0 AND t.original_id = 0
UNION ALL
SELECT r.reply_id, r.owner_id, r.parent_owner_id, r.content, r.links, r.latitude, r.longitude,
  u.state = ?2 AND u.protected = 0
FROM json_each(?1) j JOIN core.replies r ON r.reply_id = j.value JOIN core.users u ON u.user_id = r.owner_id
WHERE r.deleted = 0 ORDER BY 1"""
_PEOPLE = """
SELECT u.user_id, u.handle, u.name FROM json_each(?) j JOIN core.users u ON u.user_id = j.value
WHERE u.state = ? ORDER BY 1"""
_RECENT = """
SELECT tweet_id FROM core.tweets WHERE owner_id = ?1 AND deleted = 0 AND tweet_id >= ?2
UNION ALL SELECT reply_id FROM core.replies WHERE owner_id = ?1 AND deleted = 0 AND reply_id >= ?2"""
ALL_TEXTS = """
SELECT tweet_id FROM core.tweets WHERE tweet_id > ?1 AND deleted = 0 AND original_id = 0
UNION ALL SELECT reply_id FROM core.replies WHERE reply_id > ?1 AND deleted = 0 ORDER BY 1 LIMIT ?2"""
ALL_PEOPLE = "SELECT user_id FROM core.users WHERE user_id > ? AND state = 0 ORDER BY 1 LIMIT ?"


class SearchProjection:
    """The `search` projection. `apply` only notes what an event touches; `tidy` writes it, in the same transaction."""

    name = "search"

    def __init__(self) -> None:
        self._texts: set[int] = set()
        self._people: set[int] = set()
        self._purge = Purge()
        self._rested_at = 0.0

    def apply(self, connection: apsw.Connection, event: Event) -> int:
        """See Projection."""
        noted = len(self._texts) + len(self._people)
        if event.kind in CONTENT_KINDS:
            self._texts.add(event.subject)
        if event.kind in ACCOUNT_KINDS:
            self._people.add(event.subject)
        if event.kind in TREND_KINDS:
            recent = rows_of(connection, _RECENT, (event.subject, day_before(now_ms())))
            self._texts.update(row[0] for row in recent)
        if event.kind in (Kind.CONTENT_DELETED, Kind.ACCOUNT_DELETED):
            self._purge.note(connection)
        return len(self._texts) + len(self._people) - noted

    def rebuild(self, connection: apsw.Connection) -> None:
        """See Projection."""
        empty(connection)
        for ids in chunks(connection, ALL_TEXTS):
            write_texts(connection, ids)
        for ids in chunks(connection, ALL_PEOPLE):
            write_people(connection, ids)
        merge_all(connection)

    def tidy(self, connection: apsw.Connection, rows: int) -> None:
        """See Projection."""
        write_texts(connection, sorted(self._texts))
        write_people(connection, sorted(self._people))
        self._texts.clear()
        self._people.clear()
        self._upkeep(connection)

    def rest(self, connection: apsw.Connection) -> bool:
        """See Projection. About once a second, and without a pause while there is more."""
        if time.monotonic() < self._rested_at + REST_EVERY_S:
            return False
        if self._behind(connection):
            connection.execute("BEGIN IMMEDIATE")
            self._upkeep(connection)
            connection.execute("COMMIT")
        if self._behind(connection):
            return True
        self._rested_at = time.monotonic()
        return False

    def _behind(self, connection: apsw.Connection) -> bool:
        return self._purge.due(connection) or trends.has_expired(connection, day_before(now_ms()))

    def _upkeep(self, connection: apsw.Connection) -> None:
        """A bounded step of letting go: trends of yesterday, and the terms of what was deleted."""
        trends.expire(connection, day_before(now_ms()))
        if self._purge.due(connection):
            self._purge.step(connection)


def merge_all(connection: apsw.Connection) -> None:
    """Leaves one segment of each index: every term is then one list, which halves the time of searches for a place."""
    connection.execute("INSERT INTO main.texts (texts) VALUES ('optimize')")
    connection.execute("INSERT INTO main.people (people) VALUES ('optimize')")


def chunks(connection: apsw.Connection, sql: str) -> Iterator[list[int]]:
    """The ids of ALL_TEXTS or ALL_PEOPLE, ascending, some at a time."""
    last = 0
    while ids := [row[0] for row in rows_of(connection, sql, (last, CHUNK))]:
        yield ids
        last = ids[-1]


def texts_of(connection: apsw.Connection, ids: Sequence[int]) -> list[IndexedText]:
    """Those of the tweets and replies that belong into the index, by id."""
    rows = rows_of(connection, _TEXTS, (id_list(ids), int(AccountState.ACTIVE)))
    return [IndexedText(*row) for row in rows]


def people_of(connection: apsw.Connection, ids: Sequence[int]) -> list[tuple[int, Sequence[str]]]:
    """Those of the accounts that belong into the index, with their terms, by id."""
    rows = rows_of(connection, _PEOPLE, (id_list(ids), int(AccountState.ACTIVE)))
    return [(user_id, person_terms(handle, name)) for user_id, handle, name in rows]


def write_texts(connection: apsw.Connection, ids: Sequence[int]) -> None:
    """Makes the index say of these tweets and replies (ascending) what the truth says now."""
    if not ids:
        return
    texts = texts_of(connection, ids)
    gone = [(one,) for one in sorted(set(ids).difference(text.tweet_id for text in texts))]
    connection.executemany("DELETE FROM main.texts WHERE rowid = ?", gone)
    connection.executemany("DELETE FROM main.places WHERE tweet_id = ?", gone)
    connection.executemany(
        "INSERT OR REPLACE INTO main.texts (rowid, terms) VALUES (?,?)",
        ((text.tweet_id, " ".join(text_terms(text))) for text in texts),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO main.places VALUES (?,?,?)",
        ((text.tweet_id, text.latitude, text.longitude) for text in texts if text.latitude is not None),
    )
    since = day_before(now_ms())
    trends.keep_tags(connection, ids, [row for text in texts for row in trends.tag_rows(text, since)])


def write_people(connection: apsw.Connection, ids: Sequence[int]) -> None:
    """Makes the index say of these accounts (ascending) what the truth says now."""
    if not ids:
        return
    people = people_of(connection, ids)
    gone = sorted(set(ids).difference(user_id for user_id, _ in people))
    connection.executemany("DELETE FROM main.people WHERE rowid = ?", [(one,) for one in gone])
    connection.executemany(
        "INSERT OR REPLACE INTO main.people (rowid, terms) VALUES (?,?)",
        [(user_id, " ".join(terms)) for user_id, terms in people],
    )


def empty(connection: apsw.Connection) -> None:
    """Takes everything out of the index."""
    for table in ("texts", "people"):
        connection.execute(f"INSERT INTO main.{table} ({table}) VALUES ('delete-all')")  # noqa: S608
    for table in ("places", "tagged", "tag_counts"):
        connection.execute(f"DELETE FROM main.{table}")  # noqa: S608
