"""Chromium as Debian ships it, driven by playwright: for the browser tests, the screenshots and a benchmark."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_START_MS_MAX = 60_000.0


def lacking() -> str | None:
    """What keeps a browser from being started, as a sentence; None where nothing does."""
    if _found() is None:
        debian = "apt-get install chromium-headless-shell fonts-dejavu-core"
        return f"The pages are tested in Chromium: install it (Debian: {debian})."
    return None


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser for as long as the block runs, in which nothing may run an event loop of its own.

    Raises playwright's Error where none can be started.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_found(), args=list(_FLAGS), timeout=_START_MS_MAX
        )
        try:
            yield browser
        finally:
            browser.close()


def _found() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
