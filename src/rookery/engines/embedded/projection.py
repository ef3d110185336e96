"""Projections: what is made from the truth and can be thrown away. One thread each, in the process that holds the lock.
(See projecting.py for which processes try.)

A projection keeps its offset in its own database, in the transaction of its output: every event has its effect exactly
once. The lock only saves work; each step reads the offset again inside its transaction.
"""

import fcntl
import os
import threading
from collections.abc import Sequence
from typing import Protocol

import apsw
import structlog

from rookery.core.errors import OperatorError
from rookery.core.events import Event, Kind
from rookery.engines.embedded.connections import EVENT_COLUMNS, Files, rows_at_once, rows_of
from rookery.engines.embedded.damage import UNREADABLE, mend

BATCH_MAX = 1_000  # events looked at in one transaction
ROWS_MAX = 20_000  # rows written after which a transaction ends
# How long a projector sleeps that nobody wakes, as the servers of its folder do: longer and longer while nothing comes.
IDLE_WAIT_S, IDLE_WAIT_S_MAX = 0.01, 0.1
LOCK_WAIT_S = 0.1
FAULT_WAIT_S = 1.0

_log = structlog.get_logger()
_EVENTS = "SELECT * FROM core.outbox WHERE event_id > ? ORDER BY event_id LIMIT ?"


class Projection(Protocol):
    """What one projection does. `connection` is its own database with core attached read-only, in a transaction."""

    name: str

    def apply(self, connection: apsw.Connection, event: Event) -> int:
        """The event's effect, from the truth as it is now; returns how many rows it wrote."""

    def rebuild(self, connection: apsw.Connection) -> None:
        """Makes everything anew from the truth."""

    def tidy(self, connection: apsw.Connection, rows: int) -> None:
        """Called after a batch that wrote so many rows: bounded upkeep."""

    def rest(self, connection: apsw.Connection) -> bool:
        """Called, outside a transaction, while there is nothing to project: upkeep that can wait, a bounded step of
        it. Says whether there is more."""


class Projector:
    """The thread of one projection."""

    def __init__(self, files: Files, projection: Projection) -> None:
        self.projection = projection
        self._files = files
        self._lock = os.open(
            files.folder / f"{projection.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        self._wake = threading.Event()
        self._closing = False
        self.holds = False
        self._thread = threading.Thread(target=self._run, name=f"rookery-{projection.name}", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Says that there is something to do."""
        self._wake.set()

    def close(self) -> None:
        """Ends the thread after its present step."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._lock)

    def _run(self) -> None:
        if not self._take_lock():
            return
        while not self._closing:
            try:
                self._project()
            except Exception as fault:  # noqa: BLE001 - a projector outlives every fault: the next step does what is left
                self._recover(fault)

    def _project(self) -> None:
        """Takes one step after another. Raises what a step raises."""
        connection = self._files.connect(self.projection.name, attach=["core"])
        wait_s = IDLE_WAIT_S
        try:
            while not self._closing:
                if step(connection, self.projection) or self._wake.wait(wait_s):
                    wait_s = IDLE_WAIT_S
                else:
                    wait_s = min(2 * wait_s, IDLE_WAIT_S_MAX)
                self._wake.clear()
        finally:
            connection.close()

    def _recover(self, fault: Exception) -> None:
        try:
            if isinstance(fault, UNREADABLE) and mend(self._files, self.projection.name):
                return
        except (apsw.Error, OperatorError):
            _log.exception("projection_fault", projection=self.projection.name)
        else:
            _log.error("projection_fault", projection=self.projection.name, exc_info=fault)
        self._wake.wait(FAULT_WAIT_S)

    def _take_lock(self) -> bool:
        while not self._closing:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._wake.wait(LOCK_WAIT_S)
                self._wake.clear()
            else:
                self.holds = True
                return True
        return False


def step(connection: apsw.Connection, projection: Projection) -> bool:
    """Projects a batch of events, or rests; says whether there may be more to do at once."""
    if not _pending(connection):
        return projection.rest(connection)
    connection.execute("BEGIN IMMEDIATE")
    offset = _offset(connection)
    if offset is None:
        _rebuild(connection, projection)
    else:
        _batch(connection, projection, offset)
    connection.execute("COMMIT")
    return True


def _pending(connection: apsw.Connection) -> bool:
    offset = _offset(connection)
    return offset is None or bool(rows_of(connection, _EVENTS, (offset, 1)))


def _offset(connection: apsw.Connection) -> int | None:
    """Up to which event the projection has come; None where it must be made anew: it is empty, of another epoch, ahead
    of the truth, or behind what the outbox still holds."""
    mine = _pairs(connection, "SELECT * FROM main.meta")
    truth = _pairs(connection, "SELECT * FROM core.meta")
    offset = mine.get("offset")
    if offset is None or mine.get("epoch") != truth["epoch"]:
        return None
    return int(offset) if truth["outbox_trimmed"] <= offset <= truth["last_id"] else None


def _batch(connection: apsw.Connection, projection: Projection, offset: int) -> None:
    rows, last = 0, offset
    for event_id, kind, actor, subject, other, backdated in rows_at_once(
        connection, EVENT_COLUMNS, _EVENTS, (offset, BATCH_MAX)
    ):
        rows += projection.apply(
            connection, Event(event_id, Kind(kind), actor, subject, other, bool(backdated))
        )
        last = event_id
        if rows >= ROWS_MAX:
            break
    _keep(connection, "offset", last)
    projection.tidy(connection, rows)


def _rebuild(connection: apsw.Connection, projection: Projection) -> None:
    truth = _pairs(connection, "SELECT * FROM core.meta")
    projection.rebuild(connection)
    last = rows_of(connection, "SELECT max(event_id) FROM core.outbox")[0][0]
    _keep(connection, "offset", last or truth["outbox_trimmed"])
    _keep(connection, "epoch", truth["epoch"])


def _pairs(connection: apsw.Connection, sql: str) -> dict[str, int]:
    return dict(rows_at_once(connection, "name, value", sql))


def _keep(connection: apsw.Connection, name: str, value: int) -> None:
    connection.execute("INSERT OR REPLACE INTO main.meta VALUES (?, ?)", (name, value))


def offsets(files: Files, names: Sequence[str]) -> dict[str, int | None]:
    """How far each projection has come (None: it will be made anew)."""
    found: dict[str, int | None] = {}
    for name in names:
        connection = files.connect(name, attach=["core"])
        try:
            found[name] = _offset(connection)
        except UNREADABLE:
            if not mend(files, name):
                raise
            found[name] = None
        finally:
            connection.close()
    return found


def forget(files: Files, name: str) -> None:
    """Makes the projector of a running server, or of this process, make the projection anew; readers have the old one
    until then."""
    connection = files.connect(name)
    try:
        connection.execute("DELETE FROM meta WHERE name = 'offset'")
    except UNREADABLE:
        if not mend(files, name):
            raise
    finally:
        connection.close()
