"""DynamoDB for tests: a real one that all share, with tables of each test's own."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rookery.engines.cluster.dynamo import Dynamo, client_of
from rookery.engines.cluster.migrate import description
from rookery.engines.cluster.tables import TABLES, USERS, Table

REGION = "us-east-1"


@asynccontextmanager
async def tables_of_its_own(url: str, tables: Sequence[Table] = TABLES) -> AsyncIterator[Dynamo]:
    """Empty tables, for as long as the block runs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.setdefault(name, "rookery")  # DynamoDB Local takes any
    async with client_of(url, REGION) as client:
        dynamo = Dynamo(client, f"test-{secrets.token_hex(6)}-")
        named = {one: dynamo.name(one) for one in tables}
        await asyncio.gather(*(client.create_table(**description(one, name)) for one, name in named.items()))
        try:
            yield dynamo
        finally:
            await asyncio.gather(*(client.delete_table(TableName=name) for name in named.values()))


def beside(dynamo: Dynamo) -> Dynamo:
    """Another process's view of the same tables."""
    return Dynamo(dynamo.client, dynamo.name(USERS).removesuffix(USERS.name))


async def rows_in(dynamo: Dynamo, *tables: Table) -> int:
    """How many rows stand in these tables."""
    return sum([1 for table in tables async for _ in dynamo.scan(table)])
