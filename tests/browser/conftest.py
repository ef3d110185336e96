"""A browser, and a server with a network that has something of everything; its limits are off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from scripts.browser import browsing, lacking
from scripts.scene import Scene, build
from tests.browser.visiting import Visit, visiting
from tests.conftest import left_out
from tests.serving import Server, serving


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. It goes with the module: while it is there no test can run an event loop.

    Where there is none the test is left out, under CI=true it fails.
    """
    if message := lacking():
        left_out(message)
    with browsing() as started:
        yield started


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on data of its own."""
    folder: Path = tmp_path_factory.mktemp("browser") / "data"
    with serving(folder, {"LIMITS_ENABLED": "false"}) as running:
        yield running


@pytest.fixture(scope="package")
def scene(server: Server) -> Scene:
    """The network on it, for reading: a test that writes makes people of its own."""
    return build(server.url)


@pytest.fixture(scope="module")
def reader(browser: Browser, server: Server, scene: Scene) -> Iterator[Visit]:
    """Ann at her browser."""
    with visiting(browser, server.url, scene.ann.token) as visit:
        yield visit


@pytest.fixture(scope="module")
def stranger(browser: Browser, server: Server, scene: Scene) -> Iterator[Visit]:
    """Someone without an account at a browser."""
    with visiting(browser, server.url) as visit:
        yield visit
