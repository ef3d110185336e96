"""Rate limits and idempotency keys, in the transaction of the write that they admit."""

from typing import TYPE_CHECKING

from rookery.core.errors import Problem, RateLimited
from rookery.core.limits import Budget, Charge, Ticket

if TYPE_CHECKING:
    from rookery.engines.embedded.database import Tx

KEY_KEPT_MS = 24 * 3600 * 1000


def replayed(tx: "Tx", ticket: Ticket) -> int | None:
    """The id that the first success with the ticket's key wrote, or None. Raises Problem `idempotency_mismatch`."""
    if ticket.key is None:
        return None
    rows = tx.execute(
        "SELECT fingerprint, subject FROM idempotency_keys WHERE account = ? AND key = ? AND at_ms > ?",
        (ticket.key.account, ticket.key.key, tx.now_ms - KEY_KEPT_MS),
    )
    if not rows:
        return None
    if rows[0][0] != ticket.key.fingerprint:
        raise Problem("idempotency_mismatch", "This Idempotency-Key was used for another request.")
    ticket.replayed = True
    return int(rows[0][1])


def charge_all(tx: "Tx", ticket: Ticket) -> None:
    """Charges every limit of the ticket, or none: the writer takes the whole write back. Raises RateLimited."""
    budgets = [charge(tx, one) for one in ticket.charges]
    ticket.budget = min(budgets, key=lambda budget: budget.remaining, default=None)


def remember(tx: "Tx", ticket: Ticket, subject: int) -> None:
    """Keeps the key of a success for a day."""
    if ticket.key is not None:
        tx.execute(
            "INSERT OR REPLACE INTO idempotency_keys VALUES (?,?,?,?,?)",
            (ticket.key.account, ticket.key.key, ticket.key.fingerprint, subject, tx.now_ms),
        )


def charge(tx: "Tx", cost: Charge) -> Budget:
    """Counts one use in a window that began with its first use. Raises RateLimited when the window is full; the
    writer then takes the use back with the rest."""
    rows = tx.execute(
        "UPDATE rate_windows SET used = used + 1 WHERE what = ? AND subject = ? AND ends_ms > ? "
        "RETURNING ends_ms, used",
        (cost.what, cost.subject, tx.now_ms),
    )
    if not rows:
        tx.execute(
            "INSERT OR REPLACE INTO rate_windows VALUES (?,?,?,?,1)",
            (cost.what, cost.subject, tx.now_ms, tx.now_ms + cost.period_s * 1000),
        )
        return Budget(cost.count_max, cost.count_max - 1, cost.period_s)
    ends_ms, used = rows[0]
    reset_s = max(1, -(-(ends_ms - tx.now_ms) // 1000))
    if used > cost.count_max:
        raise RateLimited(cost.what, cost.count_max, reset_s)
    return Budget(cost.count_max, cost.count_max - used, reset_s)
