"""Whom and what a write still reaches: a block, a protection or a delete may have come between the reading of the
request and the write.

What is the actor's own, the account and the edge to the author, is checked in the transaction itself. The tweet and its
author's account are read right before: their rows are named by no transaction of others, so that a crowd does not
hinder itself, and what lands on a tweet as it is deleted is swept.
"""

from dataclasses import dataclass

from rookery.core.content import not_spread
from rookery.core.entities import AccountState
from rookery.core.errors import Problem, not_found
from rookery.engines.cluster.fact_rows import lineage_on, number, table_of
from rookery.engines.cluster.tables import EDGES, USERS, Item, Key, Table, Value
from rookery.engines.cluster.tx import Tx


@dataclass(frozen=True, slots=True)
class Target:
    """What a write acts on; `lineage` is that of what retweets, quotes or answers it."""

    owner_id: int
    protected: bool
    lineage: bytes


def ahead(actor: int, tweet_id: int = 0) -> dict[Table, list[Key]]:
    """The rows that a write of this actor, on this tweet, asks for first."""
    wanted: dict[Table, list[Key]] = {USERS: [(actor,)]}
    return wanted | {table_of(tweet_id): [(tweet_id,)]} if tweet_id else wanted


async def require_author(tx: Tx, user_id: int) -> Item:
    """The row of an account, which must still be active when the write stands: what it wrote after its erasure began
    would stay for good. Raises Problem `token_invalid`."""
    row = await tx.get(USERS, user_id)
    refused = Problem("token_invalid", "This account is not active.")
    if row is None or row["state"] != AccountState.ACTIVE:
        raise refused
    where: dict[str, Value | None] = {"state": int(AccountState.ACTIVE)}
    if tx.presuming:
        where["rev"] = row.get("rev")
    tx.check(USERS, user_id, where=where, refused=refused)
    return row


async def require_target(tx: Tx, actor: int, tweet_id: int) -> Target:
    """A tweet, quote or reply that the actor sees. Raises Problem `not_found`."""
    row = await tx.get(table_of(tweet_id), tweet_id)
    if row is None or row.get("deleted") or row.get("original_id"):
        raise not_found()
    owner_id = number(row, "owner_id")
    edges: list[Key] = [] if owner_id == actor else [(actor, owner_id)]
    found = await tx.get_all({USERS: [(owner_id,)], EDGES: edges})
    owner = found[USERS].get((owner_id,))
    if owner is None or owner["state"] != AccountState.ACTIVE:
        raise not_found()
    protected = bool(owner.get("protected"))
    if owner_id != actor:
        _require_edge(tx, (actor, owner_id), found[EDGES].get((actor, owner_id), {}), protected=protected)
    return Target(owner_id, protected, lineage_on(tweet_id, row))


async def require_open(tx: Tx, actor: int, tweet_id: int) -> Target:
    """A target that may be retweeted and quoted. Raises Problem `not_found`, `protected`."""
    target = await require_target(tx, actor, tweet_id)
    if target.protected:
        raise not_spread()
    return target


def _require_edge(tx: Tx, key: tuple[int, int], edge: Item, *, protected: bool) -> None:
    """No block may stand between the two when the write stands, and of a protected account the actor's follow must."""
    if edge.get("block_id") or edge.get("blocked_by") or (protected and not edge.get("follow_id")):
        raise not_found()
    where: dict[str, Value | None] = {"block_id": None, "blocked_by": None}
    if protected:
        where["follow_id"] = edge["follow_id"]
    tx.check(EDGES, *key, where=where, refused=not_found())
