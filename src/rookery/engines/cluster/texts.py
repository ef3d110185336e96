"""Texts and their versions, the same for tweets and replies, and the ids of texts of the past.

A row holds the present text, VERSIONS the earlier ones with the time from which each stood.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from rookery.core import ids
from rookery.core.content import NO_LINKS, Draft, Version, not_yours
from rookery.core.errors import not_found
from rookery.core.events import Kind
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number, table_of
from rookery.engines.cluster.tables import VERSIONS, Item, Value
from rookery.engines.cluster.tx import ACTIONS_MAX, Tx

MILLISECONDS_MAX = 100_000  # of the past, of which a process knows the last id that it gave
_LAST = (1 << 15) - 1  # place of the last id in a millisecond, the first is at 0
_LEFT_OUT_MAX = 64
_PROBES = tuple((1 << power) - 1 for power in range(16))  # places, from the first to the last


def row_of(draft: Draft) -> Mapping[str, Value | None]:
    """What the row of a tweet or reply keeps of its draft."""
    return {
        "owner_id": draft.author_id,
        "content": draft.content,
        "links": draft.links,
        "latitude": draft.latitude,
        "longitude": draft.longitude,
        "rev": 1,
    }


async def edit(tx: Tx, actor: int, item_id: int, content: str, links: bytes) -> int | None:
    """Gives a text another wording, unless it has that. Raises Problem `not_found`, `not_yours`."""
    row = await standing(tx, item_id)
    if row is None:
        raise not_found()
    if row["owner_id"] != actor:
        raise not_yours()
    if row["content"] == content:
        return None
    rev, since_ms = number(row, "rev"), number(row, "edited_ms") or ids.time_ms(item_id)
    tx.put(VERSIONS, {"tweet_id": item_id, "rev": rev, "content": row["content"], "at_ms": since_ms})
    tx.update(
        table_of(item_id),
        item_id,
        set_to={"content": content, "links": links, "edited_ms": max(tx.now_ms, since_ms), "rev": rev + 1},
        where={"rev": rev},
    )
    tx.emit(Kind.CONTENT_EDITED, item_id, actor=actor)
    tx.hide()
    return item_id


async def standing(tx: Tx, item_id: int) -> Item | None:
    """The row of a tweet or reply, unless it is deleted or never was."""
    row = await tx.get(table_of(item_id), item_id)
    return None if row is None or row.get("deleted") else row


def erase(tx: Tx, item_id: int, rev: int) -> None:
    """Leaves nothing of a text but its ids. `forget` takes its versions, once that stands."""
    tx.hide()
    tx.update(
        table_of(item_id),
        item_id,
        set_to={
            "content": "",
            "links": NO_LINKS,
            "latitude": None,
            "longitude": None,
            "edited_ms": None,
            "rev": rev + 1,
            "deleted": True,
        },
        where={"rev": rev},
    )


async def forget(dynamo: Dynamo, item_id: int, limit: int) -> int:
    """Takes away up to `limit` versions of an erased text; returns how many."""
    gone = 0
    while gone < limit:
        wanted = min(ACTIONS_MAX, limit - gone)
        rows = await dynamo.query(VERSIONS, item_id, limit=wanted)
        await dynamo.write(partial(_drop_versions, rows))
        gone += len(rows)
        if len(rows) < wanted:
            break
    return gone


async def _drop_versions(rows: Sequence[Item], tx: Tx) -> None:
    for row in rows:
        tx.delete(VERSIONS, row["tweet_id"], row["rev"])


async def history(dynamo: Dynamo, item_id: int, limit: int) -> list[Version]:
    """The newest texts, newest first. Raises Problem `not_found`."""
    row = await dynamo.get(table_of(item_id), item_id)
    if row is None or row.get("deleted"):
        raise not_found()
    present = Version(str(row["content"]), number(row, "edited_ms") or ids.time_ms(item_id))
    earlier = await dynamo.query(VERSIONS, item_id, below=number(row, "rev"), limit=limit - 1)
    return [present, *(Version(str(one["content"]), number(one, "at_ms")) for one in earlier)]


@dataclass(slots=True)
class _Line:
    """Who asked for an id of a millisecond waits in line until the first has looked which are taken."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    place: int | None = None  # of the last id given


class DatedIds:
    """Gives out ids of past milliseconds: in one process those of equal times in the order in which they were asked
    for. Another process may give out the same: whoever puts a row under one does so only where there is none, and asks
    again."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo
        self._lines: dict[int, _Line] = {}

    async def give(self, at_ms: int, *, reply: bool = False, tried: int = 0) -> int:
        """An id of a past millisecond (`at_ms`, Unix time). Where that is full (after 32,768) the next one takes it.

        `tried`: how often what was given turned out to be taken; then some places are left out, a random number, so
        that two processes get out of each other's way.
        """
        while True:
            first = ids.first_id_at(at_ms) | reply
            line = self._lines.setdefault(first, _Line())
            async with line.lock:
                if line.place is None:
                    line.place = await self._taken(first)
                if line.place < _LAST:
                    line.place = min(_LAST, line.place + 1 + (tried and secrets.randbelow(_LEFT_OUT_MAX)))
                    self._bound()
                    return first + 2 * line.place
            at_ms += 1

    async def _taken(self, first: int) -> int:
        """The highest place known to be taken, or -1. Loaders fill a millisecond from its first id upward, so where one
        of these places is free all above it are, but for what is put there only if it is free."""
        probed = {(first + 2 * place,): place for place in _PROBES}
        table = table_of(first)
        found = await self._dynamo.get_all({table: list(probed)})
        highest = max((probed[key] for key in found[table]), default=-1)  # type: ignore[index]
        return highest if highest < 0 or highest == _LAST else 2 * highest

    def _bound(self) -> None:
        if len(self._lines) > MILLISECONDS_MAX:
            idle = [first for first, line in self._lines.items() if not line.lock.locked()]
            for first in idle[: MILLISECONDS_MAX // 10]:
                del self._lines[first]
