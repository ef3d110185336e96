"""A whole network in this process, on either engine, with data of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rookery.bootstrap import Network, network
from rookery.config import Cluster, Data, Feed, Settings
from rookery.engines.cluster import opensearch, search_indices
from rookery.engines.cluster.tables import USERS
from tests.tabling import REGION, tables_of_its_own

KEY = b"k" * 32


@asynccontextmanager
async def embedded(folder: Path, feed: Feed) -> AsyncIterator[Network]:
    """A started network in a data folder."""
    async with network(Settings(data=Data(dir=folder / "data", key=KEY.hex()), feed=feed), KEY) as opened:
        yield opened


@asynccontextmanager
async def clustered(request: pytest.FixtureRequest, folder: Path, feed: Feed) -> AsyncIterator[Network]:
    """A started network on the engines that all tests share."""
    urls = {name: request.getfixturevalue(f"{name}_url") for name in ("dynamodb", "redis", "opensearch")}
    async with tables_of_its_own(urls["dynamodb"]) as dynamo:
        prefix = dynamo.name(USERS).removesuffix(USERS.name)
        async with opensearch.connected(urls["opensearch"], prefix) as index:
            await search_indices.prepare(index)
        cluster = Cluster(
            dynamodb_url=urls["dynamodb"],
            region=REGION,
            redis_url=urls["redis"],
            search_url=urls["opensearch"],
            prefix=prefix,
        )
        data = Data(engine="cluster", dir=folder / "data", key=KEY.hex())
        async with network(Settings(data=data, feed=feed, cluster=cluster), KEY) as opened:
            yield opened
