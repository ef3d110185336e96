"""What follows the writes, in whichever processes: the workers, by name, and how they start and end."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from rookery.core.events import Event
from rookery.engines.cluster import counts
from rookery.engines.cluster.celebrities import Celebrities
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fanout import FanOut
from rookery.engines.cluster.followers import Followers
from rookery.engines.cluster.opensearch import SearchEngine
from rookery.engines.cluster.outbox import Announcer
from rookery.engines.cluster.redis import Redis, RedisDown, RedisRefused
from rookery.engines.cluster.search_index import SearchIndexer
from rookery.engines.cluster.search_indices import REFRESH_MS
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.streams import Message
from rookery.engines.cluster.sweeper import Sweeper
from rookery.engines.cluster.tx import Delta
from rookery.engines.cluster.upkeep import Upkeep, UpkeepRunner
from rookery.engines.cluster.workers import Worker

FOLD_PAUSE_S = 0.3  # a counter that is folded is not cached meanwhile, and what is hot is liked all the time
# Small batches, many at once: those who wait for a long fan-out are few.
FEED_BATCH_MAX, FEED_BATCHES_AT_ONCE = 20, 16
LEFT_MS = 10_000  # a delta that has waited for so long was never told


class Working(Protocol):
    """Something that works beside requests."""

    def start(self) -> None:
        """Begins; needs a running loop."""

    async def close(self) -> None:
        """Finishes what it has in hand, and stops."""


class Workers:
    """The workers that this process runs."""

    def __init__(
        self,
        dynamo: Dynamo,
        redis: Redis,
        index: SearchEngine,
        feeds: StoredFeeds,
        celebrities: Celebrities,
        announcer: Announcer,
        *,
        celebrity_followers: int,
        celebrity_grace_ms: int,
    ) -> None:
        self._dynamo = dynamo
        self._redis = redis
        self._announcer = announcer
        self._celebrity_followers = celebrity_followers
        self._indexer = SearchIndexer(dynamo, index, self._may_refresh)
        self._fan_out = FanOut(redis, feeds, celebrities, Followers(dynamo), grace_ms=celebrity_grace_ms)
        self._running: list[Working] = []

    def start(self, names: Collection[str], upkeep: Sequence[Upkeep]) -> None:
        """Starts those of WORKERS; needs a running loop."""
        events, deltas = self._announcer.events, self._announcer.deltas
        made: Mapping[str, Callable[[], Working]] = {
            "feed": lambda: Worker(
                events,
                "feed",
                self._fan_out.apply,
                batch_max=FEED_BATCH_MAX,
                batches_at_once=FEED_BATCHES_AT_ONCE,
            ),
            "search": lambda: Worker(events, "search", self._index, batch_max=200, batches_at_once=2),
            "counts": lambda: Worker(deltas, "counts", self._fold, pause_s=FOLD_PAUSE_S),
            "upkeep": lambda: Worker(events, "upkeep", UpkeepRunner(upkeep).apply, batch_max=20),
            "sweeper": lambda: Sweeper(self._dynamo, self._redis, self._announcer, self._fold_left),
        }
        for name in names:
            self._running.append(made[name]())
            self._running[-1].start()

    async def close(self) -> None:
        """Finishes what is in hand, and stops."""
        await asyncio.gather(*(one.close() for one in self._running))
        self._running.clear()

    def in_hand(self, group: str) -> int:
        """How many messages of a group this process is at work on."""
        workers = [one for one in self._running if isinstance(one, Worker) and one.group == group]
        return sum(one.in_hand for one in workers)

    async def _index(self, batch: Sequence[Message[Event]]) -> None:
        await self._indexer.apply([one.body for one in batch])

    async def _may_refresh(self) -> bool:
        """One worker of all, once in a while: at few writes each is found at once, and many share a refresh."""
        try:
            first = await self._redis.call("SET", self._redis.key("refreshed"), "", "NX", "PX", REFRESH_MS)
        except (RedisDown, RedisRefused):
            return False
        return first is not None

    async def _fold(self, batch: Sequence[Message[Delta]]) -> None:
        await counts.fold(self._dynamo, [one.body for one in batch], self._celebrity_followers)

    async def _fold_left(self) -> None:
        await counts.sweep(self._dynamo, LEFT_MS, self._celebrity_followers)
