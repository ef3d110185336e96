"""Follows, requests, blocks and mutes in DynamoDB."""

from collections.abc import Callable, Sequence
from functools import partial

from rookery.core.entities import AccountState
from rookery.core.errors import Problem, not_found
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate
from rookery.engines.cluster import edges
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.edges import Pair
from rookery.engines.cluster.fact_rows import candidates, number
from rookery.engines.cluster.suggestions import suggested
from rookery.engines.cluster.tables import (
    BLOCKS_OF,
    EDGES,
    FOLLOWERS_OF,
    FOLLOWING_OF,
    MUTERS_OF,
    MUTES_OF,
    REQUESTS_TO,
    USERS,
    Table,
)
from rookery.engines.cluster.tx import Tx

ACCEPTED_AT_ONCE = 14  # requests in one transaction, of up to 7 actions each
ENDED_AT_ONCE = 6  # pairs of accounts in one transaction, of up to 15 actions each

Work = Callable[[Tx, Pair], int | None]


class ClusterFollows:
    """The FollowStore of this engine, and the lists of followers for profiles."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    async def follow(self, follower: int, followee: int, ticket: Ticket | None = None) -> bool:
        """See FollowStore."""
        return bool(await self._begin(_follow, follower, followee, ticket))

    async def unfollow(self, follower: int, followee: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._write(_unfollow, follower, followee, ticket)

    async def accept(self, owner: int, asker: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._write(_accept, owner, asker, ticket)

    async def refuse(self, owner: int, asker: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._write(_refuse, owner, asker, ticket)

    async def block(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._begin(_block, viewer, other, ticket)

    async def unblock(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._write(_unblock, viewer, other, ticket)

    async def mute(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._begin(_mute, viewer, other, ticket)

    async def unmute(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """See FollowStore."""
        await self._write(_unmute, viewer, other, ticket)

    async def accept_waiting(self, owner: int, asked_before: int, limit: int) -> int:
        """See FollowStore. Where the account is open now, whatever waits is accepted: no clock tells which of two
        processes came first, and at an open account nothing has to wait."""
        waiting = await self._dynamo.query(REQUESTS_TO, str(owner), limit=limit, oldest_first=True)
        user = await self._dynamo.get(USERS, owner) if waiting else None
        is_open = user is not None and not user["protected"]
        askers = [number(row, "item") for row in waiting if is_open or number(row, "position") < asked_before]
        for start in range(0, len(askers), ACCEPTED_AT_ONCE):
            part = askers[start : start + ACCEPTED_AT_ONCE]
            await self._dynamo.write(partial(_accept_all, owner=owner, askers=part))
        return len(askers)

    async def erase(self, user_id: int, limit: int) -> int:
        """See FollowStore."""
        others = await self._others(user_id, limit)
        distinct = list(dict.fromkeys(others))
        for start in range(0, len(distinct), ENDED_AT_ONCE):
            part = distinct[start : start + ENDED_AT_ONCE]
            await self._dynamo.write(partial(edges.end_pairs, user_id=user_id, others=part))
        return len(others)

    async def followers_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """Who follows the account, newest follow first, strictly below a position."""
        return await self._listed(FOLLOWERS_OF, user_id, before, limit)

    async def following_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """Whom the account follows, newest follow first, strictly below a position."""
        return await self._listed(FOLLOWING_OF, user_id, before, limit)

    async def requests_to(self, owner: int, before: int, limit: int) -> Sequence[Candidate]:
        """See FollowStore."""
        return await self._listed(REQUESTS_TO, owner, before, limit)

    async def blocks_of(self, viewer: int, before: int, limit: int) -> Sequence[Candidate]:
        """See FollowStore."""
        return await self._listed(BLOCKS_OF, viewer, before, limit)

    async def mutes_of(self, viewer: int, before: int, limit: int) -> Sequence[Candidate]:
        """See FollowStore."""
        return await self._listed(MUTES_OF, viewer, before, limit)

    async def suggestions(self, viewer: int, limit: int) -> Sequence[int]:
        """See FollowStore."""
        return await suggested(self._dynamo, viewer, limit)

    async def _listed(self, table: Table, owner: int, before: int, limit: int) -> Sequence[Candidate]:
        rows = await self._dynamo.query(table, str(owner), below=before, limit=limit)
        return candidates(rows)

    async def _write(self, work: Work, actor: int, other: int, ticket: Ticket | None) -> int | None:
        async def on_pair(tx: Tx) -> int | None:
            return work(tx, await edges.pair(tx, actor, other))

        return await self._dynamo.write(on_pair, ticket, ahead=edges.rows_between(actor, other))

    async def _begin(self, work: Work, actor: int, other: int, ticket: Ticket | None) -> int | None:
        """A write that no transaction keeps from reaching an account that was deleted or opened since it was read: so
        it is looked at again, and what came too late is put right."""
        written = await self._write(work, actor, other, ticket)
        if written is None:
            return None
        found = await self._dynamo.get_all({USERS: [(other,)], EDGES: [(actor, other)]})
        user, held = found[USERS].get((other,)), edges.standing(found[EDGES].get((actor, other)))
        if user is None or user["state"] == AccountState.DELETED:
            await self._dynamo.write(lambda tx: edges.end_pairs(tx, other, [actor]))
            raise not_found("account")
        if held.request_id is not None and not user["protected"]:
            await self._write(_be_let_in, actor, other, None)
        return written

    async def _others(self, user_id: int, limit: int) -> list[int]:
        """Up to `limit` accounts with an edge to or from the account; one may stand there several times. Whoever blocks
        it stands in its own rows: a block is in both."""
        rows = await self._dynamo.query(EDGES, user_id, limit=limit)
        others = [number(row, "other_id") for row in rows]
        for table in (FOLLOWERS_OF, REQUESTS_TO, MUTERS_OF):
            rows = await self._dynamo.query(table, str(user_id), limit=limit - len(others))
            others += [number(row, "item") for row in rows]
        return others


def _follow(tx: Tx, pair: Pair) -> int | None:
    protected = pair.require_both()
    held = pair.mine
    if held.blocked:
        raise Problem("blocked", "A block stands between you and this account.")
    if held.follow_id is not None or (protected and held.request_id is not None):
        return None
    pair.hold(tx)
    if protected:
        pair.change(tx, mine=held._replace(request_id=tx.mint()))
        return pair.tell(tx)
    edges.begin_follow(tx, pair.actor, pair.other, held, actor=pair.actor)
    return pair.other


def _be_let_in(tx: Tx, pair: Pair) -> int | None:
    """Makes a request to an account that was opened meanwhile a follow."""
    if pair.mine.request_id is None or pair.them is None or pair.them["protected"]:
        return None
    edges.begin_follow(tx, pair.actor, pair.other, pair.mine, actor=pair.actor)
    return pair.other


def _accept(tx: Tx, pair: Pair) -> int:
    pair.require_both()
    if pair.theirs.request_id is None:
        raise not_found("request")
    pair.hold(tx)
    edges.begin_follow(tx, pair.other, pair.actor, pair.theirs, actor=pair.actor)
    return pair.other


async def _accept_all(tx: Tx, owner: int, askers: Sequence[int]) -> None:
    rows = (await tx.get_all({EDGES: [(asker, owner) for asker in askers]}))[EDGES]
    for asker in askers:
        held = edges.standing(rows.get((asker, owner)))
        if held.request_id is not None:
            edges.begin_follow(tx, asker, owner, held, actor=owner)


def _unfollow(tx: Tx, pair: Pair) -> int | None:
    left = pair.mine._replace(follow_id=None, request_id=None)
    if left == pair.mine:
        return None
    pair.change(tx, mine=left)
    return pair.tell(tx)


def _refuse(tx: Tx, pair: Pair) -> int | None:
    if pair.theirs.request_id is None:
        return None
    pair.change(tx, theirs=pair.theirs._replace(request_id=None))
    return pair.tell(tx)


def _block(tx: Tx, pair: Pair) -> int | None:
    pair.require_both()
    if pair.mine.block_id is not None:
        return None
    pair.hold(tx)
    tx.hide()
    pair.change(
        tx,
        mine=pair.mine._replace(follow_id=None, request_id=None, block_id=tx.mint()),
        theirs=pair.theirs._replace(follow_id=None, request_id=None, blocked_by=1),
    )
    return pair.tell(tx)


def _unblock(tx: Tx, pair: Pair) -> int | None:
    if pair.mine.block_id is None:
        return None
    pair.change(tx, mine=pair.mine._replace(block_id=None), theirs=pair.theirs._replace(blocked_by=None))
    return pair.tell(tx)


def _mute(tx: Tx, pair: Pair) -> int | None:
    pair.require_both()
    if pair.mine.mute_id is not None:
        return None
    pair.hold(tx)
    pair.change(tx, mine=pair.mine._replace(mute_id=tx.mint()))
    return pair.tell(tx)


def _unmute(tx: Tx, pair: Pair) -> int | None:
    if pair.mine.mute_id is None:
        return None
    pair.change(tx, mine=pair.mine._replace(mute_id=None))
    return pair.tell(tx)
