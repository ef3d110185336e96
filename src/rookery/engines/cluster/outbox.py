"""The outbox: events lie in DynamoDB with their write, and are told to Redis when it stands.

In the same round trip the marks of the write are taken out of the cache of rows (row_cache.py).

Telling waits for Redis before the write is answered, so that one's own write is in one's own feed at once; but where
Redis does not answer the write is answered all the same, and what was to be told is told when Redis is back. What a
process leaves untold, the sweeper finds.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Iterable, Sequence

import structlog

from rookery.core.events import Event, Kind
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.news import telling
from rookery.engines.cluster.redis import Command, Redis, RedisDown, RedisRefused
from rookery.engines.cluster.row_marks import clearing
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.streams import DELTAS, EVENTS, Streams
from rookery.engines.cluster.tables import OUTBOX, Item
from rookery.engines.cluster.tx import Committed

QUEUE_MAX = 10_000  # commits that wait to be told; the sweeper finds the others
AT_ONCE_MAX = 256  # commits told in one round trip
RETRY_S = 0.2
TOLD_WITHIN_S = 0.7  # that an answer waits for it at most
CHANGES = (Kind.CONTENT_EDITED, Kind.CONTENT_DELETED)
CREATIONS = (Kind.TWEET_CREATED, Kind.REPLY_CREATED, Kind.RETWEET_CREATED)
DROPPING = (Kind.FOLLOWED, Kind.ACCOUNT_DELETED)  # after these the subject's feed is built anew
_log = structlog.get_logger()


class Announcer:
    """How an event becomes commands: a message, and what must be right before the write is answered."""

    def __init__(self, redis: Redis, feeds: StoredFeeds) -> None:
        self.events = Streams(redis, EVENTS)
        self.deltas = Streams(redis, DELTAS)
        self._redis = redis
        self._feeds = feeds

    def messages(self, events: Iterable[Event], *, only: str = "", again: bool = False) -> list[Command]:
        """The commands that send events to the groups; changes go to live streams too."""
        commands: list[Command] = []
        for event in events:
            commands.append(self.events.adding(event, only=only, again=again))
            if event.kind in CHANGES and not only:
                commands.append(telling(self._redis, event))
        return commands

    def told(self, done: Committed) -> list[Command]:
        """All that a commit says."""
        commands = [clearing(done.touched)] if done.touched.names else []
        commands += self.messages(done.events)
        for event in done.events:
            if event.kind in CREATIONS:
                commands.append(self._feeds.pushing([event.actor], entry_of(event)))
            elif event.kind in DROPPING:
                commands.append(self._feeds.dropping([event.subject]))
        return [*commands, *map(self.deltas.adding, done.deltas)]


class Publisher:
    """Tells Redis what commits say, those that come together in one round trip."""

    def __init__(self, redis: Redis, announcer: Announcer) -> None:
        self._redis = redis
        self._announcer = announcer
        self._waiting: deque[tuple[Committed, asyncio.Future[None]]] = deque()
        self._owed: Counter[int] = Counter()
        self._woken = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Tells what waits, if Redis answers, and stops."""
        if self._task is None:
            return
        if self._waiting:
            await asyncio.wait([self._waiting[-1][1]], timeout=TOLD_WITHIN_S)
        self._closing = True  # a cancellation may be lost in a call that is just ending
        self._task.cancel()
        await asyncio.wait([self._task])

    async def tell(self, done: Committed) -> None:
        """Returns when it is told, or cannot be now. It never fails."""
        if not (done.events or done.deltas or done.touched.names) or len(self._waiting) >= QUEUE_MAX:
            return
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((done, told))
        self._owed.update(_whose_feeds(done))
        self._woken.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TOLD_WITHIN_S):
                await told

    def owes(self, viewer: int) -> bool:
        """Whether something of the viewer's own is not told yet, so that a stored feed may lack it."""
        return viewer in self._owed

    @property
    def waiting(self) -> int:
        """How many commits wait to be told."""
        return len(self._waiting)

    async def _run(self) -> None:
        while not self._closing:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting and not self._closing:
                batch = [self._waiting[at] for at in range(min(AT_ONCE_MAX, len(self._waiting)))]
                try:
                    await self._redis.calls([one for done, _ in batch for one in self._announcer.told(done)])
                except RedisDown:
                    _release(self._waiting)
                    await asyncio.sleep(RETRY_S)
                    continue
                except RedisRefused:
                    _log.exception("events_refused")  # told in part: the sweeper finds the rest
                for done, told in batch:
                    self._waiting.popleft()
                    self._owed.subtract(_whose_feeds(done))
                    if not told.done():
                        told.set_result(None)
                self._owed = +self._owed


async def stretch(dynamo: Dynamo, shard: int, above: int, below: int, limit: int) -> list[Event]:
    """Events of a shard of the outbox between two ids, oldest first."""
    rows = await dynamo.query(OUTBOX, shard, above=above, below=below, limit=limit, oldest_first=True)
    return [event_of(row) for row in rows]


def event_of(row: Item) -> Event:
    """The event in a row of the outbox."""
    names = ("event_id", "kind", "actor", "subject", "other")
    event_id, kind, actor, subject, other = (int(row[name]) for name in names)
    return Event(event_id, Kind(kind), actor, subject, other, bool(row["backdated"]))


def entry_of(event: Event) -> tuple[int, int]:
    """The entry that what was created makes in feeds."""
    return event.subject, event.other if event.kind == Kind.RETWEET_CREATED else 0


def _whose_feeds(done: Committed) -> set[int]:
    created = {event.actor for event in done.events if event.kind in CREATIONS}
    return created | {event.subject for event in done.events if event.kind in DROPPING}


def _release(waiting: Sequence[tuple[Committed, "asyncio.Future[None]"]]) -> None:
    """Lets the writes be answered; they are told later."""
    for _, told in waiting:
        if not told.done():
            told.set_result(None)
