"""DynamoDB for tests: a real one that all share, with tables of each test's own."""

import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.migrate import description
from rookery.engines.cluster.tables import TABLES, Table
from rookery.engines.cluster.wire import client_of

REGION = "us-east-1"


@asynccontextmanager
async def tables_of_its_own(url: str, tables: Sequence[Table] = TABLES) -> AsyncIterator[Dynamo]:
    """Empty tables, for as long as the block runs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.setdefault(name, "rookery")  # DynamoDB Local takes any
    async with client_of(url, REGION) as client:
        dynamo = Dynamo(client, f"test-{secrets.token_hex(6)}-")
        named = {one: dynamo.name(one) for one in tables}
        for one, name in named.items():  # one by one: many at once keep others waiting for seconds
            await client.create_table(**description(one, name))
        try:
            yield dynamo
        finally:
            for name in named.values():
                await client.delete_table(TableName=name)


async def rows_in(dynamo: Dynamo, *tables: Table) -> int:
    """How many rows stand in these tables."""
    return sum([1 for table in tables async for _ in dynamo.scan(table)])
