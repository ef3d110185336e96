"""Workers: they take a group's messages, handle them, and acknowledge what is done.

What a worker got and did not acknowledge is claimed by another 5 s after it gave its last sign of life. So every
message is handled at least once, and handling must be such that twice is no different.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from rookery.core.errors import Problem
from rookery.engines.cluster.redis import RedisDown, RedisRefused
from rookery.engines.cluster.streams import Message, Streams

CLAIM_IDLE_MS = 5_000  # a worker that gave no sign for so long is taken to be dead
CLAIM_EVERY_S = 1.0
KEEP_EVERY_S = 1.5
FAULT_WAIT_S = 0.5
DRAIN_S = 8.0
T = TypeVar("T")
Handle = Callable[[Sequence[Message[T]]], Awaitable[None]]
_log = structlog.get_logger()


class Worker(Generic[T]):
    """One consumer of a group. `handle` gets at most `batch_max` messages at a time, and is called for up to
    `batches_at_once` of them at the same time. What it raises leaves the messages to come again. After a batch that is
    not full the next is taken `pause_s` later, so that batches are few while messages come one by one."""

    def __init__(
        self,
        streams: Streams[T],
        group: str,
        handle: Handle[T],
        *,
        batch_max: int = 100,
        batches_at_once: int = 4,
        pause_s: float = 0.0,
    ) -> None:
        self.group = group
        self._streams = streams
        self._handle = handle
        self._batch_max = batch_max
        self._pause_s = pause_s
        self._turns = asyncio.Semaphore(batches_at_once)
        self._consumer = secrets.token_hex(8)
        self._in_hand: dict[tuple[str, bytes], Message[T]] = {}
        self._batches: set[asyncio.Task[None]] = set()
        self._claimed_at = 0.0
        self._unsure = False  # whether an answer with messages may have been lost
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    def in_hand(self) -> int:
        """How many messages it is at work on."""
        return len(self._in_hand)

    def start(self) -> None:
        """Begins; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Takes nothing more, and returns when what it has in hand is done; what is not within DRAIN_S others get."""
        self._stopping = True
        if self._task is None:
            return
        ends_at = asyncio.get_running_loop().time() + DRAIN_S
        await asyncio.wait([self._task], timeout=DRAIN_S)  # it may be getting one more batch
        left = [self._task, *self._batches]
        _, late = await asyncio.wait(left, timeout=max(0.0, ends_at - asyncio.get_running_loop().time()))
        given_up = list(self._in_hand.values()) if late else []
        for one in late:
            one.cancel()
        await asyncio.gather(*late, *self._batches, return_exceptions=True)
        with contextlib.suppress(RedisDown, RedisRefused):
            await self._streams.give_back(self.group, self._consumer, given_up, CLAIM_IDLE_MS)
            await self._streams.leave(self.group, self._consumer)

    def kill(self) -> None:
        """Stops at once, in the middle of whatever it does, as when its process dies."""
        self._stopping = True
        for one in (self._task, *self._batches):
            if one is not None:
                one.cancel()

    async def _run(self) -> None:
        while not self._stopping:
            await self._turns.acquire()
            batch: list[Message[T]] = []
            try:
                batch = await self._next()
            except RedisDown:
                self._unsure = True
                await asyncio.sleep(FAULT_WAIT_S)
            except RedisRefused as refusal:
                await self._mend(refusal)
            except Exception:  # noqa: BLE001 - a worker outlives every fault
                _log.exception("worker_fault", group=self.group)
                await asyncio.sleep(FAULT_WAIT_S)
            if not batch:
                self._turns.release()
                continue
            self._begin(batch)
            if len(batch) < self._batch_max:
                await asyncio.sleep(self._pause_s)

    async def _next(self) -> list[Message[T]]:
        clock = asyncio.get_running_loop().time
        found: list[Message[T]] = []
        if self._unsure:
            found = self._not_in_hand(
                await self._streams.read_own(self.group, self._consumer, self._batch_max + len(self._in_hand))
            )
            self._unsure = bool(found)
        if not found and clock() - self._claimed_at >= CLAIM_EVERY_S:
            self._claimed_at = clock()
            found = self._not_in_hand(
                await self._streams.claim(self.group, self._consumer, CLAIM_IDLE_MS, self._batch_max)
            )
        return found or await self._streams.read(self.group, self._consumer, self._batch_max)

    async def _mend(self, refusal: RedisRefused) -> None:
        """Makes groups that are gone: Redis was flushed, or has just started."""
        if not str(refusal).startswith(("NOGROUP", "UNBLOCKED")):
            _log.error("worker_refused", group=self.group, refusal=str(refusal))
            await asyncio.sleep(FAULT_WAIT_S)
        with contextlib.suppress(RedisDown):
            await self._streams.make_groups()

    def _not_in_hand(self, messages: Sequence[Message[T]]) -> list[Message[T]]:
        return [one for one in messages if (one.stream, one.entry) not in self._in_hand]

    def _begin(self, batch: Sequence[Message[T]]) -> None:
        self._in_hand.update(((one.stream, one.entry), one) for one in batch)
        task = asyncio.get_running_loop().create_task(self._work(batch))
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)

    async def _work(self, batch: Sequence[Message[T]]) -> None:
        keeping = asyncio.get_running_loop().create_task(self._keep(batch))
        try:
            done = await self._handled(batch)
            if done:
                await self._streams.acknowledge(self.group, done)
            if len(done) < len(batch):
                await asyncio.sleep(FAULT_WAIT_S)  # keeps its turn: who fails reads less
        except (RedisDown, RedisRefused):
            self._unsure = True  # not acknowledged, so they come again
        finally:
            keeping.cancel()
            for one in batch:
                self._in_hand.pop((one.stream, one.entry), None)
            self._turns.release()

    async def _handled(self, batch: Sequence[Message[T]]) -> list[Message[T]]:
        """Those that are done. Where a batch fails for another reason than an engine that is away, each of it is tried
        alone, so that one does not hold up the others."""
        others = [one for one in batch if one.only not in ("", self.group)]
        mine = [one for one in batch if one.only in ("", self.group)]
        try:
            if mine:
                await self._handle(mine)
        except (RedisDown, Problem) as fault:
            _log.warning("worker_waits", group=self.group, reason=str(fault) or type(fault).__name__)
            return others
        except Exception:  # noqa: BLE001 - logged, and what it was about comes again
            _log.exception("worker_fault", group=self.group)
            if len(mine) == 1:
                return others
            for one in mine:
                others += await self._handled([one])
            return others
        return [*others, *mine]

    async def _keep(self, batch: Sequence[Message[T]]) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            with contextlib.suppress(RedisDown, RedisRefused):
                await self._streams.keep(self.group, self._consumer, batch)
