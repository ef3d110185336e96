"""Making the index anew beside the one in use, and letting go of the traces of what was deleted."""

import asyncio
from collections.abc import AsyncIterator

from rookery.core.clock import now_ms
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import WORK_S_MAX, Document, SearchEngine
from rookery.engines.cluster.search_documents import people_from, texts_from
from rookery.engines.cluster.search_index import KNOWN_S
from rookery.engines.cluster.search_indices import PEOPLE, TEXTS, create, holders, indices, writing
from rookery.engines.cluster.tables import REPLIES, TWEETS, USERS, Item, Key, Table
from rookery.services.search.indexing import DAY_MS

CHUNK = 1_000  # rows that a rebuild holds in memory
PURGED_AT_ONCE = 1_000
TRACES_KEPT_MS = DAY_MS  # far beyond what any worker holds in its hands


async def rebuild(dynamo: Dynamo, engine: SearchEngine, shards: int = 1) -> None:
    """Makes new indices from the truth while the workers write to both, then searches these and drops the old ones.
    One at a time: whoever calls holds a lease. What an earlier one left half done goes."""
    made = {}
    for kind in (TEXTS, PEOPLE):
        await _drop_all_but(engine, kind, await holders(engine, engine.name(kind)))
        made[kind] = await create(engine, kind, shards, [writing(engine, kind)])
    await asyncio.sleep(2 * KNOWN_S)  # from now on every change is written to the new ones too
    for table in (TWEETS, REPLIES):
        async for rows in chunks(dynamo, table):
            await engine.write([made[TEXTS]], await texts_from(dynamo, rows))
    async for rows in chunks(dynamo, USERS):
        await engine.write([made[PEOPLE]], people_from(rows))
    for kind, index in made.items():
        await engine.call("POST", f"{index}/_refresh", seconds=WORK_S_MAX)
        await _switch(engine, kind, index)
    await asyncio.sleep(
        2 * KNOWN_S
    )  # a write to an index that is gone would bring it back without its fields
    for kind, index in made.items():
        await _drop_all_but(engine, kind, [index])


async def purge(engine: SearchEngine) -> int:
    """Lets go of the traces that are old enough, some at a time; returns how many these were."""
    purged = 0
    for kind in (TEXTS, PEOPLE):
        for index in await holders(engine, writing(engine, kind)):
            while traces := await _traces(engine, index):
                await engine.erase(index, traces)
                await engine.call("POST", f"{index}/_refresh", seconds=WORK_S_MAX)
                purged += len(traces)
    return purged


async def _traces(engine: SearchEngine, index: str) -> list[tuple[int, int]]:
    body: Document = {
        "query": {"range": {"gone_ms": {"lt": now_ms() - TRACES_KEPT_MS}}},
        "size": PURGED_AT_ONCE,
        "version": True,
        "_source": False,
    }
    found = await engine.call("POST", f"{index}/_search", body, seconds=WORK_S_MAX)
    return [(int(hit["_id"]), hit["_version"]) for hit in found["hits"]["hits"]]


async def chunks(dynamo: Dynamo, table: Table) -> AsyncIterator[dict[Key, Item]]:
    """All rows of a table, some at a time."""
    rows: dict[Key, Item] = {}
    async for row in dynamo.scan(table):
        rows[table.key_of(row)] = row
        if len(rows) == CHUNK:
            yield rows
            rows = {}
    yield rows


async def _switch(engine: SearchEngine, kind: str, index: str) -> None:
    """Lets an index be the one that is searched and, in a moment, the only one that is written to."""
    actions: list[Document] = [{"add": {"index": index, "alias": engine.name(kind)}}]
    for name in (engine.name(kind), writing(engine, kind)):
        before = [one for one in await holders(engine, name) if one != index]
        actions += [{"remove": {"index": one, "alias": name}} for one in before]
    await engine.call("POST", "_aliases", {"actions": actions}, seconds=WORK_S_MAX)


async def _drop_all_but(engine: SearchEngine, kind: str, kept: list[str]) -> None:
    for index in await indices(engine, kind):
        if index not in kept:
            await engine.call("DELETE", index, seconds=WORK_S_MAX)
