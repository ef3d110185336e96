"""What live streams go by: one short Redis stream of edits and deletes, and of hints that feeds have changed.

Every process reads it and keeps the last ten minutes. Its entries are numbered by Redis, so all processes see them in
one order; `position` is such a number. A hint is never data: who hears one looks.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from rookery.core.clock import now_ms
from rookery.core.events import Event
from rookery.core.ids import first_id_at
from rookery.engines.cluster.redis import Command, Redis, RedisDown, RedisRefused
from rookery.engines.cluster.streams import EVENTS, place

KEPT_MS = 600_000
CHANGES_MAX = 20_000  # edits and deletes that a process keeps
BLOCK_MS = 400
TOGETHER_S = 0.02  # so long after one look the next begins at the earliest: hints of a moment are one
_ENTRIES_AT_ONCE = 1_000
_log = structlog.get_logger()


def telling(redis: Redis, event: Event) -> Command:
    """The command that tells live streams of an edit or delete."""
    return _adding(redis, "b", msgspec.msgpack.encode(EVENTS.pack(event)))


def hinting(redis: Redis) -> Command:
    """The command that makes live streams look."""
    return _adding(redis, "h", "1")


class News:
    """This process's view of that stream. While Redis is away its position moves with the time, so that everyone goes
    on looking."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._name = redis.key("news")
        self._position = 0
        self._whole_from = 0  # the position and the id from which on all changes are kept
        self._changes: deque[tuple[int, Event]] = deque()
        self._changed = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to read; needs a running loop."""
        self._whole_from = self._position = first_id_at(now_ms())
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stops, and lets everyone go who waits."""
        if self._task is not None:
            self._closing = True  # a cancellation may be lost in a call that is just ending
            self._task.cancel()
            await asyncio.wait([self._task])
        self._changed.set()

    @property
    def position(self) -> int:
        """How far it has read."""
        return self._position

    def since(self, position: int) -> Sequence[Event] | None:
        """Edits and deletes after a position; None where they are no longer kept."""
        if position < self._whole_from:
            return None
        return [event for at, event in self._changes if at > position]

    def position_at(self, tweet_id: int, late: int) -> int:
        """A position before every change that was minted after a tweet, or not longer before it than `late`; 0 where
        they are no longer kept."""
        if tweet_id < self._whole_from:
            return 0
        after = tweet_id - late
        return next((at - 1 for at, event in self._changes if event.event_id > after), self._position)

    async def wait(self, timeout_s: float) -> None:
        """Returns at the next news, or after the timeout."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):  # wait_for loses a cancellation that comes with the news
                await self._changed.wait()

    async def _run(self) -> None:
        last = b"0"
        while not self._closing:
            try:
                last = await self._begin() if last == b"0" else await self._read(last)
            except RedisDown:
                await asyncio.sleep(BLOCK_MS / 1000)
                self._wake(self._position + 1)
            except RedisRefused:
                _log.exception("news_refused")
                await asyncio.sleep(1)
            await asyncio.sleep(TOGETHER_S)

    async def _begin(self) -> bytes:
        """Reads what is kept, so that streams that another process held can be resumed here."""
        born = int(float(await self._redis.born()) * 1000)
        seconds, _ = await self._redis.call("TIME")
        last = b"0-0"
        while entries := await self._redis.call(
            "XRANGE", self._name, b"(" + last, "+", "COUNT", _ENTRIES_AT_ONCE
        ):
            last = self._take(entries)
        kept_from = first_id_at(max(born, (int(seconds) + 1) * 1000 - KEPT_MS))
        self._whole_from = min(self._whole_from, kept_from)
        if len(self._changes) == CHANGES_MAX:
            self._whole_from = max(self._whole_from, self._changes[0][0])
        self._wake(max(self._position, first_id_at(int(seconds) * 1000)))
        return last

    async def _read(self, last: bytes) -> bytes:
        answer = await self._redis.news(
            "XREAD", "COUNT", _ENTRIES_AT_ONCE, "BLOCK", BLOCK_MS, "STREAMS", self._name, last
        )
        if answer is None:
            self._wake(self._position + 1)  # nobody waits longer than this for a hint that was lost
            return last
        return self._take(answer[0][1])

    def _take(self, entries: Sequence[Any]) -> bytes:
        for entry, (name, value) in entries:
            at_ms, number = place(entry)
            position = max(self._position + 1, first_id_at(at_ms) + number)
            if name == b"b":
                self._changes.append((position, EVENTS.unpack(*msgspec.msgpack.decode(value))))
            self._position = position
        while len(self._changes) > CHANGES_MAX or (
            self._changes and self._changes[0][0] < self._position - first_id_at(KEPT_MS)
        ):
            self._whole_from = max(self._whole_from, self._changes.popleft()[0])
        self._wake(self._position)
        return entries[-1][0]  # type: ignore[no-any-return]

    def _wake(self, position: int) -> None:
        self._position = position
        self._changed.set()
        self._changed = asyncio.Event()


def _adding(redis: Redis, name: str, value: bytes | str) -> Command:
    return ("XADD", redis.key("news"), "MINID", "~", now_ms() - KEPT_MS, "*", name, value)
