"""Reading what admission.py keeps: idempotency keys and the windows of rate limits."""

from collections.abc import Sequence

from rookery.core import clock
from rookery.core.limits import Budget, Charge
from rookery.engines.cluster.admission import KEY_KEPT_MS, key_name, window_name
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number, raw
from rookery.engines.cluster.tables import IDEMPOTENCY_KEYS, RATE_WINDOWS


class ClusterLedger:
    """The ledger that the gateway asks before and after a write; the write itself decides."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    async def find(self, account: int, key: str) -> tuple[bytes, int] | None:
        """The fingerprint and the written id of the success that has the key; 0 where it changed nothing."""
        row = await self._dynamo.get(IDEMPOTENCY_KEYS, key_name(account, key))
        if row is None or number(row, "at_ms") <= clock.now_ms() - KEY_KEPT_MS:
            return None
        return raw(row, "fingerprint"), number(row, "subject")

    async def left(self, charges: Sequence[Charge]) -> Budget:
        """What is left of the tightest of these limits, without charging any."""
        names = [(window_name(one),) for one in charges]
        windows = (await self._dynamo.get_all({RATE_WINDOWS: names}))[RATE_WINDOWS]
        now_ms = clock.now_ms()
        budgets: list[Budget] = []
        for charge, name in zip(charges, names, strict=True):
            window = windows.get(name)
            if window is None or number(window, "ends_ms") <= now_ms:
                budgets.append(Budget(charge.count_max, charge.count_max, charge.period_s))
                continue
            reset_s = max(1, -(-(number(window, "ends_ms") - now_ms) // 1000))
            budgets.append(
                Budget(charge.count_max, max(0, charge.count_max - number(window, "used")), reset_s)
            )
        return min(budgets, key=lambda budget: budget.remaining)
