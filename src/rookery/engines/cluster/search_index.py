"""Keeping the index: what a batch of events touched is read once from the truth, and written where nothing newer is."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from rookery.core.clock import now_ms
from rookery.core.errors import Problem
from rookery.core.events import Event
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import SearchEngine
from rookery.engines.cluster.search_build import rebuild
from rookery.engines.cluster.search_documents import people_of, texts_of
from rookery.engines.cluster.search_indices import KINDS, KNOWN_S, PEOPLE, TEXTS, named, writing
from rookery.engines.cluster.search_purge import purge
from rookery.engines.cluster.tables import REPLIES_OF, TWEETS_OF
from rookery.services.search.indexing import ACCOUNT_KINDS, CONTENT_KINDS, TREND_KINDS, day_before

PURGE_EVERY_S = 3_600.0
RECENT_MAX = 10_000  # texts that an account's change of state touches


class SearchIndexer:
    """The `search` projection. Events may come twice, late and out of order, and to several at a time. What is written
    while `may_refresh` says so is found at once, all else by the index's next refresh."""

    def __init__(
        self,
        dynamo: Dynamo,
        engine: SearchEngine,
        may_refresh: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._dynamo = dynamo
        self._engine = engine
        self._may_refresh = may_refresh
        self._writing: dict[str, list[str]] = {}
        self._known_until = 0.0
        self._purge_at = 0.0

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
        found = await texts_of(self._dynamo, sorted(texts)), await people_of(self._dynamo, sorted(people))
        refresh = self._may_refresh is not None and await self._may_refresh()
        try:
            for kind, documents in zip((TEXTS, PEOPLE), found, strict=True):
                await self._engine.write(indices[kind], documents, refresh=refresh)
        except Problem:
            self._known_until = 0.0  # one of the indices may be gone
            raise
        await self._upkeep()

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
        """The indices that are written to. Where there is none, because the engine lost them, they are made first."""
        now = asyncio.get_running_loop().time()
        if now >= self._known_until:
            held = await named(self._engine)
            if not all(self._engine.name(kind) in held for kind in KINDS):
                await rebuild(self._dynamo, self._engine)
                held = await named(self._engine)
            self._writing = {kind: held.get(writing(self._engine, kind), []) for kind in KINDS}
            self._known_until = now + KNOWN_S
        return self._writing

    async def _upkeep(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._purge_at:
            self._purge_at = now + PURGE_EVERY_S
            await purge(self._engine)
