"""Clients of a real DynamoDB that see, hold up or spoil the calls which go through them."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from botocore.exceptions import ClientError

from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.tables import COUNTS

Moment = Callable[[], Awaitable[None]]


def another(dynamo: Dynamo, client: Any = None) -> Dynamo:
    """The same tables as another process has them, perhaps through a client of its own."""
    return Dynamo(client or dynamo.client, dynamo.name(COUNTS).removesuffix(COUNTS.name))


class Counting:
    """Keeps the names of the calls."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._client = dynamo.client
        self.calls: list[str] = []
        dynamo.client = self

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        self.calls.append(operation)
        return getattr(self._client, operation)  # type: ignore[no-any-return]


class Interrupted:
    """Lets something else happen once, right before the next transaction."""

    def __init__(self, dynamo: Dynamo, moment: Moment) -> None:
        self._client = dynamo.client
        self._moment: Moment | None = moment
        dynamo.client = self

    async def transact_write_items(self, **asked: Any) -> Any:
        """As the client does it."""
        moment, self._moment = self._moment, None
        if moment is not None:
            await moment()
        return await self._client.transact_write_items(**asked)

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        return getattr(self._client, operation)  # type: ignore[no-any-return]


class Troubled:
    """Throttles some calls, lets some transactions meet others, and loses some answers after the call was carried out:
    what DynamoDB Local never does."""

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
            answer = await getattr(self._client, operation)(**asked)
            if self._chance.randrange(10) == 0:
                raise TimeoutError
            return answer

        return call


def _conflict(actions: int) -> ClientError:
    reasons = [{"Code": "None"}] * (actions - 1) + [{"Code": "TransactionConflict"}]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
    return ClientError(error, "TransactWriteItems")
