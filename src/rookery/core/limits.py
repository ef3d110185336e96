"""What a write must pass in its own transaction: rate limits and the idempotency key."""

from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class Charge:
    """One use of a rate limit: at most `count_max` of `what` by `subject` in a window of `period_s` seconds.

    `what` names the window in storage and in the error's sentence.
    """

    what: str
    subject: str
    count_max: int
    period_s: int


class Budget(NamedTuple):
    """What is left of a limit: for the RateLimit headers."""

    limit: int
    remaining: int
    reset_s: int


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key with the digest of the method, path and body that it stands for."""

    account: int
    key: str
    fingerprint: bytes


class Ticket(Struct):
    """What the gateway hands to a write: who acts, what it costs, and the key that makes a repetition harmless.

    The engine fills in `budget` (the tightest limit after the charge) and `replayed`.
    """

    actor: int
    charges: tuple[Charge, ...] = ()
    key: IdempotencyKey | None = None
    budget: Budget | None = None
    replayed: bool = False
