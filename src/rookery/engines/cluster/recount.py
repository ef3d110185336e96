"""Recounting: every counter, and what must hold between rows, computed anew from what is counted.

It holds a number for every counter that is not zero, some 100 bytes each.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from rookery.core.entities import AccountState
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.tables import COUNTS, DELTAS, EDGES, LIKES, REPLIES, TWEETS, USERS

FIELDS = ("likes", "retweets", "quotes", "replies", "tweets", "followers", "following")
Numbers = Counter[tuple[str, int]]  # by field and subject


@dataclass(slots=True)
class Recount:
    """What the rows say: who is deleted, what stands, and how much of everything there is."""

    erased: set[int] = field(default_factory=set)
    standing: set[int] = field(default_factory=set)
    found: Numbers = field(default_factory=Counter)


async def differences(dynamo: Dynamo) -> AsyncIterator[str]:
    """A line for every counter that is not the number of its rows, and for every pair of rows that do not go
    together. What is not folded yet counts. Of deleted tweets and accounts no counter matters."""
    real = Recount()
    async for user in dynamo.scan(USERS):
        if user["state"] == AccountState.DELETED:
            real.erased.add(int(user["user_id"]))
    await _contents(dynamo, real)
    async for like in dynamo.scan(LIKES):
        if like["user_id"] not in real.erased:
            real.found["likes", int(like["tweet_id"])] += 1
    async for line in _edges(dynamo, real):
        yield line
    kept = await _kept(dynamo)
    for name, subject in sorted({*kept, *real.found}):
        lives = subject in real.standing if name in FIELDS[:4] else subject not in real.erased
        if lives and kept[name, subject] != real.found[name, subject]:
            numbers = f"say {kept[name, subject]}, a recount {real.found[name, subject]}"
            yield f"counters: {name} of {subject} {numbers}"


async def _contents(dynamo: Dynamo, real: Recount) -> None:
    """What stands, and what it counts for."""
    for table, parents in (
        (TWEETS, {"original_id": "retweets", "quoted_id": "quotes"}),
        (REPLIES, {"parent_id": "replies"}),
    ):
        async for row in dynamo.scan(table):
            if row.get("deleted") or row["owner_id"] in real.erased:
                continue
            real.standing.add(int(row[table.key]))
            real.found["tweets", int(row["owner_id"])] += 1
            for name, counter in parents.items():
                if name in row:
                    real.found[counter, int(row[name])] += 1


async def _edges(dynamo: Dynamo, real: Recount) -> AsyncIterator[str]:
    blocks: set[tuple[int, int]] = set()
    blocked: set[tuple[int, int]] = set()
    async for edge in dynamo.scan(EDGES):
        viewer, other = int(edge["viewer_id"]), int(edge["other_id"])
        if viewer in real.erased or other in real.erased:
            yield f"rows: something stands between a deleted account and another: {viewer} and {other}"
            continue
        if "follow_id" in edge:
            real.found["following", viewer] += 1
            real.found["followers", other] += 1
        if "block_id" in edge:
            blocks.add((viewer, other))
        if "blocked_by" in edge:
            blocked.add((other, viewer))
        if ("follow_id" in edge or "request_id" in edge) and ("block_id" in edge or "blocked_by" in edge):
            yield f"rows: a follow or request stands beside a block: {viewer} and {other}"
    for viewer, other in sorted(blocks ^ blocked):
        yield f"rows: a block stands in one of its two rows only: {viewer} and {other}"


async def _kept(dynamo: Dynamo) -> Numbers:
    """What the counters say. The deltas are read first: one that is folded meanwhile would be missed otherwise, so
    nobody may write while this runs."""
    kept: Numbers = Counter()
    async for delta in dynamo.scan(DELTAS):
        kept[str(delta["field"]), int(delta["subject_id"])] += int(delta["amount"])
    async for row in dynamo.scan(COUNTS):
        for name in FIELDS:
            if name in row:
                kept[name, int(row["subject_id"])] += int(row[name])
    return kept
