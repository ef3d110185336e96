"""`rookery check`: the counters, the feeds and the index against the truth."""

import asyncio
import json
from collections.abc import Callable

import typer
from rich.console import Console

from rookery.bootstrap import network
from rookery.cli.options import ConfigOption, DataOption, JsonOption, KeyFileOption
from rookery.cli.standing import standing
from rookery.config import Settings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("check")(check)


def check(
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recount every counter, recompute feeds and search index, and compare; exit 1 where they differ.

    Works beside a running server, whose writers wait for some milliseconds at the beginning.
    """
    settings, key = standing(data, key_file, config)
    with Console(stderr=True).status("opening") as status:
        asyncio.run(_check(settings, key, status.update, as_json))


async def _check(settings: Settings, key: bytes, tell: Callable[[str], None], as_json: bool) -> None:
    async with network(settings, key) as opened:
        found = await opened.engine.compare(tell)
    if as_json:
        print(json.dumps({"differences": found.total, "listed": found.listed, "feeds": found.feeds}))
    else:
        for line in found.listed:
            print(line)
        if found.total > len(found.listed):
            print(f"... and {found.total - len(found.listed)} more")
        print(f"{found.total or 'no'} differences; {found.feeds} feeds compared")
    if found.total:
        raise typer.Exit(1)
