"""A repeated Idempotency-Key does nothing twice: the first success is answered again (docs/api.md, Conventions)."""

import asyncio
import hashlib
from typing import Protocol, TypeVar

from rookery.core.errors import Invalid, Problem
from rookery.core.forms import Form
from rookery.core.limits import IdempotencyKey
from rookery.core.routes import Answer, Call, Route

F = TypeVar("F", bound=Form)
HEADER = "Idempotency-Key"
KEY_MAX = 128


class KeyLedger(Protocol):
    """Where successes are kept by their key, written by the write's own transaction."""

    async def find(self, account: int, key: str) -> tuple[bytes, int] | None:
        """The fingerprint and the written id of a success of the last 24 h."""


class UnkeyedCall(Call):
    """A call whose Idempotency-Key cannot be one: told with the other bad input, after 404 and 403."""

    def body(self, kind: type[F]) -> F:
        """Raises Invalid, with the body's faults."""
        faults = {HEADER: f"must be 1 to {KEY_MAX} visible ASCII characters"}
        try:
            super().body(kind)
        except Invalid as fault:
            faults = {**fault.errors, **faults}
        raise Invalid(faults)


def is_key(value: str) -> bool:
    """Whether a header's value can be a key."""
    return 1 <= len(value) <= KEY_MAX and value.isascii() and value.isprintable() and " " not in value


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """What a key stands for; a path is the same with and without its trailing slash."""
    plain = path.rstrip("/").encode("utf-8", "surrogatepass")
    return hashlib.sha256(b"%s %s\n%s" % (method.encode(), plain, body)).digest()


class Repetitions:
    """Carries keyed writes out once: the write's own transaction decides, in whichever process. Most keys are new, so
    the ledger is asked only afterwards, where the handler was refused or its write turned out to be a repetition. A
    copy of a request that this process is carrying out waits for it."""

    def __init__(self, ledger: KeyLedger) -> None:
        self._ledger = ledger
        self._under_way: dict[tuple[int, str], asyncio.Event | None] = {}  # an event where copies wait

    async def carry_out(self, route: Route, call: Call, key: IdempotencyKey) -> Answer:
        """The answer of the handler, or what repeats the first success. Raises Problem."""
        name = key.account, key.key
        while name in self._under_way:
            ended = self._under_way[name] = self._under_way[name] or asyncio.Event()
            await ended.wait()
        self._under_way[name] = None
        try:
            return await self._carry_out(route, call, key)
        finally:
            if (waited_for := self._under_way.pop(name)) is not None:
                waited_for.set()

    async def _carry_out(self, route: Route, call: Call, key: IdempotencyKey) -> Answer:
        try:
            answer = await route.handler(call)
        except Problem as problem:
            if problem.code == "idempotency_mismatch":
                raise
            repeated = await self._repeat(route, call, key)
            if repeated is None:
                raise
            return repeated
        return answer if not call.ticket.replayed else await self._repeat(route, call, key) or answer

    async def _repeat(self, route: Route, call: Call, key: IdempotencyKey) -> Answer | None:
        first = await self._ledger.find(key.account, key.key)
        if first is None:
            return None
        if first[0] != key.fingerprint:
            raise Problem("idempotency_mismatch", f"This {HEADER} was used for another request.")
        assert route.replay is not None
        call.was_read = True
        call.ticket.replayed = True
        return await route.replay(call, first[1])
