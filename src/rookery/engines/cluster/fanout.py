"""Timeline fan-out: appends an entry to the feed of everyone who follows the author and has a feed."""

import asyncio
import contextlib
from collections.abc import Sequence

from rookery.core.events import Event
from rookery.core.ids import time_ms
from rookery.engines.cluster.celebrities import Celebrities
from rookery.engines.cluster.followers import Followers
from rookery.engines.cluster.news import hinting
from rookery.engines.cluster.outbox import CREATIONS, DROPPING, entry_of
from rookery.engines.cluster.redis import Redis
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.streams import Message


class FanOut:
    """The `feed` projection. Events may come twice, late and out of order, and to several at a time. Fan-out of a
    celebrity's tweets ends `grace_ms` after the flag: by then every process merges them at read."""

    def __init__(
        self,
        redis: Redis,
        feeds: StoredFeeds,
        celebrities: Celebrities,
        followers: Followers,
        *,
        grace_ms: int = 60_000,
    ) -> None:
        self._redis = redis
        self._feeds = feeds
        self._celebrities = celebrities
        self._followers = followers
        self._grace_ms = grace_ms

    async def apply(self, batch: Sequence[Message[Event]]) -> None:
        """Carries out what the events mean for feeds, and has live streams look. Raises RedisDown, Problem: then they
        have to come again."""
        done = await asyncio.gather(
            *(self._apply(one.body, again=one.again) for one in batch), return_exceptions=True
        )
        if any(one is True for one in done):
            await self._redis.call(*hinting(self._redis))
        for one in done:
            if isinstance(one, BaseException):
                raise one

    async def _apply(self, event: Event, *, again: bool) -> bool:
        """Whether feeds may have changed."""
        if event.kind in DROPPING:
            await self._feeds.drop(event.subject)
        elif event.kind in CREATIONS:
            await self._fan_out(event, again=again)
        else:
            return False
        return True

    async def _fan_out(self, event: Event, *, again: bool) -> None:
        entry = entry_of(event)
        await self._feeds.push([event.actor], entry, again=again)
        flagged_ms = await self._celebrities.flagged_ms(event.actor)
        if flagged_ms is not None and time_ms(event.event_id) > flagged_ms + self._grace_ms:
            return
        async with contextlib.aclosing(self._followers.of(event.actor)) as pages:
            pushing: asyncio.Future[None] = asyncio.ensure_future(asyncio.sleep(0))
            try:
                async for followers in pages:  # the next page is read while one is pushed
                    await pushing
                    pushing = asyncio.ensure_future(self._feeds.push(followers, entry, again=again))
                await pushing
            finally:
                pushing.cancel()
