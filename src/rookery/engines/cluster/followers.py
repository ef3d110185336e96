"""The followers of an account as fan-out needs them: everyone whose follow stood when the event was taken up."""

from array import array
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from rookery.core.clock import now_ms
from rookery.core.ids import first_id_at
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.tables import FOLLOWERS_OF

PAGE = 500  # followers of one query, and given at once: others have their turn between two
KEPT_FROM = 1_000  # followers; fewer are read anew each time
KEPT_MAX = 4_000_000  # followers kept in all, eight bytes each
LATE_MS = 60_000  # so long after its id was minted a follow may become visible
AGED_MS = 3_600_000  # so long kept ones are gone by: who unfollowed only costs a write


@dataclass(frozen=True, slots=True)
class _Kept:
    """Followers whose follows are older than `before`, which no new one can come among; all read at `read_ms`, but for
    the newer ones."""

    followers: "array[int]"
    before: int
    read_ms: int


class Followers:
    """Reads lists of followers, and keeps long ones: of these only the newest follows are read again. Who ended a
    follow meanwhile is in them still, which harms nobody: the Reader decides."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._count = 0

    async def of(self, account: int) -> AsyncGenerator[Sequence[int], None]:
        """The followers, PAGE at a time."""
        kept = self._kept.get(account)
        if kept is not None and kept.read_ms < now_ms() - AGED_MS:
            kept = None
        bound = first_id_at(now_ms() - LATE_MS)
        old = array("Q")
        above, below = (kept.before - 1 if kept else 0), None
        while True:
            rows = await self._dynamo.query(FOLLOWERS_OF, str(account), above=above, below=below, limit=PAGE)
            page = [int(row["item"]) for row in rows]
            old.extend(one for row, one in zip(rows, page, strict=True) if int(row["position"]) < bound)
            yield page
            if len(rows) < PAGE:
                break
            below = int(rows[-1]["position"])
        if kept is not None:
            for start in range(0, len(kept.followers), PAGE):
                yield kept.followers[start : start + PAGE]
        self._keep(account, kept, old, bound)

    def _keep(self, account: int, kept: _Kept | None, new: "array[int]", before: int) -> None:
        read_ms = kept.read_ms if kept is not None else now_ms()
        followers = new if kept is None else new + kept.followers
        self._drop(account)
        if len(followers) < KEPT_FROM:
            return
        self._kept[account] = _Kept(followers, max(before, kept.before if kept else 0), read_ms)
        self._count += len(followers)
        while self._count > KEPT_MAX:
            self._drop(next(iter(self._kept)))

    def _drop(self, account: int) -> None:
        gone = self._kept.pop(account, None)
        if gone is not None:
            self._count -= len(gone.followers)
