"""Searching: the SearchStore of this engine, off the event loop, because some searches take milliseconds."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import apsw

from rookery.core.errors import Problem
from rookery.core.geo import Place
from rookery.core.ids import ID_MAX
from rookery.core.query import Query
from rookery.core.reading import Candidate, stopped_at
from rookery.engines.embedded import trends
from rookery.engines.embedded.connections import Files, end_reading, unavailable
from rookery.engines.embedded.damage import UNREADABLE, mend
from rookery.engines.embedded.search_query import find, find_people, followed_people, scores
from rookery.services.search.people import Run

THREADS = 2
WAITING_MAX = 512  # more searches than this are refused at once
WAIT_S_MAX = 2.0  # one that has waited longer for a thread is refused instead of begun

T = TypeVar("T")


class EmbeddedSearch:
    """The SearchStore of this engine. Each thread reads on a connection of its own."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._threads = ThreadPoolExecutor(THREADS, "rookery-search")
        self._local = threading.local()
        self._connections: list[apsw.Connection] = []
        self._waiting = 0

    async def tweets(self, query: Query, place: Place | None, before: int, limit: int) -> Sequence[Candidate]:
        """See services.search.store.SearchStore."""
        found = await self._read(lambda connection: find(connection, query, place, 0, before - 1, limit))
        candidates = [(one, one) for one in found.ids]
        return [*candidates, stopped_at(found.stopped_at)] if found.stopped_at else candidates

    async def scored(self, query: Query, place: Place | None, limit: int) -> Sequence[tuple[int, int]]:
        """See services.search.store.SearchStore."""
        return await self._read(
            lambda connection: scores(connection, find(connection, query, place, 0, ID_MAX, limit).ids)
        )

    async def between(
        self, query: Query, place: Place | None, low: int, high: int, limit: int
    ) -> Sequence[int]:
        """See services.search.store.SearchStore."""
        return await self._read(lambda connection: find(connection, query, place, low, high, limit).ids)

    async def people(self, sought: Sequence[Run], before: int, limit: int) -> Sequence[Candidate]:
        """See services.search.store.SearchStore."""
        found = await self._read(lambda connection: find_people(connection, sought, 0, before - 1, limit))
        return [(one, one) for one in found]

    async def scored_people(self, sought: Sequence[Run], limit: int) -> Sequence[tuple[int, int]]:
        """See services.search.store.SearchStore."""
        return await self._read(lambda connection: followed_people(connection, sought, limit))

    async def people_between(self, sought: Sequence[Run], low: int, high: int, limit: int) -> Sequence[int]:
        """See services.search.store.SearchStore."""
        return await self._read(lambda connection: find_people(connection, sought, low, high, limit))

    async def trends(self, place: Place | None, since: int, limit: int) -> Sequence[tuple[str, int]]:
        """See services.search.store.SearchStore."""
        return await self._read(lambda connection: trends.most_used(connection, place, since, limit))

    def close(self) -> None:
        """Finishes the searches under way and closes their connections."""
        self._threads.shutdown(cancel_futures=True)
        for connection in self._connections:
            connection.close()

    async def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise _overloaded()
        self._waiting += 1
        begin_by = time.monotonic() + WAIT_S_MAX
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._snapshot, work, begin_by
            )
        finally:
            self._waiting -= 1

    def _snapshot(self, work: Callable[[apsw.Connection], T], begin_by: float) -> T:
        """Reads in one transaction: one state of the index and one of the truth."""
        if time.monotonic() > begin_by:
            raise _overloaded()
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            return work(connection)
        except apsw.Error as fault:
            if (problem := self._problem(fault)) is None:
                raise
            raise problem from fault
        finally:
            end_reading(connection)

    def _problem(self, fault: apsw.Error) -> Problem | None:
        if isinstance(fault, UNREADABLE) and mend(self._files, "search"):
            return Problem(
                "engine_unavailable", "The search index is being made anew; try again.", retry_after_s=5
            )
        return unavailable(fault)

    def _connection(self) -> apsw.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._files.connect("search", attach=["core"])
            self._connections.append(self._local.connection)
        return self._local.connection  # type: ignore[no-any-return]


def _overloaded() -> Problem:
    return Problem("overloaded", "Too many searches are waiting; try again.", retry_after_s=1)
