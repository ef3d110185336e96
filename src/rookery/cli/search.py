"""`rookery search`: the operator's hand on the search index."""

import typer

from rookery.cli.options import ConfigOption, DataOption, JsonOption, KeyFileOption
from rookery.cli.rebuilding import rebuild_projection


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    group = typer.Typer(help="Mend the search index.", no_args_is_help=True)
    group.callback()(_group)
    group.command("rebuild")(rebuild)
    app.add_typer(group, name="search")


def _group() -> None:
    """Keeps `rebuild` a command of the group also while it is the only one."""


def rebuild(
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Throw the search index away and make it anew from the truth, also while serving.

    Searches use the old index until the new one is whole.
    """
    rebuild_projection("search", data, key_file, config, as_json)
