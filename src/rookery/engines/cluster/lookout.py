"""The lookout of a process: whether DynamoDB answers it, and how far behind the groups are that it tells of."""

import asyncio
import contextlib
import math
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.redis import RedisDown, RedisRefused
from rookery.engines.cluster.streams import Streams
from rookery.engines.cluster.tables import LEASES

LOOK_EVERY_S = 2.0
GONE_S = 10.0  # without an answer for so long an engine is taken to be gone for this process
_NOBODY = {"name": {"S": "nobody"}}


class Lookout:
    """Looks every LOOK_EVERY_S. A process of workers tells of `groups`, and cannot do without Redis either; for others
    these are empty. A refusal is an answer: an engine that is overrun is not gone."""

    def __init__(self, dynamo: Dynamo, groups: Sequence[tuple[Streams[Any], str]]) -> None:
        self._dynamo = dynamo
        self._groups = groups
        self._lags = {group: math.nan for _, group in groups}
        self._answered: dict[str, float] = {}
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins; needs a running loop, and that DynamoDB has just answered."""
        loop = asyncio.get_running_loop()
        self._answered = {"dynamodb": loop.time(), **({"redis": 0.0} if self._groups else {})}
        self._tasks = [loop.create_task(self._look_at_dynamo()), loop.create_task(self._look_at_groups())]

    async def close(self) -> None:
        """Stops."""
        self._closing = True  # a cancellation may be lost in a call that is just ending
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def ready(self) -> bool:
        """Whether the engines answer that the process cannot do without."""
        if not self._answered or self._closing:
            return False
        return asyncio.get_running_loop().time() - min(self._answered.values()) < GONE_S

    def lag_ms(self, group: str) -> float:
        """How long the oldest message that a group has not done has been waiting in its stream, in milliseconds of
        Redis's clock; 0 where none is, NaN where that is not known."""
        return self._lags[group]

    async def _look_at_dynamo(self) -> None:
        while not self._closing:
            with contextlib.suppress(BotoCoreError, OSError, TimeoutError):
                with contextlib.suppress(ClientError):
                    await self._dynamo.client.get_item(TableName=self._dynamo.name(LEASES), Key=_NOBODY)
                self._answered["dynamodb"] = asyncio.get_running_loop().time()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look_at_groups(self) -> None:
        while self._groups and not self._closing:
            for streams, group in self._groups:
                try:
                    self._lags[group] = float(await streams.lag_ms(group))
                except (RedisDown, RedisRefused):
                    self._lags[group] = math.nan
                else:
                    self._answered["redis"] = asyncio.get_running_loop().time()
            await asyncio.sleep(LOOK_EVERY_S)
