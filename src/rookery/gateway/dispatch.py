"""From a request to its handler: the checks that every request passes, in the same order.

Is the route there (404, 405), who asks (401), how often (429), how much (413); the rest is the handler's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import quote

from rookery.config import Limits, Server
from rookery.core.entities import STRANGER
from rookery.core.errors import Problem
from rookery.core.limits import Budget, IdempotencyKey, Ticket
from rookery.core.routes import Answer, Call, Route
from rookery.gateway.auth import NOBODY, Caller, check_origin
from rookery.gateway.idempotency import (
    HEADER,
    KeyLedger,
    Repetitions,
    UnkeyedCall,
    fingerprint,
    is_key,
)
from rookery.gateway.intake import Addresses, Bodies, Headers, Receive, Scope
from rookery.gateway.openapi import knows_caller
from rookery.gateway.ratelimit import ChargeLedger, Window, WriteCharges, read_limits
from rookery.gateway.table import NO_ARGS, Table, fixed_beginning, is_parameter, segments

_KEY_HEADER = HEADER.lower()
ENDED = ("token_invalid", "token_expired")  # what an old cookie is refused with
_SAFE_IN_PATH = "/@!$&'()*+,;=:-._~"
RETRY_AFTER_S = 1
IN_FLIGHT_MAX = 2_000  # requests at work in a process; more are refused, so that these are finished in time


class Authenticator(Protocol):
    """Says who sends a request; see auth.py."""

    def recall(self, headers: Mapping[str, str], *, secure: bool) -> Caller | None:
        """The caller where that is known without waiting."""

    async def who(self, headers: Mapping[str, str], *, secure: bool) -> Caller:
        """The caller. Raises Problem `token_invalid` or `token_expired`."""

    async def session_lives(self, session_id: int) -> bool:
        """Whether a session has not ended."""


class Ledger(KeyLedger, ChargeLedger, Protocol):
    """What the gateway reads of earlier writes."""


class Endpoint:
    """A route with what is known of it before any request comes. `place`: which of the routes it is; `is_about`: it
    tells of the server alone, and answers also when that has too much to do."""

    __slots__ = ("asks_caller", "is_about", "parameters", "place", "reads", "route", "writes")

    def __init__(self, route: Route, place: int) -> None:
        self.route = route
        self.place = place
        self.asks_caller = knows_caller(route)
        self.writes = route.method != "GET"
        self.reads = route.counted == "read"
        parts = segments(route.path)
        self.parameters = [
            (part.partition("{")[2][:-1], place, len(fixed_beginning(part)))
            for place, part in enumerate(parts, 1)
            if is_parameter(part)
        ]
        self.is_about = route.limit == "none" and not self.asks_caller and not self.parameters

    def arguments(self, path: str) -> Mapping[str, str]:
        """The values of the parameters in a path that the route serves."""
        parts = path.split("/")
        return {name: parts[place][begins:] for name, place, begins in self.parameters}


class Visit:
    """A request on its way through the gateway, and what was found out about it."""

    __slots__ = ("allow", "call", "endpoint", "headers", "method", "scope", "secure", "window")

    def __init__(self, scope: Scope, headers: Headers, *, secure: bool) -> None:
        self.scope = scope
        self.headers = headers
        self.secure = secure
        self.method: str = scope["method"]
        self.endpoint: Endpoint | None = None
        self.call: Call | None = None
        self.window: Window | None = None
        self.allow: str | None = None  # the methods of the path, where the request's is none of them


class Dispatcher:
    """Carries visits out. `backlogged`: whether writes must wait for the projections to catch up."""

    def __init__(
        self,
        routes: Sequence[Route],
        authenticator: Authenticator,
        ledger: Ledger,
        limits: Limits,
        server: Server,
        backlogged: Callable[[], bool],
    ) -> None:
        self._table = Table([Endpoint(route, place) for place, route in enumerate(routes)])
        self._authenticator = authenticator
        self._ledger = ledger
        self._repetitions = Repetitions(ledger)
        self._limits = limits
        self._bodies = Bodies(limits.body_bytes_max, server.body_read_ms_max)
        self._backlogged = backlogged
        self.reads = read_limits(limits)
        self._charges = WriteCharges(limits)
        self.addresses = Addresses(server.trusted_proxies)
        self.in_flight = 0

    async def answer(self, visit: Visit, receive: Receive) -> Answer:
        """The handler's answer. Raises Problem, and whatever a fault of a handler raises."""
        endpoint = visit.endpoint = self._endpoint(visit)
        if self.in_flight >= IN_FLIGHT_MAX and not endpoint.is_about:
            raise Problem("overloaded", "Too many requests at once.", retry_after_s=RETRY_AFTER_S)
        self.in_flight += 1
        try:
            caller = self._recalled(visit, endpoint) or await self._found(visit, endpoint)
            _check_caller(visit, endpoint, caller)
            address = self.addresses.client(visit.scope, visit.headers)
            if endpoint.reads:
                visit.window = self.reads.take(caller.viewer, address)
            body = await self._bodies.read(receive, visit.headers) if _has_body(visit, endpoint) else b""
            call = visit.call = self._call(visit, endpoint, caller, address, body)
            if call.ticket.key is None:
                answer = await endpoint.route.handler(call)
            else:
                answer = await self._repetitions.carry_out(endpoint.route, call, call.ticket.key)
            assert call.was_read, f"{endpoint.route.method} {endpoint.route.path} did not read its input"
            return answer
        finally:
            self.in_flight -= 1

    def give_back(self, visit: Visit) -> None:
        """Takes back the read that a refused request was counted as."""
        if visit.window is not None:
            self.reads.give_back(visit.window)

    async def budget(self, visit: Visit) -> Budget | None:
        """What is left of the route's tightest limit; None where it has none."""
        if visit.window is not None:
            return self.reads.budget(visit.window)
        if visit.call is None or not visit.call.ticket.charges:
            return None
        return visit.call.ticket.budget or await self._ledger.left(visit.call.ticket.charges)

    def _endpoint(self, visit: Visit) -> Endpoint:
        path: str = visit.scope["path"]
        raw_path: bytes = visit.scope.get("raw_path") or path.encode()
        if len(raw_path) + len(visit.scope["query_string"]) > self._limits.url_bytes_max:
            raise Problem("too_large", f"The URL must be at most {self._limits.url_bytes_max} bytes.")
        # An encoded slash belongs to the segment that it is in, and no segment may hold one.
        split = b"%" in raw_path and b"%2f" in raw_path.lower()
        methods = {} if split else self._table.methods(path)
        endpoint = methods.get("GET" if visit.method == "HEAD" else visit.method)
        if endpoint is not None:
            return endpoint
        if not methods:
            raise Problem("not_found", "There is nothing at this address.")
        visit.allow = ", ".join(sorted({*methods, "HEAD"} if "GET" in methods else methods))
        raise Problem("method_not_allowed", f"This address takes {visit.allow}.")

    def _recalled(self, visit: Visit, endpoint: Endpoint) -> Caller | None:
        """Who asks, where that is known without waiting."""
        if endpoint.route.page and endpoint.writes:
            check_origin(visit.headers, secure=visit.secure)
        if not endpoint.asks_caller:
            return NOBODY
        try:
            return self._authenticator.recall(visit.headers, secure=visit.secure)
        except Problem as fault:
            return _without_session(endpoint, fault)

    async def _found(self, visit: Visit, endpoint: Endpoint) -> Caller:
        try:
            return await self._authenticator.who(visit.headers, secure=visit.secure)
        except Problem as fault:
            return _without_session(endpoint, fault)

    def _call(self, visit: Visit, endpoint: Endpoint, caller: Caller, address: str, body: bytes) -> Call:
        path: str = visit.scope["path"]
        ticket = Ticket(caller.viewer)
        kind = Call
        if endpoint.writes:
            if self._backlogged():
                raise Problem(
                    "overloaded",
                    "Too much is waiting to be delivered; try again.",
                    retry_after_s=RETRY_AFTER_S,
                )
            ticket.charges = self._charges.of(endpoint.route.limit, caller.viewer, address)
            key = visit.headers.get(_KEY_HEADER) if endpoint.route.replay is not None else None
            if key is not None:
                if is_key(key):
                    ticket.key = IdempotencyKey(caller.viewer, key, fingerprint(visit.method, path, body))
                else:
                    kind = UnkeyedCall
        return kind(
            visit.method,
            path if path.isascii() else quote(path, safe=_SAFE_IN_PATH),
            endpoint.arguments(path) if endpoint.parameters else NO_ARGS,
            visit.scope["query_string"],
            body,
            visit.headers,
            address,
            caller.viewer,
            caller.session_id,
            ticket,
            visit.secure,
        )


def _without_session(endpoint: Endpoint, fault: Problem) -> Caller:
    """Whose session has ended is a stranger to a page. Raises what refused it where this is none."""
    if endpoint.route.page and fault.code in ENDED:
        return NOBODY
    raise fault


def _check_caller(visit: Visit, endpoint: Endpoint, caller: Caller) -> None:
    if caller.viewer == STRANGER and endpoint.route.needs_account:
        raise Problem("not_signed_in", "This needs an account: send a token as Authorization: Bearer.")
    if caller.by_cookie and endpoint.writes:
        check_origin(visit.headers, secure=visit.secure)


def _has_body(visit: Visit, endpoint: Endpoint) -> bool:
    raw = visit.headers.raw
    return endpoint.writes or b"content-length" in raw or b"transfer-encoding" in raw
