"""One server on each engine for all tests of the API as a client sees it; its limits are off: their tests have their
own servers. On the cluster engine it is every service and worker apart behind a proxy, but for tests that look at a
server's own edges: raw bytes, and what it does before any route. They end with the last test here, as other folders'
servers do: an idle one on the cluster engine takes a quarter of a core."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.apart import apart
from tests.clusters import cluster_settings, prefix
from tests.serving import Person, Server, serving, sign_up

ON_APART = (
    "test_accounts.py",
    "test_avatars.py",
    "test_conventions.py",
    "test_feed.py",
    "test_follows.py",
    "test_idempotency.py",
    "test_live.py",
    "test_paging.py",
    "test_proofs.py",
    "test_search.py",
    "test_tweets.py",
    "test_visibility.py",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever asks for a server is tested on both engines."""
    if "engine" in metafunc.fixturenames:
        name = metafunc.definition.path.name
        kinds = ["embedded", "apart" if name in ON_APART else "cluster"]
        chosen = ["apart"] if name == "test_apart.py" else kinds
        metafunc.parametrize("engine", chosen, indirect=True, scope="package")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a test runs on: `embedded`, `cluster` (one server) or `apart`, with the settings that say so."""

    name: str
    settings: Mapping[str, str]


@pytest.fixture(scope="package")
def engine(request: pytest.FixtureRequest) -> Kind:
    """The engine that the test runs on."""
    return Kind(request.param, {} if request.param == "embedded" else cluster_settings(request))


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, engine: Kind) -> Iterator[Server]:
    """A server on data of its own."""
    folder: Path = tmp_path_factory.mktemp("api") / "data"
    settings = {**engine.settings, "LIMITS_ENABLED": "false"}
    with apart(folder, settings) if engine.name == "apart" else serving(folder, settings) as running:
        yield running


@pytest.fixture(scope="package")
def limited(tmp_path_factory: pytest.TempPathFactory, engine: Kind) -> Iterator[Server]:
    """A server with the limits as they are by default."""
    folder: Path = tmp_path_factory.mktemp("limited") / "data"
    with serving(folder, {**engine.settings, "CLUSTER_PREFIX": prefix()}) as running:
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
