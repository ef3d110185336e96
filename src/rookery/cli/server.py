"""Running the server: this process supervises and projects; workers serve and are started again when they die."""

import asyncio
import math
import multiprocessing
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from logging import getLogger
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer as Granian

from rookery.bootstrap import Bell, application, projecting
from rookery.cli.failures import explain
from rookery.config import Server, Settings
from rookery.core.errors import OperatorError
from rookery.gateway.exposition import start_metrics
from rookery.gateway.intake import Receive, Scope, Send

DRAIN = (
    signal.SIGUSR1
)  # tells a worker to end its live streams, which would keep it from stopping, and what lingers
ENDING = (signal.SIGTERM, signal.SIGINT)
FLUSH_S = 2.0  # after the last answer, for clients to take it
BACKLOG = 2_048  # connections that wait to be accepted
HEAD_BYTES_MAX = 131_072  # of a request's line and headers; more is 431 by granian itself
CONNECTIONS_MAX = 16_384  # of a worker; the gateway refuses requests long before
LOOK_EVERY_S = 0.05
ORPHAN_LOOK_S = 0.5
_LOGGER = "_granian"
_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"generic": {"format": "rookery: %(message)s."}, "access": {"format": "%(message)s"}},
    "handlers": {
        name: {"class": "logging.StreamHandler", "formatter": form, "stream": "ext://sys.stderr"}
        for name, form in (("console", "generic"), ("access", "access"))
    },
    "loggers": {
        _LOGGER: {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "granian.access": {"handlers": ["access"], "level": "ERROR", "propagate": False},
    },
}


def url(server: Server) -> str:
    """Where the server is reached from this machine."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{'https' if server.tls_cert else 'http'}://{host}:{server.port}"


def check_port(server: Server) -> str:
    """The numeric address to listen on. Raises OperatorError where the server's address cannot be listened on.

    Workers share the port, so that a second server could join them unnoticed: only a look from outside tells.
    """
    try:
        family, kind, _, _, where = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as fault:
        raise OperatorError(
            f"Cannot listen on {server.host} port {server.port} ({fault.strerror}): stop what listens there, or name"
            " another with --port."
        ) from None
    return str(where[0])


class Application(Protocol):
    """What a worker serves: an ASGI application that is told when it is about to stop."""

    def is_busy(self) -> bool:
        """Whether a request is at work."""

    def drain(self) -> None:
        """Ends what would keep the worker from stopping."""

    async def stop(self) -> None:
        """Finishes and closes everything."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI 3."""


Build = Callable[[Settings, bytes, Path, Bell | None], Application]


def run(settings: Settings, key: bytes, announce: Callable[[], None], build: Build = application) -> None:
    """Serves until SIGTERM or SIGINT; what was accepted by then is finished, within `server.drain_ms_max`. Behind a
    proxy requests are accepted for `server.linger_ms` longer, so that it sees that the server is not ready any more.

    `announce` is called, in a thread, once requests are answered. `build` makes a worker's application, in its process
    (the benchmarks add their limits to it). Raises OperatorError.
    """
    address = check_port(settings.server)
    with ExitStack() as around:
        folder = around.enter_context(TemporaryDirectory(prefix="rookery-metrics-"))
        if settings.server.metrics_port:
            start_metrics(settings.server.metrics_host, settings.server.metrics_port, Path(folder))
        bell = around.enter_context(projecting(settings, key))
        # A fork would copy the threads' locks, and ports that workers must not keep open after this process.
        multiprocessing.set_start_method("spawn", force=True)
        granian = _granian(settings.server, address)
        granian.on_startup(partial(_started, granian, settings.server, announce))
        worker = partial(_worker, build, settings, key, Path(folder), bell, os.getpid())
        try:
            granian.serve(target_loader=worker, wrap_loader=False)
        except SystemExit:
            if not granian.interrupt_signal:
                raise OperatorError(
                    "The server's workers end as soon as they start: mend what the lines above say and start again."
                ) from None


def _granian(server: Server, address: str) -> Granian:
    try:
        return Granian(
            "rookery",
            address=address,
            port=server.port,
            interface=Interfaces.ASGI,
            workers=server.workers,
            loop=Loops.uvloop,
            http=HTTPModes.http1,  # the automatic mode waits for ever for the first bytes of a connection
            websockets=False,
            backlog=BACKLOG,
            backpressure=CONNECTIONS_MAX,
            http1_settings=HTTP1Settings(
                header_read_timeout=server.header_read_ms_max, max_buffer_size=HEAD_BYTES_MAX
            ),
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
            ssl_cert=server.tls_cert,
            ssl_key=server.tls_key,
            respawn_failed_workers=True,
            workers_kill_timeout=max(1, math.ceil(server.drain_ms_max / 1000)),
        )
    except ssl.SSLError:
        raise OperatorError(
            f"{server.tls_cert} and {server.tls_key} are no certificate with its key: give two PEM files that fit."
        ) from None


def _started(granian: Granian, server: Server, announce: Callable[[], None]) -> None:
    """Once granian has its signal handlers: drains the workers first, and tells when they answer."""

    told = threading.Event()

    def stop() -> None:
        again = told.is_set()
        told.set()
        for worker in granian.wrks:
            with suppress(ProcessLookupError):
                os.kill(worker.inner.pid, DRAIN)
        timer = threading.Timer(0.0 if again else _linger_s(server), granian.signal_handler_interrupt)
        timer.daemon = True
        timer.start()

    _on_signal(stop)
    # On Ctrl-C a terminal signals the workers too, which is no fault to tell of.
    getLogger(_LOGGER).addFilter(lambda record: not told.is_set())
    threading.Thread(target=_tell_when_open, args=(granian, server, announce), daemon=True).start()


def _on_signal(act: Callable[[], None]) -> None:
    """Does so, in a thread, at each SIGTERM and SIGINT. The main thread's wait would not end where another thread takes
    the signal, as one does that is just starting a thread."""
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    for number in ENDING:
        signal.signal(number, lambda *told: None)  # one of Python's own, so that it writes to the pipe
    signal.set_wakeup_fd(writes, warn_on_full_buffer=False)

    def hear() -> None:
        while told := os.read(reads, 1):
            if told[0] in ENDING:
                act()

    threading.Thread(target=hear, daemon=True).start()


def _linger_s(server: Server) -> float:
    return server.linger_ms / 1_000 if server.trusted_proxies else 0.0


def _tell_when_open(granian: Granian, server: Server, announce: Callable[[], None]) -> None:
    while not granian.interrupt_signal:
        time.sleep(LOOK_EVERY_S)
        with suppress(OSError), socket.create_connection((server.host, server.port), timeout=1):
            announce()
            return


def _worker(
    build: Build, settings: Settings, key: bytes, metrics_folder: Path, bell: Bell | None, supervisor: int
) -> Application:
    """The application of a worker; runs in its process, whose loop is there but not yet running."""
    try:
        built = build(settings, key, metrics_folder, bell)
    except Exception as fault:  # noqa: BLE001 - a sentence instead of a stack trace
        print(f"rookery: {explain(fault)}", file=sys.stderr)
        sys.exit(1)
    loop = asyncio.get_event_loop()
    ending: list[asyncio.Task[None]] = []

    def drain() -> None:
        built.drain()
        if not ending:
            ending.append(loop.create_task(_end(built, _linger_s(settings.server))))

    loop.add_signal_handler(DRAIN, drain)
    threading.Thread(target=_stop_with, args=(supervisor,), daemon=True).start()
    return built


async def _end(built: Application, linger_s: float) -> None:
    """Ends this worker's process when all that it accepted is answered. Granian does so by itself where every client
    has taken its answer and closed; it would wait for one that never does."""
    await asyncio.sleep(linger_s)
    quiet_s = 0.0
    while quiet_s < FLUSH_S:
        await asyncio.sleep(LOOK_EVERY_S)
        quiet_s = 0.0 if built.is_busy() else quiet_s + LOOK_EVERY_S
    await built.stop()
    os._exit(0)


def _stop_with(supervisor: int) -> None:
    """Stops this worker when the supervisor was killed, so that its port is free again."""
    while os.getppid() == supervisor:
        time.sleep(ORPHAN_LOOK_S)
    os.kill(os.getpid(), DRAIN)
    os.kill(os.getpid(), signal.SIGTERM)
