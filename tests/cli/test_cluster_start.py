"""How processes of the cluster engine start."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from rookery.engines.cluster.wire import client_of
from scripts.ports import free_port
from tests.clusters import cluster_settings
from tests.serving import Server
from tests.tabling import REGION


@pytest.mark.parametrize(
    "command", [("serve", "--services", "tweets", "--port", str(free_port())), ("work", "feed")]
)
def test_a_process_that_finds_no_tables_says_so_and_makes_none(
    request: pytest.FixtureRequest, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Services and workers leave the making of tables to `rookery migrate`: before it they end, and say what to do."""
    settings = cluster_settings(request)
    ended = subprocess.run(
        [sys.executable, "-m", "rookery", *command],
        env=Server(tmp_path / "data", settings).environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert 1 == ended.returncode
    assert "run `rookery migrate`" in ended.stderr
    assert [] == asyncio.run(tables(settings["CLUSTER_DYNAMODB_URL"], settings["CLUSTER_PREFIX"]))


async def tables(url: str, prefix: str) -> list[str]:
    """The tables whose names begin so."""
    async with client_of(url, REGION) as client:
        pages = [page["TableNames"] async for page in client.get_paginator("list_tables").paginate()]
    return [name for page in pages for name in page if name.startswith(prefix)]
