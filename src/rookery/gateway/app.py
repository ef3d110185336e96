"""The gateway: the ASGI application that carries out routes and sends their answers."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from rookery.config import Limits, Server
from rookery.core.entities import STRANGER
from rookery.core.errors import Problem, RateLimited
from rookery.core.limits import Budget
from rookery.core.routes import Answer, ErrorPage, Refused, Route
from rookery.gateway import about, logs, problems
from rookery.gateway.dispatch import Authenticator, Dispatcher, Ledger, Visit
from rookery.gateway.headers import TRANSPORT_SECURITY, Heads, Pair, RequestIds, budget_pairs
from rookery.gateway.intake import Headers, Receive, Scope, Send
from rookery.gateway.metrics import Gauge, Series
from rookery.gateway.pulse import Pulse
from rookery.gateway.streams import Streams

CLOSING: Pair = (b"connection", b"close")
INTERNAL = Problem("internal", "This is a fault of the server: tell its operator the X-Request-Id.")


async def nothing() -> None:
    """What happens at start and stop where there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the process tells its gateway.

    `start` and `stop` run at the ends of its life; `ready` says whether requests can be served, `backlogged` whether
    projections are so far behind that writes must wait. `gauges` are shown in the metrics, which are written to
    `metrics_folder` (None: nowhere).
    """

    start: Callable[[], Awaitable[None]] = nothing
    stop: Callable[[], Awaitable[None]] = nothing
    ready: Callable[[], bool] = lambda: True
    backlogged: Callable[[], bool] = lambda: False
    gauges: Sequence[tuple[Gauge, Callable[[], float]]] = ()
    metrics_folder: Path | None = None


class Gateway:
    """The ASGI application. `routes` are those of the services and its own (about.py); `error_page` shows a problem to
    a person."""

    def __init__(
        self,
        services: Sequence[Route],
        authenticator: Authenticator,
        ledger: Ledger,
        limits: Limits,
        server: Server,
        surroundings: Surroundings | None = None,
        error_page: ErrorPage | None = None,
    ) -> None:
        self._error_page = error_page
        self._around = surroundings or Surroundings()
        self.routes = [*services, *about.routes(services, self.is_ready)]
        self._dispatcher = Dispatcher(
            self.routes, authenticator, ledger, limits, server, self._around.backlogged
        )
        self._session_lives = authenticator.session_lives
        self._streams = Streams(limits.live_streams_per_account if limits.enabled else None)
        self._ids = RequestIds()
        self._heads = Heads()
        self._draining = False
        self._stopping: asyncio.Future[None] | None = None
        self._tells_all = logs.tells_all()
        self._pulse = self._new_pulse()

    def is_busy(self) -> bool:
        """Whether a request is at work, or a live stream open."""
        return bool(self._dispatcher.in_flight or self._streams.count)

    def is_ready(self) -> bool:
        """Whether requests can be served now."""
        return self._pulse.is_ready()

    def drain(self) -> None:
        """Before the server stops: /readyz says so, every live stream ends, and answers tell clients to use their
        connections no more."""
        self._draining = True
        self._pulse.drain()
        self._streams.stop()

    async def stop(self) -> None:
        """Ends what works besides requests; once, whoever asks."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._around.stop())
        await asyncio.shield(self._stopping)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """One request, or the process's life (ASGI 3)."""
        if scope["type"] == "http":
            return self._serve(scope, receive, send)
        return self._live(receive, send) if scope["type"] == "lifespan" else _close(send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._around.start()
        except Exception as fault:  # noqa: BLE001 - the server must not go on without what did not start
            logs.log.error("start failed", fault=logs.place(fault))
            await send({"type": "lifespan.startup.failed"})
            return
        self._pulse.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.drain()
        await self.stop()
        self._pulse.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        headers = Headers(scope["headers"])
        visit = Visit(scope, headers, secure=self._dispatcher.addresses.is_tls(scope, headers))
        request_id = self._ids.of(headers.raw.get(b"x-request-id"))
        status, answer, fault = await self._attempt(visit, receive)
        try:
            if fault is None and visit.window is not None:
                budget: Budget | None = self._dispatcher.reads.budget(visit.window)
            else:
                budget = await self._budget(visit, fault)
            pairs = self._pairs(visit, answer, budget)
            pairs.append((b"x-request-id", request_id))
            await send({"type": "http.response.start", "status": status, "headers": pairs})
            self._record(visit, status, request_id, perf_counter() - began, fault)
            if answer.stream is None:
                await send(
                    {"type": "http.response.body", "body": answer.body if visit.method != "HEAD" else b""}
                )
            else:
                await self._stream(visit, answer, receive, send)
        finally:
            if answer.stream is not None:
                self._streams.leave(visit.call.viewer if visit.call is not None else STRANGER)

    async def _attempt(self, visit: Visit, receive: Receive) -> tuple[int, Answer, Exception | None]:
        """Status, answer, and the reason where it is no success."""
        # Not a part of _serve: a frame that holds what it caught is a cycle, which would keep `receive`, and so the
        # connection of a body that never came, open until the garbage is collected.
        try:
            answer = await self._dispatcher.answer(visit, receive)
            if answer.stream is not None:
                answer = self._entered(visit, answer)
        except Problem as problem:
            answer = await self._refusal(visit, problem)
            return answer.status, answer, problem
        except Exception as fault:  # noqa: BLE001 - the client gets an answer, the log what happened
            return INTERNAL.status, await self._refusal(visit, INTERNAL), fault
        return answer.status, answer, None

    async def _refusal(self, visit: Visit, problem: Problem) -> Answer:
        """The problem document; for a browser that asks for a page, or for what is not there, a page. What was refused
        is not counted as a read."""
        self._dispatcher.give_back(visit)
        answer = problems.answer(problem, visit.allow)
        for_people = visit.endpoint is None or visit.endpoint.route.page
        if self._error_page is None or not for_people or "text/html" not in visit.headers.get("accept", ""):
            return answer
        page = await self._error_page(Refused(problem, visit.method, visit.scope["path"], visit.headers))
        return replace(page, headers=(*answer.headers, *page.headers), head=None)

    def _entered(self, visit: Visit, answer: Answer) -> Answer:
        """A stream that is counted in; for HEAD its headers alone."""
        if visit.method == "HEAD" or visit.call is None:
            return Answer(b"", answer.headers, answer.content_type)
        self._streams.enter(visit.call.viewer)
        return answer

    def _pairs(self, visit: Visit, answer: Answer, budget: Budget | None) -> list[Pair]:
        """The headers of the answer."""
        pairs = self._heads.of(answer)
        if visit.secure:
            pairs.append(TRANSPORT_SECURITY)
        if self._draining:
            pairs.append(CLOSING)
        if budget is not None:
            pairs += budget_pairs(budget)
        return pairs

    async def _budget(self, visit: Visit, fault: Exception | None) -> Budget | None:
        if isinstance(fault, RateLimited):
            return Budget(fault.limit, 0, fault.reset_s)
        if fault is None or (isinstance(fault, Problem) and fault.status < INTERNAL.status):
            try:
                return await self._dispatcher.budget(visit)
            except Exception as late:  # noqa: BLE001 - what was done is told, though storage fails after it
                logs.log.warning("limits unknown", fault=logs.place(late))
        return None

    def _record(
        self, visit: Visit, status: int, request_id: bytes, seconds: float, fault: Exception | None
    ) -> None:
        endpoint = visit.endpoint
        self._pulse.meter.observe(len(self.routes) if endpoint is None else endpoint.place, status, seconds)
        told = fault is not None and not (isinstance(fault, Problem) and fault.code != "engine_unavailable")
        if told or seconds > logs.SLOW_S or self._tells_all:
            route = "no route" if endpoint is None else endpoint.route.path
            logs.request(status, visit.method, route, request_id, seconds, fault if told else None)

    async def _stream(self, visit: Visit, answer: Answer, receive: Receive, send: Send) -> None:
        assert visit.call is not None  # there is an answer
        lives = partial(self._session_lives, visit.call.session)
        try:
            await self._streams.send(answer.stream, receive, send, lives)
        except Exception as fault:  # noqa: BLE001 - the status is sent already; the log tells
            logs.log.error("stream failed", route=answer.content_type, fault=logs.place(fault))

    def _new_pulse(self) -> Pulse:
        series = [Series(route.method, route.path) for route in self.routes]
        gauges: list[tuple[Gauge, Callable[[], float]]] = [
            (Gauge("requests_in_flight", "Requests at work."), lambda: self._dispatcher.in_flight),
            (Gauge("live_streams", "Open live streams."), lambda: self._streams.count),
            *self._around.gauges,
        ]
        return Pulse(
            self._around.ready, [*series, Series("", "no route")], gauges, self._around.metrics_folder
        )


async def _close(send: Send) -> None:
    await send({"type": "websocket.close", "code": 1000})
