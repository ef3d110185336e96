"""The engines that the stores' contracts are tested on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery.bootstrap import Network
from rookery.config import Feed
from tests.stages.cluster import opened_in_dynamodb
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
    """Tweets and replies, without accounts."""
    if request.param == "embedded":
        opened = EmbeddedStage(tmp_path)
        yield opened
        opened.close()
    else:
        async with opened_in_dynamodb(request.getfixturevalue("dynamodb_url")) as stage:
            yield stage
