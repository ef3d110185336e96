"""`rookery serve`: the network on a data folder."""

from typing import Annotated, Literal

import typer

from rookery.bootstrap import prepare
from rookery.cli import server
from rookery.cli.options import ConfigOption, DataOption, KeyFileOption, settings_for
from rookery.config import Settings
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
        Literal["embedded", "cluster"] | None,
        typer.Option("--engine", help="What keeps the data.  [default: embedded]", show_default=False),
    ] = None,
    services: Annotated[
        str | None,
        typer.Option("--services", metavar="A,B", help="Serve these services alone (cluster engine only)."),
    ] = None,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve the network until Ctrl-C or SIGTERM.

    The embedded engine keeps everything in a folder. The first start makes that, and outside of it the key that
    everything in it is encrypted with. Beyond this machine it serves with TLS, or behind a proxy that is named in
    server.trusted_proxies.

    The cluster engine keeps everything in DynamoDB, Redis and OpenSearch (settings of the section cluster). Without
    --services it runs every service and every worker in this process.

    Example: rookery serve --data ./rookery-data --port 8080

    Example: rookery serve --engine cluster --services tweets,replies
    """
    flags = {
        "server.host": host,
        "server.port": port,
        "server.workers": workers,
        "data.engine": engine,
        "server.services": None if services is None else tuple(services.split(",")),
    }
    settings = settings_for(data, key_file, config, flags)
    server.check_port(settings.server)
    key = data_key(settings.data, say) if settings.data.engine == "embedded" else b""
    prepare(settings, key)
    server.run(settings, key, lambda: say(_greeting(settings)))


def say(line: str) -> None:
    """Prints a line for the operator at once, also into a file."""
    print(line, flush=True)


def _greeting(settings: Settings) -> str:
    processes = "1 process" if settings.server.workers == 1 else f"{settings.server.workers} processes"
    kept = settings.data.dir if settings.data.engine == "embedded" else "the cluster engine"
    what = f"{', '.join(settings.server.services)} on " if settings.server.services else ""
    lines = [f"Rookery serves {what}{server.url(settings.server)} from {kept} ({processes}). Ctrl-C ends it."]
    if not settings.limits.enabled:
        lines.append("Rate limits are off (limits.enabled = false): this is for load tests only.")
    return "\n".join(lines)
