"""Rate limits and idempotency keys, in the transaction of the write that they admit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rookery.core.errors import Problem, RateLimited
from rookery.core.limits import Budget, Charge, Ticket
from rookery.engines.embedded.connections import groups, parts

if TYPE_CHECKING:
    from rookery.engines.embedded.database import Tx

KEY_KEPT_MS = 24 * 3600 * 1000

_ONE_MORE = "UPDATE rate_windows SET used = used + 1 WHERE (what, subject) IN (VALUES {}) AND ends_ms > ?"
_USED = "SELECT * FROM rate_windows WHERE (what, subject) IN (VALUES {}) AND ends_ms > ?"
_FROM_NOW = """
ON CONFLICT DO UPDATE SET start_ms = excluded.start_ms, ends_ms = excluded.ends_ms, used = 1"""
_WHERE_EXPIRED = f"""
ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint, subject = excluded.subject, at_ms = excluded.at_ms
WHERE at_ms <= excluded.at_ms - {KEY_KEPT_MS}"""


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


def charge_all(tx: "Tx", tickets: Sequence[Ticket]) -> None:
    """Counts one use of every limit of the tickets, each in a window that began with its first use. Limits of accounts:
    no two tickets are of the same actor. Raises RateLimited when a window is full; the writer then takes every use
    back with the rest of the write."""
    charges = [charge for ticket in tickets for charge in ticket.charges]
    if not charges:
        return
    used = _use(tx, charges)
    for ticket in tickets:
        budgets = [_budget(tx, one, *used[one.what, one.subject]) for one in ticket.charges]
        ticket.budget = min(budgets, key=lambda budget: budget.remaining, default=None)


def remember_all(tx: "Tx", written: Sequence[tuple[Ticket, int]]) -> bool:
    """Keeps the keys of successes for a day, with the ids that they wrote. False where a key of the last day is among
    them: then none of this may stand."""
    keys = [
        (ticket.key.account, ticket.key.key, ticket.key.fingerprint, subject, tx.now_ms)
        for ticket, subject in written
        if ticket.key is not None
    ]
    return len(keys) == tx.insert("idempotency_keys", keys, _WHERE_EXPIRED)


def _use(tx: "Tx", charges: Sequence[Charge]) -> dict[tuple[str, str], tuple[int, int]]:
    """Counts one use of each; returns when each window ends, and its uses."""
    used: dict[tuple[str, str], tuple[int, int]] = {}
    for some in parts(charges):
        values = [*(name for one in some for name in (one.what, one.subject)), tx.now_ms]
        tx.execute(_ONE_MORE.format(groups(len(some), 2)), values)
        rows = tx.at_once("what, subject, ends_ms, used", _USED.format(groups(len(some), 2)), values)
        used.update(((what, subject), (ends_ms, count)) for what, subject, ends_ms, count in rows)
    fresh = {
        (one.what, one.subject): tx.now_ms + one.period_s * 1000
        for one in charges
        if (one.what, one.subject) not in used
    }
    tx.insert("rate_windows", [(*name, tx.now_ms, ends_ms, 1) for name, ends_ms in fresh.items()], _FROM_NOW)
    used.update((name, (ends_ms, 1)) for name, ends_ms in fresh.items())
    return used


def _budget(tx: "Tx", charge: Charge, ends_ms: int, used: int) -> Budget:
    reset_s = max(1, -(-(ends_ms - tx.now_ms) // 1000))
    if used > charge.count_max:
        raise RateLimited(charge.what, charge.count_max, reset_s)
    return Budget(charge.count_max, charge.count_max - used, reset_s)
