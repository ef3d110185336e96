"""Replies in core.db."""

from collections.abc import Sequence

from rookery.core.content import Draft, Version, not_yours
from rookery.core.errors import not_found
from rookery.core.events import Kind
from rookery.core.ids import ID_MAX, is_reply
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate
from rookery.engines.embedded import counters, removal, texts
from rookery.engines.embedded.connections import Row
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.reach import require_authors, require_target
from rookery.engines.embedded.snapshots import Snapshots

_INSERT = """
INSERT INTO replies (reply_id, owner_id, parent_id, parent_owner_id, content, links, latitude, longitude)
VALUES (?,?,?,?,?,?,?,?)"""
_REPLIES_OF = """
SELECT reply_id, reply_id FROM replies WHERE owner_id = ? AND reply_id < ? AND deleted = 0
ORDER BY reply_id DESC LIMIT ?"""
_REPLIES_TO = """
SELECT reply_id, reply_id FROM replies WHERE parent_id = ? AND reply_id < ? AND deleted = 0
ORDER BY reply_id DESC LIMIT ?"""
_OLDEST_TO = """
SELECT ?4 - reply_id, reply_id FROM replies WHERE parent_id = ?1 AND reply_id > ?4 - ?2 AND deleted = 0
ORDER BY reply_id LIMIT ?3"""
_SCORED = """
SELECT r.reply_id, coalesce(c.likes + c.retweets, 0) + coalesce(p.replies, 0)
FROM replies r LEFT JOIN tweet_counts c ON c.tweet_id = r.reply_id LEFT JOIN reply_counts p ON p.tweet_id = r.reply_id
WHERE r.parent_id = ? AND r.deleted = 0 ORDER BY r.reply_id DESC LIMIT ?"""
_BETWEEN = """
SELECT reply_id FROM replies WHERE parent_id = ? AND reply_id BETWEEN ? AND ? AND deleted = 0
ORDER BY reply_id DESC LIMIT ?"""
_DELETED_TWEET = """
SELECT t.owner_id FROM tweets t JOIN users u ON u.user_id = t.owner_id
WHERE t.tweet_id = ? AND t.original_id = 0 AND (t.deleted = 1 OR u.state = 2)"""
_DELETED_REPLY = """
SELECT r.owner_id FROM replies r JOIN users u ON u.user_id = r.owner_id
WHERE r.reply_id = ? AND (r.deleted = 1 OR u.state = 2)"""
_ANCESTORS = """
WITH RECURSIVE upward (id, depth) AS (
  SELECT parent_id, 1 FROM replies WHERE reply_id = ?1
  UNION ALL SELECT r.parent_id, depth + 1 FROM upward JOIN replies r ON r.reply_id = id WHERE depth < ?2)
SELECT id, coalesce(t.deleted, r.deleted) FROM upward LEFT JOIN tweets t ON t.tweet_id = id
  LEFT JOIN replies r ON r.reply_id = id ORDER BY depth"""


class EmbeddedReplies:
    """The ReplyStore of this engine."""

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        self._database = database
        self._snapshots = snapshots

    async def create(
        self, draft: Draft, parent_id: int, ticket: Ticket | None = None, *, at_ms: int | None = None
    ) -> int:
        """See ReplyStore."""
        return await self._database.write(lambda tx: _create(tx, draft, parent_id, at_ms), ticket)

    async def edit(
        self, actor: int, reply_id: int, content: str, links: bytes, ticket: Ticket | None = None
    ) -> None:
        """See ReplyStore."""
        await self._database.write(
            lambda tx: texts.edit(tx, texts.REPLIES, actor, reply_id, content, links), ticket
        )

    async def delete(self, actor: int, reply_id: int, ticket: Ticket | None = None) -> None:
        """See ReplyStore."""

        def work(tx: Tx) -> int:
            reply = removal.standing_reply(tx, reply_id)
            if reply is None:
                raise not_found()
            if reply.owner_id != actor:
                raise not_yours()
            removal.remove_reply(tx, reply)
            removal.sweep_retweets(tx, reply_id, removal.SWEPT_AT_ONCE_MAX, by=actor)
            return reply_id

        await self._database.write(work, ticket)

    async def history(self, reply_id: int, limit: int) -> Sequence[Version]:
        """See ReplyStore."""
        with self._snapshots.open() as connection:
            return texts.history(connection, texts.REPLIES, reply_id, limit)

    async def replies_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See ReplyStore."""
        return self._read(_REPLIES_OF, user_id, before, limit)

    async def replies_to(self, parent_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See ReplyStore."""
        return self._read(_REPLIES_TO, parent_id, before, limit)

    async def oldest_to(self, parent_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See ReplyStore."""
        return self._read(_OLDEST_TO, parent_id, before, limit, ID_MAX)

    async def scored(self, parent_id: int, limit: int) -> Sequence[tuple[int, int]]:
        """See ReplyStore."""
        return self._read(_SCORED, parent_id, limit)

    async def between(self, parent_id: int, low: int, high: int, limit: int) -> Sequence[int]:
        """See ReplyStore."""
        return [row[0] for row in self._read(_BETWEEN, parent_id, low, high, limit)]

    async def author_of_deleted(self, tweet_id: int) -> int | None:
        """See ReplyStore."""
        rows = self._read(_DELETED_REPLY if is_reply(tweet_id) else _DELETED_TWEET, tweet_id)
        return rows[0][0] if rows else None

    async def ancestors(self, reply_id: int, limit: int) -> Sequence[tuple[int, bool]]:
        """See ReplyStore."""
        return [(one, bool(deleted)) for one, deleted in self._read(_ANCESTORS, reply_id, limit)]

    async def erase(self, user_id: int, limit: int) -> int:
        """See ReplyStore."""
        return await self._database.write(lambda tx: removal.remove_replies_of(tx, user_id, limit))

    def _read(self, sql: str, *values: int) -> list[Row]:
        with self._snapshots.open() as connection:
            return connection.execute(sql, values).fetchall()


def _create(tx: Tx, draft: Draft, parent_id: int, at_ms: int | None) -> int:
    require_authors(tx, [draft.author_id])
    parent = require_target(tx, draft.author_id, parent_id)
    reply_id = tx.mint(reply=True) if at_ms is None else texts.dated_id(tx, texts.REPLIES, at_ms, reply=True)
    place = (draft.latitude, draft.longitude)
    tx.execute(
        _INSERT,
        (reply_id, draft.author_id, parent_id, parent.owner_id, draft.content, draft.links, *place),
    )
    tx.execute(counters.REPLIES_TO, (parent_id, 1))
    tx.execute(counters.REPLIES_BY, (draft.author_id, 1))
    tx.emit(Kind.REPLY_CREATED, reply_id, parent_id, actor=draft.author_id, backdated=at_ms is not None)
    return reply_id
