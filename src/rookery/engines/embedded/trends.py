"""Trends: the hashtags of the last day, kept with a counter each so that the most used ones need no counting.

The counters are the business of triggers (migrations/0001_search.sql): they equal the rows of `tagged` at any moment.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import apsw
import msgspec

from rookery.core.geo import Place, covering, grid_cell
from rookery.engines.embedded.connections import id_list, rows_of
from rookery.services.search.indexing import IndexedText
from rookery.services.search.store import TREND_RADIUS_KM

EXPIRED_AT_ONCE_MAX = 2_000
NEAR_MAX = 2_000  # of the newest uses in one cell are looked at: some 7 ms

TagRow = tuple[int, str, str, str | None]  # (tweet id, folded, as written, its cell where it has a place)

_USED = "SELECT tag, uses FROM main.tag_counts ORDER BY uses DESC, tag LIMIT ?"
_USED_NEAR = """
SELECT g.tag, p.latitude, p.longitude
FROM json_each(?1) j CROSS JOIN main.tagged g ON g.cell = j.value AND g.tweet_id >= max(?2, coalesce((
    SELECT tweet_id FROM main.tagged WHERE cell = j.value ORDER BY tweet_id DESC LIMIT 1 OFFSET ?3 - 1), 0))
  CROSS JOIN main.places p ON p.tweet_id = g.tweet_id"""
_SPELLING = """
SELECT spelling FROM (SELECT spelling FROM main.tagged WHERE tag = ? ORDER BY tweet_id DESC LIMIT 100)
GROUP BY spelling ORDER BY count(*) DESC, spelling LIMIT 1"""
_EXPIRED = (
    "DELETE FROM main.tagged WHERE tweet_id IN (SELECT tweet_id FROM main.tagged WHERE tweet_id < ? LIMIT ?)"
)
_OF_TWEETS = "DELETE FROM main.tagged WHERE tweet_id IN (SELECT value FROM json_each(?))"


def tag_rows(text: IndexedText, since: int) -> Iterator[TagRow]:
    """The rows that a tweet or reply has in `tagged`: one a hashtag, none before an id or by a hidden author."""
    cell = None
    if text.latitude is not None and text.longitude is not None:
        cell = grid_cell(text.latitude, text.longitude, TREND_RADIUS_KM)
    for tag, spelling in text.hashtags(since).items():
        yield text.tweet_id, tag, spelling, cell


def keep_tags(connection: apsw.Connection, tweet_ids: Sequence[int], rows: Iterable[TagRow]) -> None:
    """Replaces what `tagged` holds of these tweets."""
    connection.execute(_OF_TWEETS, (id_list(tweet_ids),))
    connection.executemany("INSERT INTO main.tagged VALUES (?,?,?,?)", rows)


def has_expired(connection: apsw.Connection, since: int) -> bool:
    """Whether there is anything to expire."""
    return bool(rows_of(connection, "SELECT 1 FROM main.tagged WHERE tweet_id < ? LIMIT 1", (since,)))


def expire(connection: apsw.Connection, since: int) -> None:
    """Lets the oldest of what is older than an id go, so many rows at most."""
    connection.execute(_EXPIRED, (since, EXPIRED_AT_ONCE_MAX))


def most_used(
    connection: apsw.Connection, place: Place | None, since: int, limit: int
) -> Sequence[tuple[str, int]]:
    """See services.search.store.SearchStore.trends. Where the whole world is asked for, what went past the 24 hours
    leaves a second later."""
    used = rows_of(connection, _USED, (limit,)) if place is None else _near(connection, place, since, limit)
    return [(rows_of(connection, _SPELLING, (tag,))[0][0], count) for tag, count in used]


def _near(connection: apsw.Connection, place: Place, since: int, limit: int) -> Sequence[tuple[str, int]]:
    around = msgspec.json.encode(covering(place)).decode()
    rows = rows_of(connection, _USED_NEAR, (around, since, NEAR_MAX))
    used = Counter(tag for tag, latitude, longitude in rows if place.contains(latitude, longitude))
    return sorted(used.items(), key=lambda entry: (-entry[1], entry[0]))[:limit]
