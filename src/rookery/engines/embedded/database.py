"""Writing the truth: one writer thread a process groups waiting writes into one durable commit.

Each write is a savepoint of its own, or shares one with others of its kind while none of them is refused; every answer,
refusals too, leaves after the commit. Between processes the groups take turns (see turns.py).
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import apsw

from rookery.core import ids
from rookery.core.clock import now_ms
from rookery.core.errors import Problem
from rookery.core.events import Event, Kind
from rookery.core.limits import Ticket
from rookery.engines.embedded.admission import charge_all, remember_all, replayed
from rookery.engines.embedded.connections import (
    Files,
    Row,
    groups,
    parts,
    rows_at_once,
    rows_of,
    unavailable,
)
from rookery.engines.embedded.turns import WriteLock

GATHER_S = 0.002  # how long a group that others are likely to join stays open

T = TypeVar("T")
Works = Callable[["Tx", Sequence[T]], Sequence[Any]]  # a write of many things at once; gives what each wrote


class Tx:
    """What a write may do inside the transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.now_ms = now_ms()
        self.last_id: int = rows_of(connection, "SELECT value FROM meta WHERE name = 'last_id'")[0][0]
        self._first_id = self.last_id
        self.actor = 0

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Runs one statement and reads its result whole."""
        return rows_of(self._connection, sql, values)

    def at_once(self, columns: str, source: str, values: Sequence[Any] = ()) -> list[Row]:
        """See connections.rows_at_once."""
        return rows_at_once(self._connection, columns, source, values)

    def changed(self) -> int:
        """How many rows the last statement changed."""
        return self._connection.changes()

    def mint(self, *, reply: bool = False) -> int:
        """A new id, larger than any before in any process."""
        self.last_id = ids.next_id(self.last_id, self.now_ms)
        return self.last_id | 1 if reply else self.last_id

    def insert(self, into: str, rows: Sequence[Sequence[Any]], on_conflict: str = "") -> int:
        """Inserts rows into a table, or its columns in parentheses; returns how many it wrote."""
        written = 0
        for some in parts(rows):
            sql = f"INSERT INTO {into} VALUES {groups(len(some), len(some[0]))} {on_conflict}"  # noqa: S608
            self.execute(sql, [value for row in some for value in row])
            written += self.changed()
        return written

    def emit(
        self, kind: Kind, subject: int, other: int = 0, *, actor: int | None = None, backdated: bool = False
    ) -> None:
        """Says in the outbox what happened."""
        self.emit_all(
            [Event(self.mint(), kind, self.actor if actor is None else actor, subject, other, backdated)]
        )

    def emit_all(self, events: Sequence[Event]) -> None:
        """`emit` of many, each numbered by `mint`."""
        self.insert(
            "outbox",
            [
                (one.event_id, int(one.kind), one.actor, one.subject, one.other, one.backdated)
                for one in events
            ],
        )

    def seal(self) -> None:
        """Keeps the clock of ids with the transaction."""
        if self.last_id != self._first_id:
            self.execute("UPDATE meta SET value = ? WHERE name = 'last_id'", (self.last_id,))


class Written(NamedTuple):
    """What one of many wrote that are written together: the id, and what it was made of."""

    subject: int
    item: Any


@dataclass(slots=True)
class _Job:
    works: Works[Any]
    item: Any
    ticket: Ticket | None
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None


class Database:
    """The writer of core.db. In the writer's thread each of `on_writing` hears what a commit is about to make visible,
    each of `on_abandoned` the same where that failed, and each of `on_commit` that there is something new. Then, on
    the event loop, each of `on_written` hears who wrote, so that facts about all of a group can be had ready at once
    for the answers, which are made next.

    At most `group_max` writes share a commit; when `queue_max` wait, more are refused. Where the last group had more
    than one, the next stays open for GATHER_S, so that many writers share a commit; one who writes alone never waits.
    """

    def __init__(self, files: Files, *, queue_max: int = 4_096, group_max: int = 128) -> None:
        self.files = files
        self.on_writing: list[Callable[[Sequence[Written]], None]] = []
        self.on_abandoned: list[Callable[[Sequence[Written]], None]] = []
        self.on_commit: list[Callable[[], None]] = []
        self.on_written: list[Callable[[Sequence[int]], None]] = []
        self._queue_max = queue_max
        self._group_max = group_max
        self._jobs: deque[_Job] = deque()
        self._ready = threading.Condition()
        self._closing = False
        self._in_company = False
        self._connection = files.connect("core")
        self._lock = WriteLock(files.folder)
        self._thread = threading.Thread(target=self._run, name="rookery-writer", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[Tx], T], ticket: Ticket | None = None) -> T:
        """Runs `work` in a transaction; returns what it returned, once that is on disk.

        With a ticket, `work` returns the id that it wrote, or None where nothing changed (which is not charged); a
        repeated idempotency key gives the first id instead. Raises what `work` raised (then nothing of it is kept),
        RateLimited, Problem `idempotency_mismatch`, `overloaded` or `engine_unavailable`.
        """
        return await self._put(_one_by_one, work, ticket)  # type: ignore[no-any-return]

    async def write_one_of(self, works: Works[T], item: T, ticket: Ticket) -> int:
        """`write` of something that many write at the same time: `works` gets those of a group together, each of
        another actor, and returns the ids that it wrote for them. Where one of them is refused, nothing of that stands
        and each is written by itself."""
        return int(await self._put(works, item, ticket))

    async def _put(self, works: Works[Any], item: Any, ticket: Ticket | None) -> Any:
        loop = asyncio.get_running_loop()
        job = _Job(works, item, ticket, loop, loop.create_future())
        with self._ready:
            if self._closing:
                raise Problem("engine_unavailable", "The server is stopping.", retry_after_s=1)
            if len(self._jobs) >= self._queue_max:
                raise Problem("overloaded", "Too many writes are waiting; try again.", retry_after_s=1)
            self._jobs.append(job)
            if len(self._jobs) == 1:
                self._ready.notify()
        return await job.future

    def waiting(self) -> int:
        """How many writes wait."""
        return len(self._jobs)

    def close(self) -> None:
        """Finishes the accepted writes and closes the file."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        self._thread.join()
        self._connection.close()
        self._lock.close()

    def _run(self) -> None:
        while group := self._next_group():
            try:
                with self._lock.held():
                    self._commit(group)
            except Exception as fault:  # noqa: BLE001 - the thread outlives every fault; its writers are told
                self._abandon(group, fault)
            else:
                for wake in self.on_commit:
                    wake()
            self._deliver(group)

    def _next_group(self) -> list[_Job]:
        with self._ready:
            while not self._jobs and not self._closing:
                self._ready.wait()
        if self._in_company:
            time.sleep(GATHER_S)
        with self._ready:
            group = [self._jobs.popleft() for _ in range(min(self._group_max, len(self._jobs)))]
        self._in_company = len(group) > 1
        return group

    def _commit(self, group: list[_Job]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        tx = Tx(self._connection)
        for jobs in _alike(group):
            if len(jobs) == 1 or not self._attempt_together(tx, jobs):
                for job in jobs:
                    self._attempt(tx, job)
        tx.seal()
        written = [
            Written(job.result, job.item)
            for job in group
            if job.ticket and job.works is not _one_by_one and not job.error and not job.ticket.replayed
        ]
        for expect in self.on_writing:
            expect(written)
        try:
            self._connection.execute("COMMIT")
        except Exception:
            for give_up in self.on_abandoned:
                give_up(written)
            raise

    def _attempt(self, tx: Tx, job: _Job) -> None:
        """One write in its savepoint. A fault that ended the whole transaction (a full disk does) goes up."""
        tx.actor = job.ticket.actor if job.ticket else 0
        try:
            with self._savepoint():
                job.result = _ticketed(tx, job) if job.ticket else job.works(tx, [job.item])[0]
        except Exception as fault:
            if not self._connection.in_transaction:
                raise
            job.error = unavailable(fault) or fault

    def _attempt_together(self, tx: Tx, jobs: list[_Job]) -> bool:
        """Many writes in one savepoint; False, and nothing done, where that cannot be."""
        tickets = [job.ticket for job in jobs if job.ticket]
        try:
            with self._savepoint():
                written = list(zip(tickets, jobs[0].works(tx, [job.item for job in jobs]), strict=True))
                charge_all(tx, tickets)
                if not remember_all(tx, written):
                    raise _RepeatedError
        except Exception:
            if not self._connection.in_transaction:
                raise
            return False
        for job, (_, result) in zip(jobs, written, strict=True):
            job.result = result
        return True

    @contextlib.contextmanager
    def _savepoint(self) -> Iterator[None]:
        self._connection.execute("SAVEPOINT one")
        try:
            yield
        except Exception:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO one")
                self._connection.execute("RELEASE one")
            raise
        self._connection.execute("RELEASE one")

    def _abandon(self, group: list[_Job], fault: Exception) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(apsw.Error):
                self._connection.execute("ROLLBACK")
        for job in group:
            job.error = unavailable(fault) or fault

    def _deliver(self, group: list[_Job]) -> None:
        loops = {job.loop for job in group}
        for loop in loops:
            mine = group if len(loops) == 1 else [job for job in group if job.loop is loop]
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._settle, mine)

    def _settle(self, group: list[_Job]) -> None:
        for job in group:
            if job.future.cancelled():
                continue
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)
        actors = [job.ticket.actor for job in group if job.ticket and job.result and not job.error]
        for prepare in self.on_written:
            prepare(actors)


class _RepeatedError(Exception):
    """An idempotency key was used before."""


def _one_by_one(tx: Tx, works: Sequence[Callable[[Tx], Any]]) -> Sequence[Any]:
    return [work(tx) for work in works]


def _alike(group: Sequence[_Job]) -> Iterator[list[_Job]]:
    """What is written together, then the rest one by one; of an actor's writes only the first, because what comes next
    may depend on it."""
    alike: dict[Works[Any], dict[int, _Job]] = {}
    rest = []
    for job in group:
        first = None
        if job.works is not _one_by_one and job.ticket:
            first = alike.setdefault(job.works, {}).setdefault(job.ticket.actor, job)
        if first is not job:
            rest.append([job])
    yield from (list(jobs.values()) for jobs in alike.values())
    yield from rest


def _ticketed(tx: Tx, job: _Job) -> Any:
    assert job.ticket is not None
    first = replayed(tx, job.ticket)
    if first is not None:
        return first
    subject = job.works(tx, [job.item])[0]
    if subject is not None:
        charge_all(tx, [job.ticket])
    remember_all(tx, [(job.ticket, subject or 0)])
    return subject
