"""A network in DynamoDB for the engine's own tests."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from rookery.engines.cluster.workers import Worker
from tests.stages.cluster import ClusterStage, opened_in_dynamodb


@pytest.fixture(autouse=True)
async def ended(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """No worker outlives a test that failed before it closed it: the event loop would wait for it for ever."""
    started: list[Worker[Any]] = []
    start = Worker.start

    def starting(worker: Worker[Any]) -> None:
        started.append(worker)
        start(worker)

    monkeypatch.setattr(Worker, "start", starting)
    yield
    for one in started:
        one.kill()


@pytest.fixture
async def stage(dynamodb_url: str) -> AsyncIterator[ClusterStage]:
    """Tweets and replies, without accounts, in tables of their own."""
    async with opened_in_dynamodb(dynamodb_url) as opened:
        yield opened
