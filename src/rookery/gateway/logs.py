"""What is written to standard error: lines for people, or one JSON object a line.

No line holds a token, a password, a query, a body or a text: a fault is told by its kind and place, for its own
words may quote what it failed on.
"""

import logging
import sys
import threading
import traceback
from contextlib import suppress
from typing import Literal

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
SLOW_S = 0.5  # a request that took longer is logged as a warning
CAUSES_MAX = 5
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"))

log: FilteringBoundLogger = structlog.get_logger()


def configure(level: Level, form: Literal["text", "json"]) -> None:
    """Sends log lines of at least this weight to standard error. At `debug` every request is a line."""
    last: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _placed,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: StandardError(),
        cache_logger_on_first_use=False,  # lines are few, and a later configuration must count
    )
    logging.lastResort = Foreign(logging.WARNING)


class StandardError:
    """Writes whole lines. What cannot be written is dropped: a full disk must not stop the work that is told of."""

    _lock = threading.Lock()

    def msg(self, line: str) -> None:
        """Writes a line."""
        with self._lock, suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    debug = info = warning = error = msg


class Foreign(logging.Handler):
    """Takes what libraries log through the standard library: of it the first line, and a fault as its place."""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        text = record.getMessage().partition("\n")[0]  # asyncio's next lines show a fault with its words
        fault = record.exc_info[1] if record.exc_info else None
        log.log(record.levelno, text, logger=record.name, **({"exc_info": fault} if fault else {}))


def _placed(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A fault as its kind and place."""
    fault = event.pop("exc_info", None)
    if fault is True:
        fault = sys.exception()
    if isinstance(fault, BaseException):
        event["fault"] = place(fault)
    return event


def place(fault: BaseException) -> list[str]:
    """Kinds and lines of code of a fault and of what caused it, the innermost line last."""
    told: list[str] = []
    cause: BaseException | None = fault
    while cause is not None and len(told) < CAUSES_MAX:
        frames = traceback.extract_tb(cause.__traceback__)
        lines = " > ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        told.append(f"{type(cause).__name__}: {lines}")
        cause = cause.__cause__ or cause.__context__
    return told


def tells_all() -> bool:
    """Whether every request is logged."""
    return log.is_enabled_for(logging.DEBUG)


def request(
    status: int, method: str, route: str, request_id: bytes, seconds: float, fault: Exception | None
) -> None:
    """Tells of a request. `route` is the route's path, not the request's."""
    fields: dict[str, object] = {
        "status": status,
        "method": method if method in _METHODS else "other",
        "route": route,
        "request_id": request_id.decode(),
        "ms": round(seconds * 1000, 1),
    }
    if fault is not None:
        log.error("request failed", **fields, fault=place(fault))
    elif seconds > SLOW_S:
        log.warning("request was slow", **fields)
    else:
        log.debug("request", **fields)
