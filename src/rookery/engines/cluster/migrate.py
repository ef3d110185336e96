"""Making the tables and indices that are not there yet; may be run at any time, beside whatever serves."""

import asyncio
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from rookery.engines.cluster import search_indices
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import SearchEngine
from rookery.engines.cluster.tables import EXPIRES, TABLES, Table

READY_S_MAX = 300.0
LOOK_EVERY_S = 0.2
AT_ONCE = 10  # tables made at the same time; Amazon takes 500
OnProgress = Callable[[str], None]


async def migrate(dynamo: Dynamo, search: SearchEngine, on_progress: OnProgress = lambda line: None) -> None:
    """Makes what is missing; returns once it can be used."""
    await make_tables(dynamo, on_progress)
    await search_indices.prepare(search)
    on_progress("indices ready")


async def make_tables(dynamo: Dynamo, on_progress: OnProgress = lambda line: None) -> None:
    """Makes the tables that are missing: encrypted, restorable to any second, paid by use."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(table: Table) -> None:
        async with turns:
            if await _make(dynamo, table):
                on_progress(f"table {dynamo.name(table)} made")

    await asyncio.gather(*map(one, TABLES))


async def drop_tables(dynamo: Dynamo) -> None:
    """Removes every table: for tests."""
    for table in TABLES:
        await dynamo.client.delete_table(TableName=dynamo.name(table))


def description(table: Table, name: str) -> dict[str, Any]:
    """A table as DynamoDB is asked for it."""
    keys = [(table.key, table.key_type, "HASH")]
    if table.sort is not None:
        keys.append((table.sort, table.sort_type, "RANGE"))
    return {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind, _ in keys],
        "KeySchema": [{"AttributeName": key, "KeyType": role} for key, _, role in keys],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"Enabled": True, "SSEType": "KMS"},
    }


async def _make(dynamo: Dynamo, table: Table) -> bool:
    """Whether it was missing."""
    name = dynamo.name(table)
    try:
        await dynamo.client.create_table(**description(table, name))
    except ClientError as fault:
        if fault.response["Error"]["Code"] != "ResourceInUseException":
            raise
        return False
    await _until_active(dynamo, name)
    if table.expires:
        await dynamo.client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES}
        )
    return True


async def _until_active(dynamo: Dynamo, name: str) -> None:
    async with asyncio.timeout(READY_S_MAX):
        while True:
            told = await dynamo.client.describe_table(TableName=name)
            if told["Table"]["TableStatus"] == "ACTIVE":
                return
            await asyncio.sleep(LOOK_EVERY_S)
