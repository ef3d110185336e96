"""Building feeds, so that the next reading finds them stored."""

from collections.abc import Sequence

from rookery.core.ids import ID_MAX
from rookery.engines.cluster.celebrities import Celebrities
from rookery.engines.cluster.pull import Puller
from rookery.engines.cluster.stored_feeds import StoredFeed, StoredFeeds
from rookery.services.feed.store import Entry

DEAD_AFTER_MS = 5_000  # a build that was begun so long ago was cut off


class Builder:
    """Builds the feeds that are read. `size`: how many entries a newly built one holds."""

    def __init__(self, feeds: StoredFeeds, puller: Puller, celebrities: Celebrities, size: int) -> None:
        self._feeds = feeds
        self._puller = puller
        self._celebrities = celebrities
        self._size = size

    async def build(self, viewer: int) -> StoredFeed | None:
        """The viewer's feed, pulled and stored; None where somebody else is at it. Header first, so that fan-out
        includes it from now on; then pull; then store, if the header still stands (a follow meanwhile has deleted it).
        Raises RedisDown, Problem `overloaded`."""
        version = await self._feeds.begin(viewer, dead_after_ms=DEAD_AFTER_MS)
        if version is None:
            return None
        followees = await self._puller.followees(viewer)
        celebrities = await self._celebrities.among(followees)
        entries = await self._puller.pull(viewer, ID_MAX, self._size, followees)
        floor = entries[-1][0] if len(entries) == self._size else 0
        await self._feeds.fill(viewer, version, floor, celebrities, entries)
        return _as_built(version, floor, celebrities, entries)


def _as_built(version: int, floor: int, celebrities: Sequence[int], entries: Sequence[Entry]) -> StoredFeed:
    return StoredFeed(version, floor, version, tuple(celebrities), tuple(reversed(entries)))
