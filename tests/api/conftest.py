"""One server for all tests of the API as a client sees it; its limits are off: their tests have their own servers."""

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest

from tests.apart import Attached
from tests.clusters import cluster_settings, prefix
from tests.serving import Person, Server, serving, sign_up

ATTACHED = os.environ.get("ROOKERY_TEST_NETWORK")  # a network of tests/apart.py that runs already


@pytest.fixture(scope="session", params=["apart"] if ATTACHED else ["embedded", "cluster"])
def engine(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The settings of the engine that the test runs on."""
    return {} if request.param == "embedded" else cluster_settings(request)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, engine: Mapping[str, str]) -> Iterator[Server]:
    """A server on data of its own, or the network that ROOKERY_TEST_NETWORK describes."""
    if ATTACHED:
        yield Attached(ATTACHED)
        return
    folder: Path = tmp_path_factory.mktemp("api") / "data"
    with serving(folder, {**engine, "LIMITS_ENABLED": "false"}) as running:
        yield running


@pytest.fixture(scope="session")
def limited(tmp_path_factory: pytest.TempPathFactory, engine: Mapping[str, str]) -> Iterator[Server]:
    """A server with the limits as they are by default."""
    folder: Path = tmp_path_factory.mktemp("limited") / "data"
    with serving(folder, {**engine, "CLUSTER_PREFIX": prefix()}) as running:
        yield running


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """Numbers that no other test gets, for handles."""
    return count(1)


@pytest.fixture
def person(server: Server, numbers: Iterator[int]) -> Callable[..., Person]:
    """Makes new people: `person()` or `person("ann")`, whose handle gets a number."""

    def make(name: str = "bird") -> Person:
        return sign_up(server, f"{name}{next(numbers)}")

    return make


@pytest.fixture
def stranger(server: Server) -> Person:
    """Someone without an account."""
    return Person(server)
