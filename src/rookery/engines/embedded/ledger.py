"""Reading what admission.py keeps: idempotency keys and the windows of rate limits."""

from collections.abc import Sequence

from rookery.core import clock
from rookery.core.limits import Budget, Charge
from rookery.engines.embedded.admission import KEY_KEPT_MS
from rookery.engines.embedded.connections import rows_of
from rookery.engines.embedded.snapshots import Snapshots

_KEY = "SELECT fingerprint, subject FROM main.idempotency_keys WHERE account = ? AND key = ? AND at_ms > ?"
_WINDOW = "SELECT used, ends_ms FROM main.rate_windows WHERE what = ? AND subject = ? AND ends_ms > ?"


class EmbeddedLedger:
    """The ledger that the gateway asks before and after a write; the write itself decides."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    async def find(self, account: int, key: str) -> tuple[bytes, int] | None:
        """The fingerprint and the written id of the success that has the key; 0 where it changed nothing."""
        with self._snapshots.open() as connection:
            rows = rows_of(connection, _KEY, (account, key, clock.now_ms() - KEY_KEPT_MS))
        return (rows[0][0], rows[0][1]) if rows else None

    async def left(self, charges: Sequence[Charge]) -> Budget:
        """What is left of the tightest of these limits, without charging any."""
        now_ms = clock.now_ms()
        budgets: list[Budget] = []
        with self._snapshots.open() as connection:
            for charge in charges:
                rows = rows_of(connection, _WINDOW, (charge.what, charge.subject, now_ms))
                used, ends_ms = rows[0] if rows else (0, now_ms + charge.period_s * 1000)
                reset_s = max(1, -(-(ends_ms - now_ms) // 1000))
                budgets.append(Budget(charge.count_max, max(0, charge.count_max - used), reset_s))
        return min(budgets, key=lambda budget: budget.remaining)
