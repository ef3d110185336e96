"""Edges between accounts inside a write: what begins and what ends, with the counters and events that go with it.

Celebrities: an account is flagged, with the time, in the transaction in which its followers reach the threshold, and
the flag is never cleared. When followers fall below the threshold again nothing changes: readers go on merging all of
the account's tweets and fan-out stays off, so there is no second moment at which a tweet could be missed or doubled.
A raised threshold likewise leaves old flags; a lowered one flags an account at its next follower.
"""

from typing import NamedTuple

from rookery.core.entities import AccountState
from rookery.core.errors import not_found
from rookery.core.events import Kind
from rookery.engines.embedded.database import Tx
from rookery.engines.embedded.reach import require_authors

_ACTIVE = "SELECT protected FROM users WHERE user_id = ? AND state = ?"
_STANDING = """
SELECT follow_id, request_id, block_id, blocked_by, mute_id FROM edges WHERE viewer_id = ? AND other_id = ?"""
_BEGIN = {
    "follow": """INSERT INTO edges (viewer_id, other_id, follow_id) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET follow_id = excluded.follow_id, request_id = NULL""",
    "request": """INSERT INTO edges (viewer_id, other_id, request_id) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET request_id = excluded.request_id""",
    "block": """INSERT INTO edges (viewer_id, other_id, block_id) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET block_id = excluded.block_id""",
    "blocked_by": """INSERT INTO edges (viewer_id, other_id, blocked_by) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET blocked_by = excluded.blocked_by""",
    "mute": """INSERT INTO edges (viewer_id, other_id, mute_id) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET mute_id = excluded.mute_id""",
}
_END = {
    "follow": "UPDATE edges SET follow_id = NULL, request_id = NULL WHERE viewer_id = ? AND other_id = ?",
    "block": "UPDATE edges SET block_id = NULL WHERE viewer_id = ? AND other_id = ?",
    "blocked_by": "UPDATE edges SET blocked_by = 0 WHERE viewer_id = ? AND other_id = ?",
    "mute": "UPDATE edges SET mute_id = NULL WHERE viewer_id = ? AND other_id = ?",
}
_DISCARD = """
DELETE FROM edges WHERE viewer_id = ? AND other_id = ? AND follow_id IS NULL AND request_id IS NULL
  AND block_id IS NULL AND blocked_by = 0 AND mute_id IS NULL"""
_COUNT_FOLLOWING = """
INSERT INTO follow_counts (user_id, following) VALUES (?1, ?2)
ON CONFLICT DO UPDATE SET following = following + ?2"""
_COUNT_FOLLOWERS = """
INSERT INTO follow_counts (user_id, followers) VALUES (?1, ?2)
ON CONFLICT DO UPDATE SET followers = followers + ?2 RETURNING followers, celebrity_ms"""

# Whoever blocks the account stands in the first part: a block is in both rows. One may stand in several parts.
_OTHERS = """
SELECT other_id FROM edges WHERE viewer_id = ?1
UNION ALL SELECT viewer_id FROM edges WHERE other_id = ?1 AND follow_id IS NOT NULL
UNION ALL SELECT viewer_id FROM edges WHERE other_id = ?1 AND request_id IS NOT NULL
UNION ALL SELECT viewer_id FROM edges WHERE other_id = ?1 AND mute_id IS NOT NULL
LIMIT ?2"""
_ERASE = "DELETE FROM edges WHERE viewer_id = ? AND other_id = ? RETURNING follow_id"


class Standing(NamedTuple):
    """What holds from a viewer to another account: when each began, as an id, or None."""

    follow_id: int | None = None
    request_id: int | None = None
    block_id: int | None = None
    blocked_by: int = 0
    mute_id: int | None = None


def standing(tx: Tx, viewer: int, other: int) -> Standing:
    """What holds now."""
    rows = tx.execute(_STANDING, (viewer, other))
    return Standing(*rows[0]) if rows else Standing()


def require_both(tx: Tx, actor: int, other: int) -> bool:
    """Checks that both accounts are still active; returns whether the other is protected.

    Raises Problem `token_invalid` or `not_found`.
    """
    require_authors(tx, [actor])
    rows = tx.execute(_ACTIVE, (other, int(AccountState.ACTIVE)))
    if not rows:
        raise not_found("account")
    return bool(rows[0][0])


def begin(tx: Tx, what: str, viewer: int, other: int) -> None:
    """Writes that `what` (request, block, mute) holds from now on."""
    tx.execute(_BEGIN[what], (viewer, other, tx.mint()))


def end(tx: Tx, what: str, viewer: int, other: int) -> None:
    """Writes that `what` (block, mute) holds no more."""
    tx.execute(_END[what], (viewer, other))
    tx.execute(_DISCARD, (viewer, other))


def begin_follow(tx: Tx, follower: int, followee: int, *, actor: int, celebrity_followers: int) -> None:
    """Writes a follow that did not stand before, in place of a request."""
    tx.execute(_BEGIN["follow"], (follower, followee, tx.mint()))
    tx.execute(_COUNT_FOLLOWING, (follower, 1))
    followers, celebrity_ms = tx.execute(_COUNT_FOLLOWERS, (followee, 1))[0]
    if celebrity_ms is None and followers >= celebrity_followers:
        tx.execute("UPDATE follow_counts SET celebrity_ms = ? WHERE user_id = ?", (tx.now_ms, followee))
        tx.emit(Kind.ACCOUNT_CHANGED, followee, actor=actor)
    tx.emit(Kind.FOLLOWED, follower, followee, actor=actor)


def end_follow(tx: Tx, follower: int, followee: int) -> bool:
    """Ends the follow or the request, without an event; returns whether there was one."""
    held = standing(tx, follower, followee)
    if held.follow_id is None and held.request_id is None:
        return False
    if held.follow_id is not None:
        _uncount(tx, follower, followee)
    end(tx, "follow", follower, followee)
    return True


def begin_block(tx: Tx, viewer: int, other: int) -> None:
    """Writes a block into both rows and ends what it ends."""
    end_follow(tx, viewer, other)
    end_follow(tx, other, viewer)
    begin(tx, "block", viewer, other)
    tx.execute(_BEGIN["blocked_by"], (other, viewer, 1))


def end_block(tx: Tx, viewer: int, other: int) -> None:
    """Takes a block out of both rows."""
    end(tx, "block", viewer, other)
    end(tx, "blocked_by", other, viewer)


def erase_some(tx: Tx, user_id: int, limit: int) -> int:
    """Ends everything between a deleted account and up to `limit` others; returns less than that when none is left."""
    rows = tx.execute(_OTHERS, (user_id, limit))
    for (other,) in dict.fromkeys(rows):
        _erase(tx, user_id, other)
        _erase(tx, other, user_id)
        tx.emit(Kind.EDGE_CHANGED, user_id, other, actor=user_id)
    return len(rows)


def _erase(tx: Tx, viewer: int, other: int) -> None:
    gone = tx.execute(_ERASE, (viewer, other))
    if gone and gone[0][0] is not None:
        _uncount(tx, viewer, other)


def _uncount(tx: Tx, follower: int, followee: int) -> None:
    tx.execute("UPDATE follow_counts SET following = following - 1 WHERE user_id = ?", (follower,))
    tx.execute("UPDATE follow_counts SET followers = followers - 1 WHERE user_id = ?", (followee,))
