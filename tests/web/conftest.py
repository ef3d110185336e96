"""One server for all tests of the pages."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.serving import Server, serving
from tests.web.visiting import Visitor, sign_up


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on data of its own, without limits."""
    with serving(tmp_path_factory.mktemp("web") / "data", {"LIMITS_ENABLED": "false"}) as running:
        yield running


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """Numbers that no other test gets, for handles."""
    return count(1)


@pytest.fixture
def person(server: Server, numbers: Iterator[int]) -> Callable[[], Visitor]:
    """Makes new people with a browser."""
    return lambda: sign_up(server, f"web{next(numbers)}")


@pytest.fixture
def stranger(server: Server) -> Visitor:
    """Somebody with a browser and without an account."""
    return Visitor(server)
