"""What every test may ask for."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from xdist.scheduler import LoadScopeScheduling

from scripts.engines import KINDS, Engine, Fleet, lacking

pytest.register_assert_rewrite(  # so that their asserts tell what differs
    "tests.serving", "tests.browser.visiting", "tests.model.eyes", "tests.model.twins"
)

PROJECT = Path(__file__).parent.parent
APART = "apart"  # how the ids of tests on services apart begin; see tests/api
APART_TIMEOUT_S = 600  # whichever test comes first waits for all processes to start
LONGEST = (
    "tests/faults/",
    "tests/browser/",
    "tests/model/",
    "tests/cli/",
    "tests/contract/",
    "tests/api/",
)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # brings no types
    """The tests of a file run one after the other in one process; those on services apart in one, too, since these are
    many processes."""

    def _split_scope(self, nodeid: str) -> str:
        return APART if _is_apart(nodeid) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    """See Scheduling."""
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest first, so that nothing long is left for the end."""
    for item in items:
        if _is_apart(item.nodeid):
            item.add_marker(pytest.mark.timeout(APART_TIMEOUT_S))
    items.sort(key=lambda item: _turn(item.nodeid))


def _is_apart(nodeid: str) -> bool:
    return nodeid.startswith("tests/api/") and f"[{APART}" in nodeid


def _turn(nodeid: str) -> int:
    if _is_apart(nodeid):
        return -1
    return next((turn for turn, part in enumerate(LONGEST) if nodeid.startswith(part)), len(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tests that a fixture left out are told together, a line for each reason, not a line for each test."""
    report = yield
    if report.skipped and report.when in ("setup", "call") and isinstance(report.longrepr, tuple):
        report.longrepr = (str(PROJECT / "tests"), None, report.longrepr[2])  # type: ignore[assignment] # pytest allows it
    return report


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real graphs and tweets, which is not part of the project: beside the clone, or ROOKERY_SHARED_DATA.

    Where it is absent the test is left out, under CI=true it fails.
    """
    folder = Path(os.environ.get("ROOKERY_SHARED_DATA") or PROJECT.parent / "shared" / "data")
    if not folder.is_dir():
        left_out(f"needs the shared data, and {folder} is absent")
    return folder


@pytest.fixture(scope="session")
def real_engines() -> None:
    """That engines can be started here, for tests that start their own.

    Where that is not so the test is left out, under CI=true it fails.
    """
    if message := lacking(KINDS):
        left_out(message)


@pytest.fixture(scope="session")
def dynamodb_engine(real_engines: None) -> Iterator[Engine]:
    """A real DynamoDB Local, shared by all tests and perhaps with a person: use tables of your own."""
    with Fleet().lease(["dynamodb"]) as leased:
        yield leased["dynamodb"]


@pytest.fixture(scope="session")
def redis_engine(real_engines: None) -> Iterator[Engine]:
    """A real Redis, shared likewise: use keys of your own."""
    with Fleet().lease(["redis"]) as leased:
        yield leased["redis"]


@pytest.fixture(scope="session")
def opensearch_engine(real_engines: None) -> Iterator[Engine]:
    """A real OpenSearch, shared likewise: use indexes of your own."""
    with Fleet().lease(["opensearch"]) as leased:
        yield leased["opensearch"]


@pytest.fixture(scope="session")
def elasticsearch_engine(real_engines: None) -> Iterator[Engine]:
    """A real Elasticsearch, shared likewise: use indexes of your own."""
    with Fleet().lease(["elasticsearch"]) as leased:
        yield leased["elasticsearch"]


@pytest.fixture(scope="session")
def dynamodb_url(dynamodb_engine: Engine) -> str:
    """Its address."""
    return dynamodb_engine.url


@pytest.fixture(scope="session")
def redis_url(redis_engine: Engine) -> Iterator[str]:
    """Its address. A test's own process, which may itself be late to see an answer, waits longer for it."""
    from rookery.engines.cluster import redis

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(redis, "TIMEOUT_S", 20.0)
        yield redis_engine.url


@pytest.fixture(scope="session")
def opensearch_url(opensearch_engine: Engine) -> str:
    """Its address."""
    return opensearch_engine.url


@pytest.fixture(scope="session")
def elasticsearch_url(elasticsearch_engine: Engine) -> str:
    """Its address."""
    return elasticsearch_engine.url


def left_out(message: str) -> NoReturn:
    """Ends a fixture that lacks something: what asks for it is left out, under CI=true it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
