"""Edges between accounts inside a write: what begins and what ends, with the lists, counters and events that go along.

A pair of accounts has two rows, one for each direction; whoever changes one says how it was when read, so of two people
who act on the same pair at once one acts again. Nothing here names the other's account, at which many people's writes
would meet: it is read before, and once more after (see follows.py).

Celebrities are flagged by the worker that folds the counters (counts.py), never here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rookery.core.entities import AccountState
from rookery.core.errors import Problem, not_found
from rookery.core.events import Kind
from rookery.engines.cluster.tables import (
    BLOCKS_OF,
    EDGES,
    FOLLOWERS_OF,
    FOLLOWING_OF,
    MUTERS_OF,
    MUTES_OF,
    REQUESTS_TO,
    USERS,
    Item,
    Key,
    Placed,
    Table,
)
from rookery.engines.cluster.tx import ABSENT, Tx


class Standing(NamedTuple):
    """What holds from a viewer to another account: when each began, as an id, or None. `blocked_by` is 1 or None."""

    follow_id: int | None = None
    request_id: int | None = None
    block_id: int | None = None
    blocked_by: int | None = None
    mute_id: int | None = None

    @property
    def blocked(self) -> bool:
        """Whether a block stands, either way."""
        return self.block_id is not None or self.blocked_by is not None


NOTHING = Standing()
_OWNED: Mapping[str, Sequence[Table]] = {  # the lists of the viewer in which the other stands
    "follow_id": (FOLLOWING_OF,),
    "block_id": (BLOCKS_OF,),
    "mute_id": (MUTES_OF,),
}
_OTHERS: Mapping[str, Sequence[Table]] = {  # the lists of the other in which the viewer stands
    "follow_id": (FOLLOWERS_OF,),
    "request_id": (REQUESTS_TO,),
    "mute_id": (MUTERS_OF,),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Someone who acts and another account, as a write found them: `mine` holds from the one to the other."""

    actor: int
    other: int
    mine: Standing
    theirs: Standing
    me: Item | None
    them: Item | None

    def require_both(self) -> bool:
        """Checks that both accounts are active; returns whether the other is protected.

        Raises Problem `token_invalid` or `not_found`.
        """
        if not _active(self.me):
            raise inactive()
        if self.them is None or not _active(self.them):
            raise not_found("account")
        return bool(self.them["protected"])

    def hold(self, tx: Tx) -> None:
        """Lets the write stand only while the actor's account is active: its erasure ends what it finds."""
        tx.check(USERS, self.actor, where={"state": int(AccountState.ACTIVE)}, refused=inactive())

    def change(self, tx: Tx, *, mine: Standing | None = None, theirs: Standing | None = None) -> None:
        """Writes what holds from now on, in place of what did."""
        if mine is not None:
            change(tx, self.actor, self.other, self.mine, mine, actor=self.actor)
        if theirs is not None:
            change(tx, self.other, self.actor, self.theirs, theirs, actor=self.actor)

    def tell(self, tx: Tx) -> int:
        """Says that something changed between the two; one event is for both directions. Returns the other's id."""
        tx.emit(Kind.EDGE_CHANGED, self.actor, self.other, actor=self.actor)
        return self.other


def inactive() -> Problem:
    """401: the account may not write any more."""
    return Problem("token_invalid", "This account is not active.")


def rows_between(actor: int, other: int) -> dict[Table, list[Key]]:
    """The rows of both accounts and of what holds between them."""
    return {EDGES: [(actor, other), (other, actor)], USERS: [(actor,), (other,)]}


async def pair(tx: Tx, actor: int, other: int) -> Pair:
    """Both accounts and what holds between them now."""
    mine, theirs = (actor, other), (other, actor)
    found = await tx.get_all(rows_between(actor, other))
    edges, users = found[EDGES], found[USERS]
    return Pair(
        actor,
        other,
        standing(edges.get(mine)),
        standing(edges.get(theirs)),
        users.get((actor,)),
        users.get((other,)),
    )


def standing(row: Item | None) -> Standing:
    """What a row of EDGES says."""
    found = row or {}
    return Standing(*(None if (held := found.get(name)) is None else int(held) for name in Standing._fields))


def change(tx: Tx, viewer: int, other: int, before: Standing, after: Standing, *, actor: int) -> None:
    """Writes one direction: its row, its places in the lists, and the counters of follows."""
    if after == before:
        return
    as_read = before._asdict()  # a row that says nothing is not there
    if after == NOTHING:
        tx.delete(EDGES, viewer, other, where=as_read)
    else:
        tx.put(EDGES, {"viewer_id": viewer, "other_id": other, **after._asdict()}, where=as_read)
    for name, ended, begun in zip(Standing._fields, before, after, strict=True):
        if ended != begun:
            _move(tx, _OWNED.get(name, ()), viewer, other, ended, begun)
            _move(tx, _OTHERS.get(name, ()), other, viewer, ended, begun)
    gained = (after.follow_id is not None) - (before.follow_id is not None)
    if gained:
        tx.count(viewer, "following", gained, actor=actor)
        tx.count(other, "followers", gained, actor=actor)


def rows_of(viewer: int, other: int, held: Standing) -> list[Placed]:
    """The rows of what holds in one direction: its own, then its places in lists."""
    rows: list[Placed] = [(EDGES, {"viewer_id": viewer, "other_id": other, **held._asdict()})]
    for name, begun in held._asdict().items():
        if begun is not None:
            rows += ((table, _place(viewer, other, begun)) for table in _OWNED.get(name, ()))
            rows += ((table, _place(other, viewer, begun)) for table in _OTHERS.get(name, ()))
    return rows


def begin_follow(tx: Tx, follower: int, followee: int, before: Standing, *, actor: int) -> None:
    """Writes a follow that did not stand before, in place of a request."""
    after = before._replace(follow_id=tx.mint(), request_id=None)
    change(tx, follower, followee, before, after, actor=actor)
    tx.emit(Kind.FOLLOWED, follower, followee, actor=actor)


async def end_pairs(tx: Tx, user_id: int, others: Sequence[int]) -> None:
    """Ends everything between a deleted account and these others, both ways."""
    keys = [key for other in others for key in ((user_id, other), (other, user_id))]
    rows = (await tx.get_all({EDGES: keys}))[EDGES]
    for other in others:
        if (user_id, other) in rows or (other, user_id) in rows:
            for key in ((user_id, other), (other, user_id)):
                change(tx, *key, standing(rows.get(key)), NOTHING, actor=user_id)
            tx.emit(Kind.EDGE_CHANGED, user_id, other, actor=user_id)


def _move(
    tx: Tx, lists: Sequence[Table], owner: int, item: int, ended: int | None, begun: int | None
) -> None:
    for table in lists:
        if ended is not None:
            tx.delete(table, str(owner), ended)
        if begun is not None:
            tx.put(table, _place(owner, item, begun), where=ABSENT)


def _place(owner: int, item: int, begun: int) -> Item:
    return {"owner": str(owner), "position": begun, "item": item}


def _active(user: Item | None) -> bool:
    return user is not None and user["state"] == AccountState.ACTIVE
