"""Accounts with so many followers that readers merge what they write, instead of fan-out."""

import asyncio
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence

from rookery.core.ids import ID_MAX, time_ms
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.pull import Puller
from rookery.engines.cluster.tables import CELEBRITIES, EDGES, EVERYBODY
from rookery.services.feed.store import Entry

KNOWN_S = 1.0  # how long a process goes by the flags it knows; far less than fan-out goes on after a flag
LATE_MS = 60_000  # so long after its id was minted a flag may become known
LISTS_KNOWN_S = 0.2  # how long a process goes by what it knows of a celebrity's newest
LISTED = 100  # of the newest entries of a celebrity are kept
LISTS_MAX = 2_000
_ROWS = 1_000_000


class Celebrities:
    """The flags, and what flagged accounts wrote, as one process knows them."""

    def __init__(self, dynamo: Dynamo, puller: Puller) -> None:
        self._dynamo = dynamo
        self._puller = puller
        self._flags: dict[
            int, int
        ] = {}  # by account the id that was minted with its flag, in the order of these
        self._order: list[tuple[int, int]] = []
        self._known_until = 0.0
        self._looking = asyncio.Lock()
        self._lists: OrderedDict[int, tuple[float, Sequence[Entry]]] = OrderedDict()

    async def flagged_ms(self, account: int) -> int | None:
        """When an account was flagged, in Unix milliseconds."""
        await self._look()
        flag = self._flags.get(account)
        return None if flag is None else time_ms(flag)

    async def among(self, followees: Sequence[int]) -> list[int]:
        """Those of the accounts that are flagged."""
        await self._look()
        return [one for one in followees if one in self._flags]

    async def followed_since(self, viewer: int, built: int, known: Sequence[int]) -> list[int]:
        """Accounts flagged since about when a feed was built, which the viewer follows and which are not known to
        be."""
        await self._look()
        start = bisect_right(self._order, (built - (LATE_MS << 16), 0))
        new = [account for _, account in self._order[start:] if account not in known]
        if not new:
            return []
        rows = (await self._dynamo.get_all({EDGES: [(viewer, one) for one in new]}))[EDGES]
        return [one for one in new if "follow_id" in rows.get((viewer, one), {})]

    async def newest(self, account: int, before: int, limit: int) -> Sequence[Entry]:
        """The newest of what an account wrote, below an id; that of the very top as of LISTS_KNOWN_S ago."""
        now = asyncio.get_running_loop().time()
        known_until, listed = self._lists.get(account, (0.0, ()))
        if known_until < now:
            listed = await self._puller.written_by(account, ID_MAX, LISTED)
            self._lists[account] = now + LISTS_KNOWN_S, listed
            self._lists.move_to_end(account)
            if len(self._lists) > LISTS_MAX:
                self._lists.popitem(last=False)
        found = [entry for entry in listed if entry[0] < before][:limit]
        if len(found) == limit or len(listed) < LISTED:
            return found
        return await self._puller.written_by(account, before, limit)

    async def _look(self) -> None:
        if asyncio.get_running_loop().time() < self._known_until:
            return
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now < self._known_until:
                return
            last = self._order[-1][0] if self._order else 0
            above = max(0, last - (LATE_MS << 16))
            rows = await self._dynamo.query(
                CELEBRITIES, EVERYBODY, above=above, limit=_ROWS, oldest_first=True
            )
            new = {int(row["item"]): int(row["position"]) for row in rows}
            if new.keys() - self._flags.keys():
                self._flags = new | self._flags
                self._order = sorted((flag, account) for account, flag in self._flags.items())
            self._known_until = now + KNOWN_S
