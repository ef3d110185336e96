"""The sweeper: finds what was written and never told, because a process died between the two or Redis was away.

The streams are shared out among the processes that sweep, by leases.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from rookery.core.errors import Problem
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.leases import Lease
from rookery.engines.cluster.outbox import Announcer
from rookery.engines.cluster.redis import Redis, RedisDown, RedisRefused
from rookery.engines.cluster.streams import PARTITIONS
from rookery.engines.cluster.watch import Watch

LOOK_EVERY_S = 1.0
LEASE_EVERY_S = 5.0
FOLD_EVERY_S = 5.0
_log = structlog.get_logger()


class Sweeper:
    """Watches the streams whose leases this process gets, and with one of them folds the deltas that were never told
    (`fold_left`)."""

    def __init__(
        self,
        dynamo: Dynamo,
        redis: Redis,
        announcer: Announcer,
        fold_left: Callable[[], Awaitable[object]],
    ) -> None:
        self._redis = redis
        self._announcer = announcer
        self._fold_left = fold_left
        self._watches = [Watch(dynamo, redis, announcer, number) for number in range(PARTITIONS)]
        self._leases = [Lease(dynamo, f"stream {number}") for number in range(PARTITIONS)]
        self._leased_at = self._folded_at = 0.0
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stops, and gives the leases back."""
        if self._task is None:
            return
        self._closing = True  # a cancellation may be lost in a call that is just ending
        self._task.cancel()
        await asyncio.wait([self._task])
        with contextlib.suppress(Problem):
            pairs = zip(self._leases, self._watches, strict=True)
            await asyncio.gather(*(lease.release(watch.passed_on()) for lease, watch in pairs))

    async def _run(self) -> None:
        while not self._closing:
            await self._outlive(self._sweep())
            await asyncio.sleep(LOOK_EVERY_S)

    async def _outlive(self, part: Awaitable[None]) -> None:
        """Does a part of the work, which a fault may end; the others are done all the same."""
        try:
            await part
        except (RedisDown, Problem):
            pass  # what is missing is found when they are back
        except RedisRefused:
            _log.exception("sweeper_refused")
        except Exception:  # noqa: BLE001 - the sweeper outlives every fault
            _log.exception("sweeper_fault")

    async def _sweep(self) -> None:
        """One round. Each stream has its turn, however long the others take."""
        clock = asyncio.get_running_loop().time
        epoch = await self._epoch()
        for number in range(PARTITIONS):
            await self._outlive(self._look(number, epoch))
        if self._leases[0].held and clock() - self._folded_at >= FOLD_EVERY_S:
            self._folded_at = clock()
            await self._fold()

    async def _look(self, number: int, epoch: str) -> None:
        await self._keep_leases()
        if self._leases[number].held:
            await self._watches[number].look(epoch)

    async def _keep_leases(self) -> None:
        """Takes and keeps leases where it is time for that."""
        now = asyncio.get_running_loop().time()
        if now - self._leased_at >= LEASE_EVERY_S:
            self._leased_at = now
            await asyncio.gather(*(self._lease(number) for number in range(PARTITIONS)))

    async def _lease(self, number: int) -> None:
        lease, watch = self._leases[number], self._watches[number]
        if lease.taken and await lease.keep(watch.passed_on()):
            return  # also where it ran out meanwhile, and nobody took it
        row = await lease.take()
        if row is not None:
            watch.begin(row)

    async def _fold(self) -> None:
        """Folds what has waited while the group that folds has nothing more to do."""
        if not await self._announcer.deltas.behind("counts"):
            await self._fold_left()

    async def _epoch(self) -> str:
        """Which Redis this is: another one after a restart, a failover or a flush."""
        told = (await self._redis.call("INFO", "server")).decode()
        lines = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
        return f"{lines['run_id']} {await self._redis.born()}"
