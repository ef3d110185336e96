"""Rate limits and idempotency keys, read with the first look of a write and written in its transaction."""

from rookery.core.errors import Problem, RateLimited
from rookery.core.limits import Budget, Charge, Ticket
from rookery.engines.cluster.tables import EXPIRES, IDEMPOTENCY_KEYS, RATE_WINDOWS, Item, Key, Table
from rookery.engines.cluster.tx import ABSENT, Below, Tx

KEY_KEPT_MS = 24 * 3600 * 1000


class Admission:
    """What a ticket asks of a write. The windows and the key are read once in a try; at its end the windows must have
    room and the key be as read."""

    def __init__(self, ticket: Ticket | None) -> None:
        self._ticket = ticket
        self._found: dict[Table, dict[Key, Item]] = {}
        self._budget: Budget | None = None
        self.windows: dict[Key, Item] = {}  # as the write leaves them

    def wanted(self) -> dict[Table, list[Key]]:
        """The rows to read: the windows of the ticket's limits, and its key."""
        ticket = self._ticket
        if ticket is None or not (ticket.charges or ticket.key):
            return {}
        wanted: dict[Table, list[Key]] = {RATE_WINDOWS: [(window_name(one),) for one in ticket.charges]}
        if ticket.key is not None:
            wanted[IDEMPOTENCY_KEYS] = [(key_name(ticket.key.account, ticket.key.key),)]
        return wanted

    async def look(self, tx: Tx) -> int | None:
        """The id that the first success with the ticket's key wrote, or None. Raises Problem `idempotency_mismatch`."""
        ticket = self._ticket
        self._found = await tx.get_all(self.wanted())
        known = next(iter(self._found.get(IDEMPOTENCY_KEYS, {}).values()), None)
        if (
            ticket is None
            or ticket.key is None
            or known is None
            or int(known["at_ms"]) <= tx.now_ms - KEY_KEPT_MS
        ):
            return None
        if known["fingerprint"] != ticket.key.fingerprint:
            raise Problem("idempotency_mismatch", "This Idempotency-Key was used for another request.")
        ticket.replayed = True
        return int(known["subject"])

    def charge(self, tx: Tx) -> None:
        """Counts one use of every limit of the ticket. Raises RateLimited."""
        assert self._ticket is not None
        self.windows = {}
        budgets = [self._use(tx, one) for one in self._ticket.charges]
        self._budget = min(budgets, key=lambda budget: budget.remaining, default=None)

    def remember(self, tx: Tx, subject: int) -> None:
        """Keeps the key of a success for a day."""
        assert self._ticket is not None
        key = self._ticket.key
        if key is None:
            return
        name = key_name(key.account, key.key)
        before = self._found[IDEMPOTENCY_KEYS].get((name,))
        tx.put(
            IDEMPOTENCY_KEYS,
            key_row(name, key.fingerprint, subject, tx.now_ms),
            where=ABSENT if before is None else {"at_ms": before["at_ms"]},
        )

    def settle(self, *, charged: bool) -> None:
        """Tells the ticket what is left, once the write stands."""
        if self._ticket is not None and charged:
            self._ticket.budget = self._budget

    def _use(self, tx: Tx, cost: Charge) -> Budget:
        name = window_name(cost)
        window = self._found[RATE_WINDOWS].get((name,))
        if window is None or int(window["ends_ms"]) <= tx.now_ms:
            ends_ms = tx.now_ms + cost.period_s * 1000
            row: Item = {"name": name, "start_ms": tx.now_ms, "ends_ms": ends_ms, "used": 1}
            row[EXPIRES] = ends_ms // 1000 + 1
            before = ABSENT if window is None else {"ends_ms": window["ends_ms"], "used": window["used"]}
            tx.put(RATE_WINDOWS, row, where=before)
            self.windows[(name,)] = row
            return Budget(cost.count_max, cost.count_max - 1, cost.period_s)
        used, reset_s = int(window["used"]), max(1, -(-(int(window["ends_ms"]) - tx.now_ms) // 1000))
        if used >= cost.count_max:
            raise RateLimited(cost.what, cost.count_max, reset_s)
        others = (
            used if tx.presuming else Below(cost.count_max)
        )  # who has read it lets others use it meanwhile
        tx.update(RATE_WINDOWS, name, add={"used": 1}, where={"ends_ms": window["ends_ms"], "used": others})
        self.windows[(name,)] = {**window, "used": used + 1}
        return Budget(cost.count_max, cost.count_max - used - 1, reset_s)


def window_name(charge: Charge) -> str:
    """The key of a limit's window."""
    return f"{charge.what}#{charge.subject}"


def key_row(name: str, fingerprint: bytes, subject: int, at_ms: int) -> Item:
    """The row of an idempotency key: the id that a success wrote, and when."""
    kept: Item = {"name": name, "fingerprint": fingerprint, "subject": subject, "at_ms": at_ms}
    return {**kept, EXPIRES: (at_ms + KEY_KEPT_MS) // 1000}


def key_name(account: int, key: str) -> str:
    """The key under which an idempotency key is kept."""
    return f"{account}#{key}"
