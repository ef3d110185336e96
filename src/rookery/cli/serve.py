"""`rookery serve`: the network on a data folder."""

from typing import Annotated, Literal

import typer

from rookery.bootstrap import prepare
from rookery.cli import server
from rookery.cli.options import ConfigOption, DataOption, KeyFileOption, settings_for
from rookery.config import Settings
from rookery.core.errors import OperatorError
from rookery.keyfile import data_key


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve")(serve)


def serve(
    host: Annotated[
        str | None,
        typer.Option("--host", help="Address to listen on.  [default: 127.0.0.1]", show_default=False),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="TCP port.  [default: 8000]", show_default=False)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", help="Server processes on the same data.  [default: 1]", show_default=False
        ),
    ] = None,
    engine: Annotated[
        Literal["embedded", "cluster"], typer.Option("--engine", help="What keeps the data.")
    ] = "embedded",
    services: Annotated[
        str | None,
        typer.Option("--services", metavar="A,B", help="Serve these services alone (cluster engine only)."),
    ] = None,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve the network until Ctrl-C or SIGTERM.

    The first start makes the data folder, and outside of it the key that everything in it is encrypted with. Beyond
    this machine it serves with TLS, or behind a proxy that is named in server.trusted_proxies.

    Example: rookery serve --data ./rookery-data --port 8080
    """
    _check_engine(engine, services)
    flags = {"server.host": host, "server.port": port, "server.workers": workers}
    settings = settings_for(data, key_file, config, flags)
    server.check_port(settings.server)
    key = data_key(settings.data, say)
    prepare(settings, key)
    server.run(settings, key, lambda: say(_greeting(settings)))


def say(line: str) -> None:
    """Prints a line for the operator at once, also into a file."""
    print(line, flush=True)


def _check_engine(engine: str, services: str | None) -> None:
    if engine != "embedded":
        raise OperatorError(
            f"This Rookery has no {engine} engine: leave --engine out to use the embedded one."
        )
    if services is not None:
        raise OperatorError("The embedded engine runs all services in one process: leave --services out.")


def _greeting(settings: Settings) -> str:
    processes = "1 process" if settings.server.workers == 1 else f"{settings.server.workers} processes"
    lines = [
        f"Rookery serves {server.url(settings.server)} from {settings.data.dir} ({processes}). Ctrl-C ends it."
    ]
    if not settings.limits.enabled:
        lines.append("Rate limits are off (limits.enabled = false): this is for load tests only.")
    return "\n".join(lines)
