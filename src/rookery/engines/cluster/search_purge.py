"""Letting go of the traces of what was deleted, which keep a late worker from bringing it back: the engine itself
remembers a delete for a minute only."""

from rookery.core.clock import now_ms
from rookery.engines.cluster.opensearch import WORK_S_MAX, Document, SearchEngine
from rookery.engines.cluster.search_indices import KINDS, holders, writing
from rookery.services.search.indexing import DAY_MS

AFTER_MS = DAY_MS  # far beyond what any worker holds in its hands
AT_ONCE = 1_000


async def purge(engine: SearchEngine) -> int:
    """Lets go of the traces that are old enough, some at a time; returns how many these were."""
    purged = 0
    for kind in KINDS:
        for index in await holders(engine, writing(engine, kind)):
            while traces := await _traces(engine, index):
                await engine.erase(index, traces)
                await engine.call("POST", f"{index}/_refresh", seconds=WORK_S_MAX)
                purged += len(traces)
    return purged


async def _traces(engine: SearchEngine, index: str) -> list[tuple[int, int]]:
    body: Document = {
        "query": {"range": {"gone_ms": {"lt": now_ms() - AFTER_MS}}},
        "size": AT_ONCE,
        "version": True,
        "_source": False,
    }
    found = await engine.call("POST", f"{index}/_search", body, seconds=WORK_S_MAX)
    return [(int(hit["_id"]), hit["_version"]) for hit in found["hits"]["hits"]]
