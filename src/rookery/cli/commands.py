"""The commands: one module a command group, each with a `register(app)`, put together here."""

import sys
from typing import Annotated

import typer

import rookery
from rookery.cli import (
    account,
    backup,
    check,
    config,
    demo,
    feeds,
    gateway,
    load,
    migrate_data,
    plan,
    search,
    serve,
    work,
)
from rookery.cli.failures import explain

GROUPS = (serve, demo, load, account, check, feeds, search, backup, config, gateway, work, migrate_data, plan)

app = typer.Typer(
    name="rookery",
    help="A Twitter-like network that starts with one command on a laptop and is built to grow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in GROUPS:
    group.register(app)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"rookery {rookery.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Runs the command line; exits 0, or 1 after a failure (one sentence on stderr), or 2 where it is misused."""
    try:
        app()
    except Exception as failure:
        print(f"rookery: {explain(failure)}", file=sys.stderr)
        sys.exit(1)
