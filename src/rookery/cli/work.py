"""`rookery work`: the workers of the cluster engine, and `rookery migrate`: its tables and indices."""

import asyncio
import signal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from rookery.bootstrap import WORKERS, make_ready, working
from rookery.cli.options import ConfigOption, settings_for
from rookery.cli.serve import say
from rookery.config import Settings
from rookery.core.errors import OperatorError
from rookery.gateway.exposition import start_metrics

_ON_CLUSTER = {"data.engine": "cluster"}


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("work")(work)
    app.command("migrate")(migrate)


def work(
    names: Annotated[list[str], typer.Argument(metavar="WORKER...", help=f"{', '.join(WORKERS)}, or all.")],
    config: ConfigOption = None,
) -> None:
    """Run workers of the cluster engine until Ctrl-C or SIGTERM; any number of processes of each.

    feed fans tweets out, search keeps the index, counts folds counters, upkeep sweeps what was deleted, sweeper finds
    what was never told (one process of it does the work, the others stand by).

    While they work, http://127.0.0.1:9464 (server.metrics_port) answers /metrics, /livez and /readyz.

    Example: rookery work feed search counts
    """
    chosen = WORKERS if names == ["all"] else tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in WORKERS:
            raise OperatorError(f"There is no worker {name}: name some of {', '.join(WORKERS)}, or all.")
    settings = settings_for(None, None, config, _ON_CLUSTER)
    with TemporaryDirectory(prefix="rookery-metrics-") as folder:
        if settings.server.metrics_port:
            start_metrics(settings.server.metrics_host, settings.server.metrics_port, Path(folder))
        asyncio.run(_work(settings, chosen, Path(folder)))


async def _work(settings: Settings, names: tuple[str, ...], metrics_folder: Path) -> None:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    async with working(settings, names, metrics_folder):
        say(f"Rookery works: {', '.join(names)}. Ctrl-C ends it.")
        await asked.wait()


def migrate(config: ConfigOption = None) -> None:
    """Make the tables and indices of the cluster engine that are missing; safe beside whatever serves.

    Example: rookery migrate --config cluster.toml
    """
    make_ready(settings_for(None, None, config, _ON_CLUSTER), say)
