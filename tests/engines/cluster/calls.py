"""Clients of a real DynamoDB that see, hold up or spoil the calls which go through them."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from botocore.exceptions import ClientError

from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.redis import Redis
from rookery.engines.cluster.tables import COUNTS

Moment = Callable[[], Awaitable[None]]


def another(dynamo: Dynamo, client: Any = None) -> Dynamo:
    """The same tables as another process has them, perhaps through a client of its own."""
    return Dynamo(client or dynamo.client, dynamo.name(COUNTS).removesuffix(COUNTS.name))


async def grown(redis: Redis) -> None:
    """Lets Redis be so old that no mark of a writer can have been lost with what it held before."""
    await redis.call("SET", redis.key("born"), "1.000000")


async def forgotten(redis: Redis) -> None:
    """Takes all cached rows away, with leases and marks."""
    async for names in redis.names("row:"):
        await redis.call("DEL", *names)


class Counting:
    """Keeps the names of the calls."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._client = dynamo.client
        self.calls: list[str] = []
        dynamo.client = self

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        self.calls.append(operation)
        return getattr(self._client, operation)  # type: ignore[no-any-return]


class Hindered:
    """Lets every query wait, and throttles those for some partitions for ever."""

    def __init__(self, dynamo: Dynamo, wait_s: float, throttled: Collection[int] = ()) -> None:
        self._client = dynamo.client
        self._wait_s = wait_s
        self._throttled = [{"N": str(one)} for one in throttled]
        dynamo.client = self

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        async def call(**asked: Any) -> Any:
            if operation == "query":
                await asyncio.sleep(self._wait_s)
                if asked["ExpressionAttributeValues"][":k"] in self._throttled:
                    raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, operation)
            return await getattr(self._client, operation)(**asked)

        return call


class Interrupted:
    """Lets something else happen once, right before the first transaction, or the `nth` call of another kind; or right
    `after` it, before its answer is known."""

    def __init__(
        self,
        dynamo: Dynamo,
        moment: Moment,
        operation: str = "transact_write_items",
        nth: int = 1,
        *,
        after: bool = False,
    ) -> None:
        self._client = dynamo.client
        self._moment, self._operation, self._left, self._after = moment, operation, nth, after
        dynamo.client = self

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        async def call(**asked: Any) -> Any:
            if operation != self._operation:
                return await getattr(self._client, operation)(**asked)
            self._left -= 1
            now = self._left == 0
            if now and not self._after:
                await self._moment()
            answer = await getattr(self._client, operation)(**asked)
            if now and self._after:
                await self._moment()
            return answer

        return call


class Troubled:
    """Throttles some calls or a part of what they put, lets some transactions meet others, and loses some answers after
    the call was carried out: what DynamoDB Local never does."""

    def __init__(self, client: Any, seed: int) -> None:
        self._client = client
        self._chance = random.Random(seed)

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        async def call(**asked: Any) -> Any:
            match self._chance.randrange(10):
                case 0 | 1:
                    raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, operation)
                case 2 if operation == "transact_write_items":
                    raise _conflict(len(asked["TransactItems"]))
                case 2 | 3 | 4 if operation == "batch_write_item":
                    return await self._put_some(asked["RequestItems"])
            answer = await getattr(self._client, operation)(**asked)
            if self._chance.randrange(10) == 0:
                raise TimeoutError
            return answer

        return call

    async def _put_some(self, wanted: dict[str, list[Any]]) -> Any:
        """Takes half of the rows and gives the others back."""
        taken = {table: puts[::2] for table, puts in wanted.items()}
        left = {table: puts[1::2] for table, puts in wanted.items() if puts[1::2]}
        await self._client.batch_write_item(RequestItems=taken)
        return {"UnprocessedItems": left}


def _conflict(actions: int) -> ClientError:
    reasons = [{"Code": "None"}] * (actions - 1) + [{"Code": "TransactionConflict"}]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
    return ClientError(error, "TransactWriteItems")
