"""Throwing a projection away and waiting for the new one: by the running server, or here where none runs."""

import asyncio
import json
import time
from pathlib import Path

from rich.console import Console

from rookery.bootstrap import network
from rookery.cli.standing import standing
from rookery.config import Settings


def rebuild_projection(
    projection: str, data: Path | None, key_file: Path | None, config: Path | None, as_json: bool
) -> None:
    """Rebuilds `feed` or `search` and prints how long it took."""
    settings, key = standing(data, key_file, config)
    began = time.monotonic()
    with Console(stderr=True).status("making it anew"):
        asyncio.run(_rebuild(settings, key, projection))
    seconds = round(time.monotonic() - began, 3)
    print(json.dumps({"seconds": seconds}) if as_json else f"made anew in {seconds} s")


async def _rebuild(settings: Settings, key: bytes, projection: str) -> None:
    async with network(settings, key) as opened:
        await opened.engine.rebuild(projection)
