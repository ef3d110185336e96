"""Whom an account might like to follow, out of a bounded part of the graph."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from rookery.core.entities import AccountState
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number
from rookery.engines.cluster.tables import COUNTS, EDGES, FOLLOWING_OF, MOST_FOLLOWED, USERS, Item
from rookery.engines.cluster.tx import Tx

FOLLOWEES_MAX = 50  # of the viewer, the newest: as many queries at once
FOLLOWED_MAX = 100  # of each of them
LOOKED_AT_MAX = 500  # of what is found there, and of the most followed accounts
_ID_BITS = 63
_ALL = "all"


async def suggested(dynamo: Dynamo, viewer: int, limit: int) -> Sequence[int]:
    """Active accounts with which the viewer has no edge (no follow, request, block either way or mute), best first.

    First those whom the viewer's newest FOLLOWEES_MAX followees follow (their newest FOLLOWED_MAX each), by how many of
    them do, then by followers; then the most followed of all.
    """
    shared = await _shared(dynamo, viewer)
    nearest = sorted(shared, key=lambda one: (-shared[one], one))[:LOOKED_AT_MAX]
    followers = await _open_to(dynamo, viewer, nearest)
    near = sorted(followers, key=lambda one: (-shared[one], -followers[one], one))
    if len(near) >= limit:
        return near[:limit]
    rows = await dynamo.query(MOST_FOLLOWED, _ALL, limit=LOOKED_AT_MAX)
    followers = await _open_to(dynamo, viewer, [number(row, "item") for row in rows])
    popular = sorted(followers, key=lambda one: (-followers[one], one))
    return list(dict.fromkeys([*near, *(one for one in popular if followers[one] > 0)]))[:limit]


async def rank(dynamo: Dynamo, user_id: int, followers: int, gained: int) -> None:
    """Keeps an account that has `followers` now, `gained` of them just counted, in the list of the most followed.

    It stands there by the power of two below its followers, so a place is written only where that rises; one that it
    has fallen below stays, and a reader sorts by what is counted.
    """
    before, now = (max(0, one).bit_length() for one in (followers - gained, followers))
    if now <= before:
        return

    async def work(tx: Tx) -> None:
        tx.put(MOST_FOLLOWED, place_of(user_id, followers))
        if before:
            tx.delete(MOST_FOLLOWED, _ALL, before << _ID_BITS | user_id)

    await dynamo.write(work)


def place_of(user_id: int, followers: int) -> Item:
    """The place of an account that has followers in the list of the most followed."""
    return {"owner": _ALL, "position": followers.bit_length() << _ID_BITS | user_id, "item": user_id}


async def _shared(dynamo: Dynamo, viewer: int) -> Counter[int]:
    """How many of the viewer's followees follow each account."""
    mine = await dynamo.query(FOLLOWING_OF, str(viewer), limit=FOLLOWEES_MAX)
    owners = [str(row["item"]) for row in mine]
    lists = await asyncio.gather(*(dynamo.query(FOLLOWING_OF, one, limit=FOLLOWED_MAX) for one in owners))
    return Counter(number(row, "item") for rows in lists for row in rows)


async def _open_to(dynamo: Dynamo, viewer: int, user_ids: Sequence[int]) -> dict[int, int]:
    """Those of the accounts that may be suggested, with their followers."""
    others = [one for one in dict.fromkeys(user_ids) if one != viewer]
    alone = [(one,) for one in others]
    found = await dynamo.get_all({EDGES: [(viewer, one) for one in others], USERS: alone, COUNTS: alone})
    edges, users, counts = found[EDGES], found[USERS], found[COUNTS]
    return {
        one: number(counts.get((one,), {}), "followers")
        for one in others
        if (viewer, one) not in edges and (one,) in users and users[one,]["state"] == AccountState.ACTIVE
    }
