"""Searches of search.db, on a connection that has core.db attached."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import NamedTuple

import apsw

from rookery.core.geo import Place
from rookery.core.ids import ID_MAX, first_id_at
from rookery.core.query import Query, text_matches
from rookery.engines.embedded.connections import Row, id_list, rows_of
from rookery.engines.embedded.search_match import expression, phrase
from rookery.services.search.cost import affordable
from rookery.services.search.people import Run

LOOKED_MAX = 50_000  # rows in the cells of a place that one search looks at: some 30 ms
READ_MAX = 5_000  # rows that one search looks at where it reads their texts: some 150 ms

_FOUND = """
SELECT t.rowid FROM main.texts t WHERE t.texts MATCH ? AND t.rowid BETWEEN ? AND ? ORDER BY t.rowid DESC LIMIT ?"""
_FOUND_WITH_PLACE = """
SELECT t.rowid, p.latitude, p.longitude FROM main.texts t CROSS JOIN main.places p ON p.tweet_id = t.rowid
WHERE t.texts MATCH ? AND t.rowid BETWEEN ? AND ? ORDER BY t.rowid DESC"""
_PEOPLE = """
SELECT p.rowid FROM main.people p WHERE p.people MATCH ? AND p.rowid BETWEEN ? AND ?
ORDER BY p.rowid DESC LIMIT ?"""
_TEXT = """
SELECT content FROM core.tweets WHERE tweet_id = ?1 UNION ALL SELECT content FROM core.replies WHERE reply_id = ?1"""
_SCORES = """
SELECT j.value, coalesce(c.likes + c.retweets, 0) + coalesce(r.replies, 0)
FROM json_each(?) j LEFT JOIN core.tweet_counts c ON c.tweet_id = j.value
  LEFT JOIN core.reply_counts r ON r.tweet_id = j.value"""
_PEOPLE_WITH_FOLLOWERS = """
SELECT p.rowid, coalesce((SELECT f.followers FROM core.follow_counts f WHERE f.user_id = p.rowid), 0)
FROM main.people p WHERE p.people MATCH ? AND p.rowid BETWEEN ? AND ? ORDER BY p.rowid DESC LIMIT ?"""


class Finding(NamedTuple):
    """The ids found, newest first. `stopped_at` is how far down a search has looked that ended before it found enough
    or came to its end, else 0."""

    ids: list[int]
    stopped_at: int = 0


def find(
    connection: apsw.Connection, query: Query, place: Place | None, low: int, high: int, limit: int
) -> Finding:
    """The newest tweets and replies that a search finds between two ids, both included."""
    asked = affordable(query)
    terms = None if query.finds_nothing(place) else expression(connection, asked, place)
    if terms is None:
        return Finding([])
    if query.since_ms is not None:
        low = max(low, first_id_at(query.since_ms))
    if query.until_ms is not None:
        high = min(high, first_id_at(query.until_ms) - 1)
    exact = asked == query
    if place is None and exact:
        return Finding([row[0] for row in rows_of(connection, _FOUND, (terms, low, high, limit))])

    def holds(one: int, *where: float) -> bool:
        inside = place is None or place.contains(*where)
        return inside and (exact or text_matches(query, _text(connection, one)))

    found = (_FOUND, (terms, low, high, -1)) if place is None else (_FOUND_WITH_PLACE, (terms, low, high))
    with closing(connection.execute(*found)) as rows:
        return _sift(rows, holds, limit, LOOKED_MAX if exact else READ_MAX)


def _sift(rows: Iterable[Row], holds: Callable[..., bool], limit: int, looked_max: int) -> Finding:
    """The ids of those of the rows for which it holds."""
    ids: list[int] = []
    for looked, row in enumerate(rows, 1):
        if holds(*row):
            ids.append(row[0])
            if len(ids) == limit:
                break
        if looked == looked_max:
            return Finding(ids, row[0])
    return Finding(ids)


def _text(connection: apsw.Connection, tweet_id: int) -> str:
    rows = rows_of(connection, _TEXT, (tweet_id,))
    return str(rows[0][0]) if rows else ""


def find_people(
    connection: apsw.Connection, sought: Sequence[Run], low: int, high: int, limit: int
) -> list[int]:
    """The newest accounts that a search finds between two ids, both included, newest first."""
    if not sought:
        return []
    return [row[0] for row in rows_of(connection, _PEOPLE, (_beginnings(sought), low, high, limit))]


def followed_people(connection: apsw.Connection, sought: Sequence[Run], limit: int) -> list[tuple[int, int]]:
    """The newest accounts that a search finds, newest first, each with the number of its followers."""
    if not sought:
        return []
    return rows_of(connection, _PEOPLE_WITH_FOLLOWERS, (_beginnings(sought), 0, ID_MAX, limit))


def scores(connection: apsw.Connection, tweet_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Each tweet or reply with its likes, replies and retweets added up."""
    return rows_of(connection, _SCORES, (id_list(tweet_ids),))


def _beginnings(sought: Sequence[Run]) -> str:
    return " AND ".join(f"{phrase(run)} *" for run in sought)
