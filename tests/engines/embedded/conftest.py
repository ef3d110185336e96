"""A data folder for the engine's own tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery.engines.embedded.connections import SCHEMA_VERSIONS, Files
from rookery.engines.embedded.database import Database


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """The files of a fresh data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    files = Files(folder, b"k" * 32)
    for name in SCHEMA_VERSIONS:
        files.migrate(name)
    return files


@pytest.fixture
async def database(files: Files) -> AsyncIterator[Database]:
    """The writer of that folder."""
    opened = Database(files)
    yield opened
    opened.close()
