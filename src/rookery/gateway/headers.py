"""The headers that every answer carries, as bytes made ahead."""

import secrets
from itertools import count

from rookery.core.limits import Budget
from rookery.core.routes import Answer

Pair = tuple[bytes, bytes]

CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY: tuple[Pair, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", CSP),
    (b"permissions-policy", b"camera=(), geolocation=(self), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
TRANSPORT_SECURITY: Pair = (b"strict-transport-security", b"max-age=31536000")
NO_STORE: Pair = (b"cache-control", b"no-store")
REQUEST_ID_MAX = 64

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_NUMBERS = [str(number).encode() for number in range(4_096)]


class RequestIds:
    """The id of each request: the client's own where it is safe to repeat, or one that no other process makes."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(6).encode()
        self._numbers = count(1)

    def of(self, given: bytes | None) -> bytes:
        """The id for a request with this X-Request-Id header."""
        if given and len(given) <= REQUEST_ID_MAX and _SAFE.issuperset(given):
            return given
        return b"%s-%x" % (self._prefix, next(self._numbers))


class Heads:
    """The headers that every answer of a content type has, made once."""

    def __init__(self) -> None:
        self._made: dict[str, list[Pair]] = {}

    def of(self, answer: Answer) -> list[Pair]:
        """The headers of an answer, to be added to. What an answer that is kept brings itself is made once."""
        head: list[Pair] | None = answer.head
        if head is None:
            head = answer.head = self._new(answer)
        return head.copy()

    def _new(self, answer: Answer) -> list[Pair]:
        made = self._made.get(answer.content_type)
        if made is None:
            made = [(b"content-type", answer.content_type.encode()), *SECURITY]
            self._made[answer.content_type] = made
        pairs = made.copy()
        cached = False
        for name, value in answer.headers:
            pairs.append((name.lower().encode(), value.encode("latin-1")))
            cached = cached or pairs[-1][0] == NO_STORE[0]
        if not cached:
            pairs.append(NO_STORE)
        if answer.stream is None:
            pairs.append((b"content-length", number(len(answer.body))))
        return pairs


def budget_pairs(budget: Budget) -> tuple[Pair, Pair, Pair]:
    """What is left of a limit; the reset in seconds to go."""
    return (
        (b"ratelimit-limit", number(budget.limit)),
        (b"ratelimit-remaining", number(budget.remaining)),
        (b"ratelimit-reset", number(budget.reset_s)),
    )


def number(value: int) -> bytes:
    """A number in decimal."""
    return _NUMBERS[value] if 0 <= value < len(_NUMBERS) else b"%d" % value
