"""Searches of search.db, on a connection that has core.db attached."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import NamedTuple

import apsw

from rookery.core.entities import AccountState
from rookery.core.geo import Place, covering
from rookery.core.ids import first_id_at
from rookery.core.query import Query
from rookery.engines.embedded import search_terms
from rookery.engines.embedded.connections import Row, rows_of
from rookery.engines.embedded.search_terms import id_list
from rookery.services.search.people import Run

LOOKED_MAX = 50_000  # rows in the cells of a place that one search looks at: some 30 ms

_FOUND = """
SELECT t.rowid FROM main.texts t WHERE t.texts MATCH ? AND t.rowid BETWEEN ? AND ? ORDER BY t.rowid DESC LIMIT ?"""
_FOUND_WITH_PLACE = """
SELECT t.rowid, p.latitude, p.longitude FROM main.texts t CROSS JOIN main.places p ON p.tweet_id = t.rowid
WHERE t.texts MATCH ? AND t.rowid BETWEEN ? AND ? ORDER BY t.rowid DESC"""
_PEOPLE = """
SELECT p.rowid FROM main.people p WHERE p.people MATCH ? AND p.rowid BETWEEN ? AND ?
ORDER BY p.rowid DESC LIMIT ?"""
_HANDLE = "SELECT user_id FROM core.users WHERE handle_folded = ? AND state = ?"
_SCORES = """
SELECT j.value, coalesce(c.likes + c.retweets, 0) + coalesce(r.replies, 0)
FROM json_each(?) j LEFT JOIN core.tweet_counts c ON c.tweet_id = j.value
  LEFT JOIN core.reply_counts r ON r.tweet_id = j.value"""
_FOLLOWERS = """
SELECT j.value, coalesce(f.followers, 0)
FROM json_each(?) j LEFT JOIN core.follow_counts f ON f.user_id = j.value"""


class Finding(NamedTuple):
    """The ids found, newest first. `stopped_at` is how far down a search has looked that ended before it found enough
    or came to its end, else 0."""

    ids: list[int]
    stopped_at: int = 0


def find(
    connection: apsw.Connection, query: Query, place: Place | None, low: int, high: int, limit: int
) -> Finding:
    """The newest tweets and replies that a search finds between two ids, both included."""
    terms = None if query.finds_nothing(place) else expression(connection, query, place)
    if terms is None:
        return Finding([])
    if query.since_ms is not None:
        low = max(low, first_id_at(query.since_ms))
    if query.until_ms is not None:
        high = min(high, first_id_at(query.until_ms) - 1)
    if place is None:
        return Finding([row[0] for row in rows_of(connection, _FOUND, (terms, low, high, limit))])
    with closing(connection.execute(_FOUND_WITH_PLACE, (terms, low, high))) as rows:
        return _inside(rows, place, limit)


def _inside(rows: Iterable[Row], place: Place, limit: int) -> Finding:
    """Those of the rows that lie in the place."""
    inside: list[int] = []
    for looked, (one, latitude, longitude) in enumerate(rows, 1):
        if place.contains(latitude, longitude):
            inside.append(one)
            if len(inside) == limit:
                break
        if looked == LOOKED_MAX:
            return Finding(inside, one)
    return Finding(inside)


def find_people(
    connection: apsw.Connection, sought: Sequence[Run], low: int, high: int, limit: int
) -> list[int]:
    """The newest accounts that a search finds between two ids, both included, newest first."""
    if not sought:
        return []
    terms = " AND ".join(f"{_phrase(run)} *" for run in sought)
    return [row[0] for row in rows_of(connection, _PEOPLE, (terms, low, high, limit))]


def scores(connection: apsw.Connection, tweet_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Each tweet or reply with its likes, replies and retweets added up."""
    return rows_of(connection, _SCORES, (id_list(tweet_ids),))


def followers(connection: apsw.Connection, user_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Each account with the number of its followers."""
    return rows_of(connection, _FOLLOWERS, (id_list(user_ids),))


def expression(connection: apsw.Connection, query: Query, place: Place | None) -> str | None:
    """The search in FTS5's words; None where it names an account that is not there."""
    wanted = [_phrase(run) for run in query.phrases] + [_phrase([mark]) for mark in query.marks]
    for handle, term in ((query.author, search_terms.by), (query.answered, search_terms.answering)):
        if handle is not None:
            user_id = _active(connection, handle)
            if user_id is None:
                return None
            wanted.append(_phrase([term(user_id)]))
    if query.has_geo and place is None:
        wanted.append(_phrase([search_terms.HAS_PLACE]))
    if place is not None:
        near = " OR ".join(_phrase([search_terms.within(cell)]) for cell in covering(place))
        wanted.append(f"({near})")
    refused = [_phrase(run) for run in query.no_phrases] + [_phrase([mark]) for mark in query.no_marks]
    found = " AND ".join(wanted or [_phrase([search_terms.EVERY])])
    return f"({found}) NOT ({' OR '.join(refused)})" if refused else found


def _active(connection: apsw.Connection, handle: str) -> int | None:
    rows = rows_of(connection, _HANDLE, (handle, int(AccountState.ACTIVE)))
    return int(rows[0][0]) if rows else None


def _phrase(words: Sequence[str]) -> str:
    """No term holds a quote, so none can leave its string."""
    return f'"{" ".join(words)}"'
