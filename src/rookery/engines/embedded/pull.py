"""`pull`: a feed computed from the truth, by merging the lists of those one follows. The only builder of feeds."""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice

import apsw

from rookery.engines.embedded.connections import rows_of

Entry = tuple[int, int]
_CHUNK_FIRST, _CHUNK_MAX = 4, 128

_FOLLOWEES = "SELECT other_id FROM core.edges WHERE viewer_id = ? AND follow_id IS NOT NULL"
_TWEETS = """
SELECT tweet_id, original_id FROM core.tweets WHERE owner_id = ? AND deleted = 0 AND tweet_id < ?
ORDER BY tweet_id DESC LIMIT ?"""
_REPLIES = """
SELECT reply_id, 0 FROM core.replies WHERE owner_id = ? AND deleted = 0 AND reply_id < ?
ORDER BY reply_id DESC LIMIT ?"""


def followees(connection: apsw.Connection, viewer: int, schema: str = "main") -> list[int]:
    """The accounts that the viewer follows now."""
    sql = _FOLLOWEES.replace("core.", f"{schema}.")
    return [row[0] for row in rows_of(connection, sql, (viewer,))]


def pull(
    connection: apsw.Connection, viewer: int, before: int, limit: int, schema: str = "main"
) -> Sequence[Entry]:
    """The newest `limit` candidates below an id, newest first, as (id, the original's id or 0).

    Each followee's list is read in growing chunks as the merge asks for it, so the work is bounded by the number of
    followees and the limit, however much they wrote.
    """
    authors = [viewer, *followees(connection, viewer, schema)]
    tables = (_TWEETS.replace("core.", f"{schema}."), _REPLIES.replace("core.", f"{schema}."))
    lists = [_newest(connection, sql, author, before) for author in authors for sql in tables]
    return list(islice(merge(*lists, reverse=True), limit))


def _newest(connection: apsw.Connection, sql: str, author: int, before: int) -> Iterator[Entry]:
    chunk = _CHUNK_FIRST
    while True:
        rows = rows_of(connection, sql, (author, before, chunk))
        yield from rows
        if len(rows) < chunk:
            return
        before = rows[-1][0]
        chunk = min(chunk * 4, _CHUNK_MAX)
