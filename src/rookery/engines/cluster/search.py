"""Searching: the SearchStore of this engine."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rookery.core.geo import Place
from rookery.core.ids import ID_MAX
from rookery.core.query import Query
from rookery.core.reading import Candidate, stopped_at
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import SearchEngine, overloaded
from rookery.engines.cluster.search_query import Finding, find, find_people, scores
from rookery.engines.cluster.trends import most_used
from rookery.services.search.people import Run

AT_ONCE_MAX = 32  # searches of one process
WAITING_MAX = 512  # more searches than this are refused at once
WAIT_S_MAX = 2.0  # one that has waited longer for its turn is refused instead of begun


class ClusterSearch:
    """The SearchStore of this engine. The index says what there is, DynamoDB whose handle it is and the counters."""

    def __init__(self, dynamo: Dynamo, engine: SearchEngine) -> None:
        self._dynamo = dynamo
        self._engine = engine
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._waiting = 0

    async def tweets(self, query: Query, place: Place | None, before: int, limit: int) -> Sequence[Candidate]:
        """See services.search.store.SearchStore."""
        found = await self._find(query, place, 0, before - 1, limit)
        candidates = [(one, one) for one in found.ids]
        return [*candidates, stopped_at(found.stopped_at)] if found.stopped_at else candidates

    async def scored(self, query: Query, place: Place | None, limit: int) -> Sequence[tuple[int, int]]:
        """See services.search.store.SearchStore."""
        found = await self._find(query, place, 0, ID_MAX, limit)
        return await scores(self._dynamo, found.ids, "likes", "retweets", "replies")

    async def between(
        self, query: Query, place: Place | None, low: int, high: int, limit: int
    ) -> Sequence[int]:
        """See services.search.store.SearchStore."""
        return (await self._find(query, place, low, high, limit)).ids

    async def people(self, sought: Sequence[Run], before: int, limit: int) -> Sequence[Candidate]:
        """See services.search.store.SearchStore."""
        return [(one, one) for one in await self.people_between(sought, 0, before - 1, limit)]

    async def scored_people(self, sought: Sequence[Run], limit: int) -> Sequence[tuple[int, int]]:
        """See services.search.store.SearchStore."""
        found = await self.people_between(sought, 0, ID_MAX, limit)
        return await scores(self._dynamo, found, "followers")

    async def people_between(self, sought: Sequence[Run], low: int, high: int, limit: int) -> Sequence[int]:
        """See services.search.store.SearchStore."""
        async with self._turn():
            return await find_people(self._engine, sought, low, high, limit)

    async def trends(self, place: Place | None, since: int, limit: int) -> Sequence[tuple[str, int]]:
        """See services.search.store.SearchStore."""
        async with self._turn():
            return await most_used(self._engine, place, since, limit)

    async def _find(self, query: Query, place: Place | None, low: int, high: int, limit: int) -> Finding:
        async with self._turn():
            return await find(self._dynamo, self._engine, query, place, low, high, limit)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= WAITING_MAX:
            raise overloaded()
        self._waiting += 1
        try:
            await asyncio.wait_for(self._turns.acquire(), WAIT_S_MAX)
        except TimeoutError:
            raise overloaded() from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()
