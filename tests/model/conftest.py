"""The server that the model is compared with."""

from collections.abc import Iterator

import pytest

from tests.model.twins import WINDOW
from tests.serving import Server, serving


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose window for retweets is small, so that a few entries leave it."""
    folder = tmp_path_factory.mktemp("model") / "data"
    with serving(folder, {"LIMITS_ENABLED": "false", "FEED_RETWEET_WINDOW": str(WINDOW)}) as running:
        yield running


@pytest.fixture(scope="package")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two processes on one folder, where two followers make a celebrity and fan-out to them ends soon."""
    folder = tmp_path_factory.mktemp("pair") / "data"
    celebrities = {"FEED_CELEBRITY_FOLLOWERS": "2", "FEED_CELEBRITY_GRACE_MS": "200"}
    settings = {"LIMITS_ENABLED": "false", "FEED_RETWEET_WINDOW": str(WINDOW), **celebrities}
    with serving(folder, settings, "--workers", "2") as running:
        yield running
