"""The engines that the stores' contracts are tested on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery.bootstrap import Network
from rookery.config import Feed
from tests.engines.cluster.cachers import processes
from tests.stages.embedded import EmbeddedStage
from tests.stages.networks import clustered, embedded
from tests.stages.shared import Stage


@pytest.fixture(params=["embedded", "cluster"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Network]:
    """A started network on an engine of its own; `.engine` has the stores, the rest the services."""
    opened = (
        embedded(tmp_path, Feed()) if request.param == "embedded" else clustered(request, tmp_path, Feed())
    )
    async with opened as started:
        yield started


@pytest.fixture(params=["embedded", "cluster"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """Tweets and replies, without accounts; on the cluster engine read through the cache of rows."""
    if request.param == "embedded":
        opened = EmbeddedStage(tmp_path)
        yield opened
        opened.close()
    else:
        dynamodb_url, redis_url = map(request.getfixturevalue, ("dynamodb_url", "redis_url"))
        async with processes(dynamodb_url, redis_url, 1) as [stage]:
            yield stage
