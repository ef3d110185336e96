"""Keeping the index: what a batch of events touched is read once from the truth, and written where nothing newer is."""

import asyncio
from collections.abc import Sequence

from rookery.core.clock import now_ms
from rookery.core.errors import Problem
from rookery.core.events import Event
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import SearchEngine
from rookery.engines.cluster.search_documents import people_of, texts_of
from rookery.engines.cluster.search_indices import PEOPLE, TEXTS, holders, writing
from rookery.engines.cluster.tables import REPLIES_OF, TWEETS_OF
from rookery.services.search.indexing import ACCOUNT_KINDS, CONTENT_KINDS, TREND_KINDS, day_before

KNOWN_S = 1.0  # how long a writer goes by the indices that it knows to be written to
RECENT_MAX = 10_000  # texts that an account's change of state touches


class SearchIndexer:
    """The `search` projection. Events may come twice, late and out of order, and to several at a time."""

    def __init__(self, dynamo: Dynamo, engine: SearchEngine) -> None:
        self._dynamo = dynamo
        self._engine = engine
        self._writing: dict[str, list[str]] = {}
        self._known_until = 0.0

    async def apply(self, events: Sequence[Event]) -> None:
        """Makes the index say what the truth says now of what the events touch. Raises Problem `engine_unavailable` or
        `overloaded`: then the events have to come again."""
        texts = {event.subject for event in events if event.kind in CONTENT_KINDS}
        people = {event.subject for event in events if event.kind in ACCOUNT_KINDS}
        for account in {event.subject for event in events if event.kind in TREND_KINDS}:
            texts |= await self._recent(account)
        if not texts and not people:
            return
        indices = await self._indices()  # before the truth is read: see search_build.rebuild
        await self._engine.write(indices[TEXTS], await texts_of(self._dynamo, sorted(texts)))
        await self._engine.write(indices[PEOPLE], await people_of(self._dynamo, sorted(people)))

    async def _recent(self, account: int) -> set[int]:
        """What an account wrote in the last day."""
        since = day_before(now_ms())
        lists = await asyncio.gather(
            *(
                self._dynamo.query(table, str(account), above=since - 1, limit=RECENT_MAX)
                for table in (TWEETS_OF, REPLIES_OF)
            )
        )
        return {int(row["item"]) for rows in lists for row in rows}

    async def _indices(self) -> dict[str, list[str]]:
        now = asyncio.get_running_loop().time()
        if now >= self._known_until:
            self._writing = {
                kind: await holders(self._engine, writing(self._engine, kind)) for kind in (TEXTS, PEOPLE)
            }
            self._known_until = now + KNOWN_S
        if not all(self._writing.values()):
            self._known_until = 0.0
            raise Problem("engine_unavailable", "There is no search index yet; try again.", retry_after_s=5)
        return self._writing
