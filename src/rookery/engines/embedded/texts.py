"""Texts and their versions, the same for tweets and replies.

A row holds the present text, `*_versions` the earlier ones with the time from which each stood.
"""

from dataclasses import dataclass

import apsw

from rookery.core import ids
from rookery.core.content import NO_LINKS, Version, not_yours
from rookery.core.errors import not_found
from rookery.core.events import Kind
from rookery.engines.embedded.connections import Row
from rookery.engines.embedded.database import Tx


@dataclass(frozen=True, slots=True)
class TextTable:
    """The statements of one table of texts."""

    present: str
    archive: str
    replace: str
    earlier: str
    erase: str
    forget: str
    last_within: str


TWEETS = TextTable(
    present="SELECT owner_id, content, edited_ms, rev FROM tweets WHERE tweet_id = ? AND deleted = 0",
    archive="INSERT INTO tweet_versions (tweet_id, rev, content, at_ms) VALUES (?,?,?,?)",
    replace="UPDATE tweets SET content = ?, links = ?, edited_ms = ?, rev = rev + 1 WHERE tweet_id = ?",
    earlier="SELECT content, at_ms FROM tweet_versions WHERE tweet_id = ? ORDER BY rev DESC LIMIT ?",
    erase="""UPDATE tweets SET content = '', links = ?, latitude = NULL, longitude = NULL, edited_ms = 0, rev = rev + 1,
  deleted = 1 WHERE tweet_id = ?""",
    forget="DELETE FROM tweet_versions WHERE tweet_id = ?",
    last_within="SELECT max(tweet_id) FROM tweets WHERE tweet_id >= ? AND tweet_id < ?",
)
REPLIES = TextTable(
    present="SELECT owner_id, content, edited_ms, rev FROM replies WHERE reply_id = ? AND deleted = 0",
    archive="INSERT INTO reply_versions (reply_id, rev, content, at_ms) VALUES (?,?,?,?)",
    replace="UPDATE replies SET content = ?, links = ?, edited_ms = ?, rev = rev + 1 WHERE reply_id = ?",
    earlier="SELECT content, at_ms FROM reply_versions WHERE reply_id = ? ORDER BY rev DESC LIMIT ?",
    erase="""UPDATE replies SET content = '', links = ?, latitude = NULL, longitude = NULL, edited_ms = 0,
        rev = rev + 1,
  deleted = 1 WHERE reply_id = ?""",
    forget="DELETE FROM reply_versions WHERE reply_id = ?",
    last_within="SELECT max(reply_id) FROM replies WHERE reply_id >= ? AND reply_id < ?",
)


def edit(tx: Tx, table: TextTable, actor: int, item_id: int, content: str, links: bytes) -> int | None:
    """Gives a text another wording, unless it has that. Raises Problem `not_found`, `not_yours`."""
    rows = tx.execute(table.present, (item_id,))
    if not rows:
        raise not_found()
    owner_id, present, edited_ms, rev = rows[0]
    if owner_id != actor:
        raise not_yours()
    if present == content:
        return None
    since_ms = edited_ms or ids.time_ms(item_id)
    tx.execute(table.archive, (item_id, rev, present, since_ms))
    tx.execute(table.replace, (content, links, max(tx.now_ms, since_ms), item_id))
    tx.emit(Kind.CONTENT_EDITED, item_id, actor=actor)
    return item_id


def erase(tx: Tx, table: TextTable, item_id: int) -> None:
    """Leaves nothing of a text but its ids."""
    tx.execute(table.erase, (NO_LINKS, item_id))
    tx.execute(table.forget, (item_id,))


def history(connection: apsw.Connection, table: TextTable, item_id: int, limit: int) -> list[Version]:
    """The newest texts, newest first. Raises Problem `not_found`."""
    rows: list[Row] = connection.execute(table.present, (item_id,)).fetchall()
    if not rows:
        raise not_found()
    _, content, edited_ms, _ = rows[0]
    earlier: list[Row] = connection.execute(table.earlier, (item_id, limit - 1)).fetchall()
    return [Version(content, edited_ms or ids.time_ms(item_id)), *(Version(*row) for row in earlier)]


def dated_id(tx: Tx, table: TextTable, at_ms: int, *, reply: bool = False) -> int:
    """A free id of a past millisecond (`at_ms`, Unix time), above all that it has.

    Where the millisecond is full (after 32,768) the next one takes it. An id of this very millisecond moves the clock
    of all ids, which must not give it out again.
    """
    first = ids.first_id_at(at_ms)
    while True:
        after = ids.first_id_at(ids.time_ms(first) + 1)
        last = tx.execute(table.last_within, (first, after))[0][0]
        found = first | reply if last is None else last + 2
        if found < after:
            tx.last_id = max(tx.last_id, found)
            return int(found)
        first = after
