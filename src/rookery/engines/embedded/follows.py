"""Follows, requests, blocks and mutes in core.db."""

from collections.abc import Sequence

from rookery.core.errors import Problem, not_found
from rookery.core.events import Kind
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate
from rookery.engines.embedded import edges
from rookery.engines.embedded.connections import rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.snapshots import Snapshots
from rookery.engines.embedded.suggestions import suggested

_FOLLOWERS = """
SELECT follow_id, viewer_id FROM edges WHERE other_id = ? AND follow_id < ? ORDER BY follow_id DESC LIMIT ?"""
_FOLLOWING = """
SELECT follow_id, other_id FROM edges WHERE viewer_id = ? AND follow_id < ? ORDER BY follow_id DESC LIMIT ?"""
_REQUESTS = """
SELECT request_id, viewer_id FROM edges WHERE other_id = ? AND request_id < ? ORDER BY request_id DESC LIMIT ?"""
_WAITING = """
SELECT viewer_id FROM edges WHERE other_id = ? AND request_id < ? ORDER BY request_id LIMIT ?"""
_BLOCKS = """
SELECT block_id, other_id FROM edges WHERE viewer_id = ? AND block_id < ? ORDER BY block_id DESC LIMIT ?"""
_MUTES = """
SELECT mute_id, other_id FROM edges WHERE viewer_id = ? AND mute_id < ? ORDER BY mute_id DESC LIMIT ?"""


class EmbeddedFollows:
    """The FollowStore of this engine, and the lists of followers for profiles.

    `celebrity_followers`: from this many followers on an account is flagged a celebrity (see edges).
    """

    def __init__(self, database: Database, snapshots: Snapshots, celebrity_followers: int = 10_000) -> None:
        self._database = database
        self._snapshots = snapshots
        self._celebrity_followers = celebrity_followers

    async def follow(self, follower: int, followee: int, ticket: Ticket | None = None) -> bool:
        """See FollowStore."""
        return bool(await self._database.write(lambda tx: self._follow(tx, follower, followee), ticket))

    async def unfollow(self, follower: int, followee: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._database.write(lambda tx: _unfollow(tx, follower, followee), ticket)

    async def accept(self, owner: int, asker: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._database.write(lambda tx: self._accept(tx, owner, asker), ticket)

    async def refuse(self, owner: int, asker: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._database.write(lambda tx: _refuse(tx, owner, asker), ticket)

    async def block(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._database.write(lambda tx: _block(tx, viewer, other), ticket)

    async def unblock(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._database.write(lambda tx: _unblock(tx, viewer, other), ticket)

    async def mute(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._database.write(lambda tx: _mute(tx, viewer, other), ticket)

    async def unmute(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._database.write(lambda tx: _unmute(tx, viewer, other), ticket)

    async def accept_waiting(self, owner: int, asked_before: int, limit: int) -> int:
        """See FollowStore."""
        return await self._database.write(lambda tx: self._accept_waiting(tx, owner, asked_before, limit))

    async def erase(self, user_id: int, limit: int) -> int:
        """See FollowStore."""
        return await self._database.write(lambda tx: edges.erase_some(tx, user_id, limit))

    async def followers_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """Who follows the account, newest follow first, strictly below a position."""
        return self._listed(_FOLLOWERS, user_id, before, limit)

    async def following_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """Whom the account follows, newest follow first, strictly below a position."""
        return self._listed(_FOLLOWING, user_id, before, limit)

    async def requests_to(self, owner: int, before: int, limit: int) -> Sequence[Candidate]:
        """See FollowStore."""
        return self._listed(_REQUESTS, owner, before, limit)

    async def blocks_of(self, viewer: int, before: int, limit: int) -> Sequence[Candidate]:
        """See FollowStore."""
        return self._listed(_BLOCKS, viewer, before, limit)

    async def mutes_of(self, viewer: int, before: int, limit: int) -> Sequence[Candidate]:
        """See FollowStore."""
        return self._listed(_MUTES, viewer, before, limit)

    async def suggestions(self, viewer: int, limit: int) -> Sequence[int]:
        """See FollowStore."""
        with self._snapshots.open() as connection:
            return suggested(connection, viewer, limit)

    def _listed(self, sql: str, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        with self._snapshots.open() as connection:
            return [(place, one) for place, one in rows_of(connection, sql, (user_id, before, limit))]

    def _follow(self, tx: Tx, follower: int, followee: int) -> int | None:
        protected = edges.require_both(tx, follower, followee)
        held = edges.standing(tx, follower, followee)
        if held.block_id is not None or held.blocked_by:
            raise Problem("blocked", "A block stands between you and this account.")
        if held.follow_id is not None or (protected and held.request_id is not None):
            return None
        if protected:
            edges.begin(tx, "request", follower, followee)
            return _changed(tx, follower, followee)
        return self._begin_follow(tx, follower, followee, actor=follower)

    def _accept(self, tx: Tx, owner: int, asker: int) -> int:
        edges.require_both(tx, owner, asker)
        if edges.standing(tx, asker, owner).request_id is None:
            raise not_found("request")
        self._begin_follow(tx, asker, owner, actor=owner)
        return asker

    def _accept_waiting(self, tx: Tx, owner: int, asked_before: int, limit: int) -> int:
        waiting = tx.execute(_WAITING, (owner, asked_before, limit))
        for (asker,) in waiting:
            self._begin_follow(tx, asker, owner, actor=owner)
        return len(waiting)

    def _begin_follow(self, tx: Tx, follower: int, followee: int, *, actor: int) -> int:
        edges.begin_follow(tx, follower, followee, actor=actor, celebrity_followers=self._celebrity_followers)
        return followee


def _unfollow(tx: Tx, follower: int, followee: int) -> int | None:
    return _changed(tx, follower, followee) if edges.end_follow(tx, follower, followee) else None


def _refuse(tx: Tx, owner: int, asker: int) -> int | None:
    if edges.standing(tx, asker, owner).request_id is None:
        return None
    edges.end_follow(tx, asker, owner)
    return _changed(tx, owner, asker)


def _block(tx: Tx, viewer: int, other: int) -> int | None:
    edges.require_both(tx, viewer, other)
    if edges.standing(tx, viewer, other).block_id is not None:
        return None
    edges.begin_block(tx, viewer, other)
    return _changed(tx, viewer, other)


def _unblock(tx: Tx, viewer: int, other: int) -> int | None:
    if edges.standing(tx, viewer, other).block_id is None:
        return None
    edges.end_block(tx, viewer, other)
    return _changed(tx, viewer, other)


def _mute(tx: Tx, viewer: int, other: int) -> int | None:
    edges.require_both(tx, viewer, other)
    if edges.standing(tx, viewer, other).mute_id is not None:
        return None
    edges.begin(tx, "mute", viewer, other)
    return _changed(tx, viewer, other)


def _unmute(tx: Tx, viewer: int, other: int) -> int | None:
    if edges.standing(tx, viewer, other).mute_id is None:
        return None
    edges.end(tx, "mute", viewer, other)
    return _changed(tx, viewer, other)


def _changed(tx: Tx, actor: int, other: int) -> int:
    """Says that something changed between two accounts; one event is for both directions."""
    tx.emit(Kind.EDGE_CHANGED, actor, other, actor=actor)
    return other
