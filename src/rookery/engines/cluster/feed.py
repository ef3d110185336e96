"""Feeds: as Redis has them, merged with celebrities; pulled where Redis has none, or is away."""

import asyncio
import contextlib
from collections.abc import Callable, Hashable, Sequence

from rookery.core.events import Event
from rookery.engines.cluster.building import Builder
from rookery.engines.cluster.celebrities import Celebrities
from rookery.engines.cluster.news import News
from rookery.engines.cluster.pull import Puller
from rookery.engines.cluster.redis import RedisDown
from rookery.engines.cluster.stored_feeds import StoredFeed, StoredFeeds
from rookery.engines.cluster.tables import PUBLIC_SHARDS, PUBLIC_TWEETS
from rookery.services.feed.store import Entry

LATE_MS = 2_000  # so much later than others with higher ids an entry may come in
NEW_CELEBRITIES_MAX = 20  # flagged since a feed was built; with more it is built anew


class ClusterFeed:
    """The FeedStore of this engine. `owes` tells of a viewer whose own writes may be missing in Redis."""

    def __init__(
        self,
        feeds: StoredFeeds,
        puller: Puller,
        celebrities: Celebrities,
        news: News,
        *,
        owes: Callable[[int], bool],
        size: int = 800,
    ) -> None:
        self._feeds = feeds
        self._puller = puller
        self._celebrities = celebrities
        self._news = news
        self._owes = owes
        self._builder = Builder(feeds, puller, celebrities, size)

    async def stamp(self, viewer: int) -> Hashable | None:
        """See services.feed.store.FeedStore."""
        if self._owes(viewer):
            return None
        try:
            mark = await self._feeds.mark(viewer)
        except RedisDown:
            return None
        if mark is None or mark.celebrities:  # what these write is in no stored feed
            return None
        if await self._celebrities.followed_since(viewer, mark.built, ()):
            return None
        return mark.version, mark.size

    async def since(self, viewer: int, seen: int) -> int:
        """See services.feed.store.FeedStore. Entries come in order but for those of the last LATE_MS. Beyond that the
        order in which they came to the stored feed tells which came later than what was seen."""
        lowest = seen - (LATE_MS << 16)
        feed = await self._stored(viewer)
        return max(0, lowest if feed is None else min(lowest, feed.late(seen) - 1))

    async def candidates(self, viewer: int, before: int, limit: int) -> Sequence[Entry]:
        """See services.feed.store.FeedStore."""
        feed = await self._stored(viewer) or await self._built(viewer)
        if feed is None:
            return await self._puller.pull(viewer, before, limit)
        entries = feed.below(before)[:limit]
        whole = len(entries) == limit
        span = (entries[-1][0] if whole else feed.floor, before)
        merged = await self._with_celebrities(viewer, feed, entries, span, limit)
        if whole or not feed.floor or len(merged) == limit:
            return merged
        rest = await self._puller.pull(viewer, min(before, feed.floor), limit - len(merged))
        return [*merged, *rest]

    async def public(self, before: int, limit: int) -> Sequence[tuple[int, int]]:
        """See services.feed.store.FeedStore."""
        shards = [(PUBLIC_TWEETS, str(shard)) for shard in range(PUBLIC_SHARDS)]
        return [(one, one) for one, _ in await self._puller.merged(shards, before, limit)]

    async def news(self, position: int) -> tuple[Sequence[Event], int] | None:
        """See services.feed.store.FeedStore."""
        reached = self._news.position
        changes = self._news.since(position)
        return None if changes is None else (changes, reached)

    async def wait(self, timeout_s: float) -> None:
        """See services.feed.store.FeedStore."""
        await self._news.wait(timeout_s)

    def position(self) -> int:
        """See services.feed.store.FeedStore."""
        return self._news.position

    def position_at(self, tweet_id: int) -> int:
        """See services.feed.store.FeedStore."""
        return self._news.position_at(tweet_id, LATE_MS << 16)

    async def _stored(self, viewer: int) -> StoredFeed | None:
        if self._owes(viewer):
            return None
        try:
            return await self._feeds.read(viewer)
        except RedisDown:
            return None

    async def _built(self, viewer: int) -> StoredFeed | None:
        if self._owes(viewer):
            return None
        try:
            return await self._builder.build(viewer)
        except RedisDown:
            return None

    async def _with_celebrities(
        self, viewer: int, feed: StoredFeed, entries: list[Entry], span: tuple[int, int], limit: int
    ) -> list[Entry]:
        """Merges what flagged authors wrote in the span [from, below); doubles go by id."""
        new = await self._celebrities.followed_since(viewer, feed.built, feed.celebrities)
        authors = [*feed.celebrities, *new]
        if not authors:
            return entries
        if len(new) > NEW_CELEBRITIES_MAX:
            with contextlib.suppress(RedisDown):
                await self._feeds.drop(viewer)
        lists = await asyncio.gather(*(self._celebrities.newest(one, span[1], limit) for one in authors))
        merged = dict(entries)
        merged.update((one, original) for rows in lists for one, original in rows if one >= span[0])
        return sorted(merged.items(), reverse=True)[:limit]
