"""Comparing the index with the truth, field by field."""

from collections.abc import AsyncIterator, Sequence

from rookery.core.clock import now_ms
from rookery.core.ids import ID_MAX
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import Document, SearchEngine, Versioned
from rookery.engines.cluster.search_build import CHUNK, chunks
from rookery.engines.cluster.search_documents import people_from, people_of, texts_from, texts_of
from rookery.engines.cluster.search_indices import PEOPLE, TEXTS
from rookery.engines.cluster.search_query import STANDING, newest
from rookery.engines.cluster.tables import REPLIES, TWEETS, USERS
from rookery.services.search.indexing import day_before

_EDGE_MS = 60_000  # what is about to leave the trends may have left already
_COUNTED = ("tags", "spellings")


async def differences(dynamo: Dynamo, engine: SearchEngine) -> AsyncIterator[str]:
    """What in the index is not as the truth has it, a line each, when the index has caught up."""
    for table in (TWEETS, REPLIES):
        async for rows in chunks(dynamo, table):
            async for line in _compare(engine, TEXTS, await texts_from(dynamo, rows)):
                yield line
    async for rows in chunks(dynamo, USERS):
        async for line in _compare(engine, PEOPLE, people_from(rows)):
            yield line
    async for ids in _indexed(engine, TEXTS):
        for one in _unfounded(ids, await texts_of(dynamo, ids)):
            yield f"search: {one} is indexed and is no tweet"
    async for ids in _indexed(engine, PEOPLE):
        for one in _unfounded(ids, await people_of(dynamo, ids)):
            yield f"search: {one} is indexed and is no active account"


async def _compare(engine: SearchEngine, kind: str, wanted: Sequence[Versioned]) -> AsyncIterator[str]:
    if not wanted:
        return
    ids = {"ids": [str(one.one) for one in wanted]}
    answer = await engine.call("POST", f"{engine.name(kind)}/_mget", ids)
    indexed = {int(found["_id"]): found.get("_source") for found in answer["docs"]}
    what = "tweet" if kind == TEXTS else "account"
    since = day_before(now_ms() + _EDGE_MS)
    for one, _, document in wanted:
        found = indexed[one]
        gone = found is None or "gone_ms" in found
        if gone != ("gone_ms" in document) or (
            found and not gone and _kept(found, since) != _kept(document, since)
        ):
            yield f"search: {what} {one} is not indexed as the truth has it"


def _kept(document: Document, since: int) -> Document:
    """Without the hashtags of what no longer counts for them."""
    old = int(document["id"]) < since
    return {name: value for name, value in document.items() if not (old and name in _COUNTED)}


def _unfounded(ids: Sequence[int], found: Sequence[Versioned]) -> list[int]:
    """Those of the ids of which the truth has nothing to be found."""
    return sorted(set(ids) - {one for one, _, document in found if "gone_ms" not in document})


async def _indexed(engine: SearchEngine, kind: str) -> AsyncIterator[list[int]]:
    """The ids of all that can be found, newest first, some at a time."""
    high = ID_MAX
    while True:
        ids = [one for one, _ in await newest(engine, kind, STANDING, 0, high, CHUNK, {})]
        if not ids:
            return
        yield ids
        high = ids[-1] - 1
