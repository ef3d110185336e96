"""Making the index anew beside the one in use."""

import asyncio
from collections.abc import AsyncIterator

from rookery.core.errors import Problem
from rookery.engines.cluster import leases
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import WORK_S_MAX, Document, SearchEngine
from rookery.engines.cluster.search_documents import people_from, texts_from
from rookery.engines.cluster.search_indices import (
    KINDS,
    KNOWN_S,
    PEOPLE,
    TEXTS,
    create,
    holders,
    indices,
    writing,
)
from rookery.engines.cluster.tables import REPLIES, TWEETS, USERS, Item, Key, Table

CHUNK = 1_000  # rows that a rebuild holds in memory


async def rebuild(dynamo: Dynamo, engine: SearchEngine) -> None:
    """Makes new indices from the truth while the workers write to both, then searches these and drops the old ones.
    What an earlier one left half done goes. Raises Problem `engine_unavailable` where another process is at it."""
    at_it = Problem("engine_unavailable", "The search index is being made anew already.", retry_after_s=5)
    async with leases.held(dynamo, "search-rebuild", at_it):
        made = {}
        for kind in KINDS:
            await _drop_all_but(engine, kind, await holders(engine, engine.name(kind)))
            made[kind] = await create(engine, kind, [writing(engine, kind)])
        await asyncio.sleep(2 * KNOWN_S)  # from now on every change is written to the new ones too
        for table in (TWEETS, REPLIES):
            async for rows in chunks(dynamo, table):
                await engine.write([made[TEXTS]], await texts_from(dynamo, rows))
        async for rows in chunks(dynamo, USERS):
            await engine.write([made[PEOPLE]], people_from(rows))
        for kind, index in made.items():
            await engine.call("POST", f"{index}/_refresh", seconds=WORK_S_MAX)
            await _switch(engine, kind, index)
        await asyncio.sleep(2 * KNOWN_S)  # nobody writes to the old ones any more
        for kind, index in made.items():
            await _drop_all_but(engine, kind, [index])


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
