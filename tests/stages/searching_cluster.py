"""Search on the cluster engine."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from rookery.core.entities import AccountState
from rookery.core.events import Event, Kind
from rookery.engines.cluster import opensearch, search_build, search_indices
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number
from rookery.engines.cluster.opensearch import SearchEngine
from rookery.engines.cluster.search import ClusterSearch
from rookery.engines.cluster.search_check import differences
from rookery.engines.cluster.search_index import SearchIndexer
from rookery.engines.cluster.search_indices import PEOPLE, TEXTS
from rookery.engines.cluster.tables import COUNTS, LEASES, USERS, Value
from rookery.engines.cluster.tx import Tx
from rookery.services.search import http as search_http
from rookery.services.search.service import SearchService
from tests.stages.cluster import USED, ClusterStage
from tests.stages.searching import SearchStage
from tests.tabling import tables_of_its_own


class ClusterSearchStage(SearchStage, ClusterStage):
    """Over tables and indices of its own."""

    def __init__(self, dynamo: Dynamo, engine: SearchEngine) -> None:
        super().__init__(dynamo)
        self.engine = engine
        self.store = ClusterSearch(dynamo, engine)
        self.indexer = SearchIndexer(dynamo, engine)
        self.routes += search_http.routes(SearchService(self.store, self.reader))
        self._waiting: list[Event] = []
        dynamo.on_commit.append(lambda done: self._waiting.extend(done.events))

    async def take_in(self) -> None:
        """Brings the index up to date."""
        waiting, self._waiting = self._waiting, []
        await self.settle()
        await self.indexer.apply(waiting)
        await self.refresh()

    async def again_from(self, event_id: int) -> None:
        """Lets every event after this one come a second time."""
        self._waiting = [event for event in await self.news() if event.event_id > event_id]
        await self.take_in()

    async def take_backwards(self) -> None:
        """Lets all events come again in the wrong order, each in a batch of its own."""
        for event in reversed(await self.news()):
            await self.indexer.apply([event])
        await self.refresh()

    async def make_anew(self) -> None:
        """Lets the index be made anew."""
        await search_build.rebuild(self.dynamo, self.engine)

    async def faults(self) -> list[str]:
        """What the index has otherwise than the truth."""
        return [line async for line in differences(self.dynamo, self.engine)]

    async def refresh(self) -> None:
        """Lets what was written be found at once."""
        for kind in (TEXTS, PEOPLE):
            await self.engine.call("POST", f"{self.engine.name(kind)}/_refresh")

    async def handles(self) -> dict[int, str]:
        """The handle of every account that ever was."""
        return {number(row, "user_id"): str(row["handle"]) for row in await self.rows(USERS)}

    async def open(self, user_id: int) -> None:
        """Takes an account's protection away."""
        await self._change_user(user_id, {"protected": False}, Kind.ACCOUNT_OPENED)

    async def disable(self, user_id: int) -> None:
        """Disables an account."""
        await self._change_user(user_id, {"state": int(AccountState.DISABLED)}, Kind.ACCOUNT_DISABLED)

    async def enable(self, user_id: int) -> None:
        """Enables an account again."""
        await self._change_user(user_id, {"state": int(AccountState.ACTIVE)}, Kind.ACCOUNT_ENABLED)

    async def rename(self, user_id: int, name: str) -> None:
        """Gives an account another name."""
        named: Mapping[str, Value] = {"name": name}
        await self._change_user(user_id, named, Kind.ACCOUNT_CHANGED)

    async def gain(self, follower: int, followee: int) -> None:
        """A follow that is counted."""
        await self.follow(follower, followee)

        async def work(tx: Tx) -> None:
            tx.update(COUNTS, followee, add={"followers": 1})

        await self.dynamo.write(work)


@asynccontextmanager
async def opened_with_search(dynamodb_url: str, search_url: str) -> AsyncIterator[ClusterSearchStage]:
    """A stage with tables and indices of its own."""
    async with (
        tables_of_its_own(dynamodb_url, (*USED, LEASES)) as dynamo,
        opensearch.connected(search_url, dynamo.name(USERS)) as engine,
    ):
        await search_indices.prepare(engine)
        try:
            yield ClusterSearchStage(dynamo, engine)
        finally:
            for kind in (TEXTS, PEOPLE):
                for index in await search_indices.indices(engine, kind):
                    await engine.call("DELETE", index, seconds=opensearch.WORK_S_MAX)
