"""The server that the model is compared with."""

from collections.abc import Iterator

import pytest

from tests.model.twins import WINDOW
from tests.serving import Server, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose window for retweets is small, so that a few entries leave it."""
    folder = tmp_path_factory.mktemp("model") / "data"
    with serving(folder, {"LIMITS_ENABLED": "false", "FEED_RETWEET_WINDOW": str(WINDOW)}) as running:
        yield running
