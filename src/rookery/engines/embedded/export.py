"""Everything that core.db holds of an account, for its export."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from rookery.core.ids import time_ms, timestamp
from rookery.engines.embedded.connections import Row, rows_of
from rookery.engines.embedded.snapshots import Snapshots
from rookery.services.accounts.export import EdgeKind, Entry, Record

_VERSIONS = """
(SELECT json_group_array(json_array(content, at_ms)) FROM
  (SELECT v.content, v.at_ms FROM {table} v WHERE v.{key} = t.{key} ORDER BY v.rev DESC))"""
_TWEETS = f"""
SELECT t.tweet_id, t.content, t.latitude, t.longitude, t.edited_ms,
  {_VERSIONS.format(table="tweet_versions", key="tweet_id")}, t.quoted_id
FROM tweets t WHERE t.owner_id = ? AND t.tweet_id < ? AND t.original_id = 0 AND t.deleted = 0
ORDER BY t.tweet_id DESC LIMIT ?"""  # noqa: S608 - no input
_REPLIES = f"""
SELECT t.reply_id, t.content, t.latitude, t.longitude, t.edited_ms,
  {_VERSIONS.format(table="reply_versions", key="reply_id")}, t.parent_id
FROM replies t WHERE t.owner_id = ? AND t.reply_id < ? AND t.deleted = 0
ORDER BY t.reply_id DESC LIMIT ?"""  # noqa: S608 - no input
_RETWEETS = """
SELECT tweet_id, original_id FROM tweets
WHERE owner_id = ? AND tweet_id < ? AND original_id > 0 AND deleted = 0 ORDER BY tweet_id DESC LIMIT ?"""
_LIKES = """
SELECT like_id, tweet_id FROM likes WHERE user_id = ? AND like_id < ? ORDER BY like_id DESC LIMIT ?"""

_EDGES = {  # whose row says it, who the other is, and the column that says since when
    EdgeKind.FOLLOWING: ("viewer_id", "other_id", "follow_id"),
    EdgeKind.FOLLOWERS: ("other_id", "viewer_id", "follow_id"),
    EdgeKind.REQUESTS_SENT: ("viewer_id", "other_id", "request_id"),
    EdgeKind.REQUESTS_RECEIVED: ("other_id", "viewer_id", "request_id"),
    EdgeKind.BLOCKS: ("viewer_id", "other_id", "block_id"),
    EdgeKind.MUTES: ("viewer_id", "other_id", "mute_id"),
}


class EmbeddedExport:
    """The ExportSource of this engine."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    async def profile(self, user_id: int) -> Record:
        """See ExportSource."""
        rows = self._rows("SELECT handle, name, bio, protected FROM users WHERE user_id = ?", user_id)
        handle, name, bio, protected = rows[0]
        return {
            "userId": str(user_id),
            "handle": handle,
            "name": name,
            "bio": bio,
            "createdTimeStamp": timestamp(time_ms(user_id)),
            "protected": bool(protected),
        }

    async def sessions(self, user_id: int) -> Sequence[Record]:
        """See ExportSource."""
        rows = self._rows(
            "SELECT session_id, created_ms, used_ms FROM sessions WHERE user_id = ? ORDER BY session_id DESC",
            user_id,
        )
        return [
            {
                "sessionId": str(session_id),
                "createdTimeStamp": timestamp(created_ms),
                "lastUsedTimeStamp": timestamp(used_ms),
            }
            for session_id, created_ms, used_ms in rows
        ]

    async def tweets(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        return self._entries(_TWEETS, lambda row: _text(row, "quoteOf"), user_id, before, limit)

    async def replies(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        return self._entries(_REPLIES, lambda row: _text(row, "inReplyTo"), user_id, before, limit)

    async def retweets(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        return self._entries(_RETWEETS, lambda row: _mark(row, "retweetOf"), user_id, before, limit)

    async def likes(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        return self._entries(_LIKES, lambda row: _mark(row, "tweetId"), user_id, before, limit)

    async def edges(self, user_id: int, kind: EdgeKind, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        whose, other, since = _EDGES[kind]
        sql = (
            f"SELECT e.{since}, e.{other}, CASE WHEN u.state = 0 THEN u.handle END FROM edges e "  # noqa: S608 - no input
            f"JOIN users u ON u.user_id = e.{other} WHERE e.{whose} = ? AND e.{since} < ? "
            f"ORDER BY e.{since} DESC LIMIT ?"
        )
        return self._entries(sql, _other, user_id, before, limit)

    def _entries(self, sql: str, record: Callable[[Row], Record], *values: int) -> Sequence[Entry]:
        return [(row[0], record(row)) for row in self._rows(sql, *values)]

    def _rows(self, sql: str, *values: int) -> list[Row]:
        with self._snapshots.open() as connection:
            return rows_of(connection, sql, values)


def _text(row: Row, related: str) -> Record:
    """A tweet or reply; its versions are newest first, the present text included."""
    item_id, content, latitude, longitude, edited_ms, earlier, related_id = row
    versions: list[tuple[str, int]] = [(content, edited_ms or time_ms(item_id)), *json.loads(earlier)]
    fields: dict[str, Any] = {
        "tweetId": str(item_id),
        "createdTimeStamp": timestamp(time_ms(item_id)),
        "content": content,
        "latitude": latitude,
        "longitude": longitude,
        related: str(related_id) if related_id else None,
    }
    history = [{"content": text, "timeStamp": timestamp(at_ms)} for text, at_ms in versions]
    return {**fields, "versions": history}


def _mark(row: Row, of: str) -> Record:
    return {of: str(row[1]), "timeStamp": timestamp(time_ms(row[0]))}


def _other(row: Row) -> Record:
    """Someone else, by handle too while the account is there."""
    since, user_id, handle = row
    return {"userId": str(user_id), "handle": handle, "timeStamp": timestamp(time_ms(since))}
