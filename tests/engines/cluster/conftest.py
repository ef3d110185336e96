"""A network in DynamoDB for the engine's own tests."""

from collections.abc import AsyncIterator

import pytest

from tests.stages.cluster import ClusterStage, opened_in_dynamodb


@pytest.fixture
async def stage(dynamodb_url: str) -> AsyncIterator[ClusterStage]:
    """Tweets and replies, without accounts, in tables of their own."""
    async with opened_in_dynamodb(dynamodb_url) as opened:
        yield opened
