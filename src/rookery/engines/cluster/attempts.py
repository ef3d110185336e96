"""Charges that are made before the outcome is known, in the same windows as all others."""

from collections.abc import Sequence

from rookery.core.clock import now_ms
from rookery.core.errors import RateLimited
from rookery.core.limits import Charge, Ticket
from rookery.engines.cluster.admission import window_name
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number
from rookery.engines.cluster.tables import RATE_WINDOWS
from rookery.engines.cluster.tx import Tx


class ClusterAttempts:
    """The AttemptStore of this engine."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    async def room(self, charges: Sequence[Charge]) -> None:
        """See AttemptStore."""
        names = [(window_name(one),) for one in charges]
        windows = (await self._dynamo.get_all({RATE_WINDOWS: names}))[RATE_WINDOWS] if names else {}
        at_ms = now_ms()
        for one, name in zip(charges, names, strict=True):
            window = windows.get(name)
            if window is None or number(window, "used") < one.count_max:
                continue
            left_ms = number(window, "ends_ms") - at_ms
            if left_ms > 0:
                raise RateLimited(one.what, one.count_max, max(1, -(-left_ms // 1000)))

    async def take(self, ticket: Ticket) -> int:
        """See AttemptStore."""

        async def work(tx: Tx) -> int:
            return tx.now_ms

        return await self._dynamo.write(work, ticket) if ticket.charges else now_ms()

    async def give_back(self, ticket: Ticket, taken_ms: int) -> None:
        """See AttemptStore."""
        names = [(window_name(one),) for one in ticket.charges]

        async def work(tx: Tx) -> None:
            for window in (await tx.get_all({RATE_WINDOWS: names}))[RATE_WINDOWS].values():
                if number(window, "start_ms") <= taken_ms:
                    same = {"start_ms": window["start_ms"]}
                    tx.update(RATE_WINDOWS, window["name"], add={"used": -1}, where=same)

        if names:
            await self._dynamo.write(work)
        if ticket.budget is not None:
            ticket.budget = ticket.budget._replace(remaining=ticket.budget.remaining + 1)
