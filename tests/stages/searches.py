"""The search stages by engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.stages.searching import SearchStage
from tests.stages.searching_cluster import opened_with_search
from tests.stages.searching_embedded import EmbeddedSearchStage

ENGINES = ("embedded", "opensearch", "elasticsearch")


@asynccontextmanager
async def opened(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[SearchStage]:
    """An empty network on the engine that the test is run on: `request.param` is one of ENGINES."""
    if request.param == "embedded":
        stage = EmbeddedSearchStage(folder)
        yield stage
        stage.close()
    else:
        urls = [request.getfixturevalue(f"{name}_url") for name in ("dynamodb", request.param)]
        async with opened_with_search(*urls) as opened:
            yield opened
