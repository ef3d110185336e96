"""Comparing the index with the truth, term by term."""

from collections.abc import Iterator, Sequence
from typing import Any

import apsw

from rookery.core.clock import now_ms
from rookery.engines.embedded import trends
from rookery.engines.embedded.connections import Row, rows_of
from rookery.engines.embedded.search_index import ALL_PEOPLE, ALL_TEXTS, chunks, people_of, texts_of
from rookery.engines.embedded.search_terms import text_terms
from rookery.services.search.indexing import day_before

_EDGE_MS = 60_000  # what is about to leave the trends may have left already


def differences(connection: apsw.Connection) -> Iterator[str]:
    """What in search.db is not as the truth has it, a line each. `connection`: search.db with core.db attached, in a
    read transaction, when the index has caught up."""
    yield from _texts(connection)
    yield from _people(connection)
    counted = rows_of(connection, "SELECT tag, count(*) FROM main.tagged GROUP BY tag ORDER BY tag")
    if counted != rows_of(connection, "SELECT tag, uses FROM main.tag_counts ORDER BY tag"):
        yield "search: the counters of hashtags do not equal a recount"


def _texts(connection: apsw.Connection) -> Iterator[str]:
    since = day_before(now_ms() + _EDGE_MS)
    indexed = _digests(connection, "texts")
    placed = _by_id(rows_of(connection, "SELECT tweet_id, latitude, longitude FROM main.places"))
    tagged = _by_id(
        rows_of(
            connection,
            "SELECT tweet_id, tag, spelling, cell FROM main.tagged WHERE tweet_id >= ? ORDER BY tweet_id, tag",
            (since,),
        )
    )
    for ids in chunks(connection, ALL_TEXTS):
        for text in texts_of(connection, ids):
            one = text.tweet_id
            if indexed.pop(one, None) != _digest(text_terms(text)):
                yield f"search: tweet {one} is not indexed as its text has it"
            place = [] if text.latitude is None else [(text.latitude, text.longitude)]
            if placed.pop(one, []) != place:
                yield f"search: tweet {one} is not indexed where it was written"
            if tagged.pop(one, []) != sorted(row[1:] for row in trends.tag_rows(text, since)):
                yield f"search: the hashtags of tweet {one} do not count as they should"
    for one in sorted({*indexed, *placed, *tagged}):
        yield f"search: {one} is indexed and is no tweet"


def _people(connection: apsw.Connection) -> Iterator[str]:
    indexed = _digests(connection, "people")
    for ids in chunks(connection, ALL_PEOPLE):
        for user_id, terms in people_of(connection, ids):
            if indexed.pop(user_id, None) != _digest(terms):
                yield f"search: account {user_id} is not indexed as its name has it"
    for one in sorted(indexed):
        yield f"search: {one} is indexed and is no active account"


def _digests(connection: apsw.Connection, table: str) -> dict[int, int]:
    """What the index holds of each row: it cannot give a text back, but every term with its place in it."""
    connection.execute(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{table}_terms USING fts5vocab('main', '{table}', 'instance')"
    )
    found: dict[int, int] = {}
    for term, one, offset in connection.execute(f"SELECT term, doc, offset FROM temp.{table}_terms"):  # noqa: S608
        found[one] = found.get(one, 0) + hash((term, offset))
    return found


def _digest(terms: Sequence[str]) -> int:
    return sum(hash((term, offset)) for offset, term in enumerate(terms))


def _by_id(rows: Sequence[Row]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for one, *rest in rows:
        found.setdefault(one, []).append(tuple(rest))
    return found
