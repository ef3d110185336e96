"""Charges that are made before the outcome is known, in the same windows as all others."""

from collections.abc import Sequence

from rookery.core.clock import now_ms
from rookery.core.errors import RateLimited
from rookery.core.limits import Charge, Ticket
from rookery.engines.embedded.admission import charge_all
from rookery.engines.embedded.connections import rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.snapshots import Snapshots


class EmbeddedAttempts:
    """The AttemptStore of this engine."""

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        self._database = database
        self._snapshots = snapshots

    async def room(self, charges: Sequence[Charge]) -> None:
        """See AttemptStore."""
        at_ms = now_ms()
        with self._snapshots.open() as connection:
            for one in charges:
                full = rows_of(
                    connection,
                    "SELECT ends_ms FROM rate_windows WHERE what = ? AND subject = ? AND ends_ms > ? AND used >= ?",
                    (one.what, one.subject, at_ms, one.count_max),
                )
                if full:
                    raise RateLimited(one.what, one.count_max, max(1, -(-(full[0][0] - at_ms) // 1000)))

    async def take(self, ticket: Ticket) -> int:
        """See AttemptStore."""

        def work(tx: Tx) -> int:
            charge_all(tx, [ticket])
            return tx.now_ms

        return await self._database.write(work) if ticket.charges else now_ms()

    async def give_back(self, ticket: Ticket, taken_ms: int) -> None:
        """See AttemptStore."""

        def work(tx: Tx) -> None:
            for one in ticket.charges:
                tx.execute(
                    "UPDATE rate_windows SET used = used - 1 WHERE what = ? AND subject = ? AND start_ms <= ?",
                    (one.what, one.subject, taken_ms),
                )

        if ticket.charges:
            await self._database.write(work)
        if ticket.budget is not None:
            ticket.budget = ticket.budget._replace(remaining=ticket.budget.remaining + 1)
