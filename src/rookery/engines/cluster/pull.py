"""`pull`: a feed computed from the truth, by merging the lists of those one follows. The only builder of feeds."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from rookery.core.errors import Problem
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.tables import FOLLOWING_OF, REPLIES_OF, TWEETS_OF, Item, Table
from rookery.services.feed.store import Entry

PULLS_AT_ONCE_MAX = 8  # of one process
PULLS_WAITING_MAX = 64
WAIT_S_MAX = 2.0  # for a turn
QUERIES_AT_ONCE_MAX = 32  # of all pulls; the other connections are for those who need no pull
FOLLOWEES_MAX = 1_000_000
_CHUNK_FIRST, _CHUNK_MAX = 4, 200


@dataclass(slots=True)
class _List:
    """A list that is read from its newest row on: what was read, and down to where; 0: to its end."""

    table: Table
    owner: str
    rows: list[Entry] = field(default_factory=list)
    read_to: int = 0


class Puller:
    """Pulls of one process, few at a time: they are many queries each."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo
        self._turns = asyncio.Semaphore(PULLS_AT_ONCE_MAX)
        self._queries = asyncio.Semaphore(QUERIES_AT_ONCE_MAX)
        self._waiting = 0

    async def followees(self, viewer: int) -> list[int]:
        """The accounts that the viewer follows now."""
        rows = await self._dynamo.query(FOLLOWING_OF, str(viewer), limit=FOLLOWEES_MAX)
        return [int(row["item"]) for row in rows]

    async def pull(
        self, viewer: int, before: int, limit: int, followees: Sequence[int] | None = None
    ) -> Sequence[Entry]:
        """The newest `limit` candidates below an id, newest first, as (id, the original's id or 0). Raises Problem
        `overloaded` where too many wait for theirs."""
        async with self._turn():
            authors = [viewer, *(await self.followees(viewer) if followees is None else followees)]
            lists = [(table, str(one)) for one in authors for table in (TWEETS_OF, REPLIES_OF)]
            return await self.merged(lists, before, limit)

    async def written_by(self, author: int, before: int, limit: int) -> Sequence[Entry]:
        """The newest of what one account wrote, tweets and replies."""
        return await self.merged([(TWEETS_OF, str(author)), (REPLIES_OF, str(author))], before, limit)

    async def merged(self, lists: Iterable[tuple[Table, str]], before: int, limit: int) -> Sequence[Entry]:
        """The newest rows of several lists together. Each is read in growing chunks, and only as far as the others
        leave it open whether it has more, so the work is bounded by the number of lists and the limit."""
        open_lists = [_List(table, owner, read_to=before) for table, owner in lists]
        merged: list[Entry] = []
        chunk = min(limit, max(_CHUNK_FIRST, 2 * limit // max(1, len(open_lists))), _CHUNK_MAX)
        while open_lists:
            await asyncio.gather(*(self._read_on(one, chunk) for one in open_lists))
            merged = sorted([*merged, *(row for one in open_lists for row in one.rows)], reverse=True)[:limit]
            least = merged[-1][0] if len(merged) == limit else 0
            open_lists = [one for one in open_lists if one.read_to > least]
            chunk = min(chunk * 4, _CHUNK_MAX)
        return merged

    async def _read_on(self, one: _List, chunk: int) -> None:
        async with self._queries:
            rows = await self._dynamo.query(one.table, one.owner, below=one.read_to, limit=chunk)
        one.rows = [_entry(row) for row in rows]
        one.read_to = one.rows[-1][0] if len(rows) == chunk else 0

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= PULLS_WAITING_MAX:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                await self._turns.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()


def _entry(row: Item) -> Entry:
    return int(row["position"]), int(row.get("original_id", 0))


def _busy() -> Problem:
    return Problem("overloaded", "Too many feeds are being gathered just now.", retry_after_s=2)
