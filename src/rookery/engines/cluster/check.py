"""`rookery check`: the counters, the feeds and the index against the truth, while nobody writes.

What is written meanwhile may show as a difference that is none: run it again.
"""

from collections.abc import AsyncIterator, Callable

from rookery.core.ids import ID_MAX
from rookery.engines.cluster import recount, search_check
from rookery.engines.cluster.celebrities import Celebrities
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import SearchEngine
from rookery.engines.cluster.pull import Puller
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.findings import LISTED_MAX, Findings


async def compare(
    dynamo: Dynamo,
    index: SearchEngine,
    feeds: StoredFeeds,
    puller: Puller,
    celebrities: Celebrities,
    on_progress: Callable[[str], None],
) -> Findings:
    """Compares everything; the workers must have caught up. `on_progress` gets what it is at, a few words at a time.
    Raises RedisDown, Problem where an engine does not answer."""
    listed: list[str] = []
    total = 0
    async for line in _differences(dynamo, index, feeds, puller, celebrities, on_progress):
        total += 1
        if total <= LISTED_MAX:
            listed.append(line)
    return Findings(total, tuple(listed), len([viewer async for viewer in feeds.all()]))


async def _differences(
    dynamo: Dynamo,
    index: SearchEngine,
    feeds: StoredFeeds,
    puller: Puller,
    celebrities: Celebrities,
    on_progress: Callable[[str], None],
) -> AsyncIterator[str]:
    on_progress("counting")
    async for line in recount.differences(dynamo):
        yield line
    on_progress("comparing feeds")
    async for viewer in feeds.all():
        async for line in _lacking(viewer, feeds, puller, celebrities):
            yield line
    on_progress("comparing the index")
    async for line in search_check.differences(dynamo, index):
        yield line


async def _lacking(
    viewer: int, feeds: StoredFeeds, puller: Puller, celebrities: Celebrities
) -> AsyncIterator[str]:
    """What a feed lacks of what `pull` gives from its floor on. That it holds more is right: deleted tweets, and those
    of accounts that the viewer follows no more, which readers leave out. So is that it lacks what celebrities wrote."""
    feed = await feeds.read(viewer)
    if feed is None:
        return
    followees = await puller.followees(viewer)
    merged = set(await celebrities.among(followees))
    held = {one for one, _ in feed.arrived}
    others = [one for one in followees if one not in merged]
    for one, _ in await puller.pull(viewer, ID_MAX, max(1, len(held)), others):
        if one >= feed.floor and one not in held:
            yield f"feeds: the feed of {viewer} lacks {one}"
