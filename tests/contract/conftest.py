"""The engines that the stores' contracts are tested on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery.bootstrap import Network, network
from rookery.config import Data, Settings
from tests.stages.cluster import opened_in_dynamodb
from tests.stages.embedded import EmbeddedStage
from tests.stages.shared import Stage

KEY = b"k" * 32


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Network]:
    """A started network on an engine of its own; `.engine` has the stores, the rest the services."""
    async with network(Settings(data=Data(dir=tmp_path / "data", key=KEY.hex())), KEY) as opened:
        yield opened


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
