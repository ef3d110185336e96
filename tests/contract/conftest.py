"""The engines that the stores' contracts are tested on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery.bootstrap import Network, network
from rookery.config import Data, Settings

KEY = b"k" * 32


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Network]:
    """A started network on an engine of its own; `.engine` has the stores, the rest the services."""
    async with network(Settings(data=Data(dir=tmp_path / "data", key=KEY.hex())), KEY) as opened:
        yield opened
