"""`rookery feeds`: the operator's hand on every stored feed."""

import typer

from rookery.cli.options import ConfigOption, DataOption, JsonOption, KeyFileOption
from rookery.cli.rebuilding import rebuild_projection


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    group = typer.Typer(help="Mend every stored feed.", no_args_is_help=True)
    group.callback()(_group)
    group.command("rebuild")(rebuild)
    app.add_typer(group, name="feeds")


def _group() -> None:
    """Keeps `rebuild` a command of the group also while it is the only one."""


def rebuild(
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Throw every stored feed away and make it anew from the truth, also while serving.

    A feed is built when it is next read.
    """
    rebuild_projection("feed", data, key_file, config, as_json)
