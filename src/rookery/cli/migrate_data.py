"""`rookery migrate-data`: from one machine's data folder to the cluster engine."""

from typing import Annotated

import typer

from rookery.bootstrap import move_data
from rookery.cli.options import ConfigOption, DataOption, KeyFileOption, settings_for
from rookery.cli.progress import steps
from rookery.cli.standing import key_of


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("migrate-data")(migrate_data)


def migrate_data(
    go_on: Annotated[bool, typer.Option("--go-on", help="Go on with a move that was cut off.")] = False,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
) -> None:
    """Move a data folder into the cluster engine, whose tables must be empty or missing.

    Stop the server first, and start nothing on the cluster engine meanwhile. The folder stays as it is. Ids, passwords,
    sessions and keys stay; rate limits begin anew.

    Example: rookery migrate-data --config cluster.toml
    """
    settings = settings_for(data, key_file, config)
    key = key_of(settings)
    with steps() as shown:
        moved = move_data(settings, key, shown.tell, shown.step, go_on=go_on)
    told = ", ".join(f"{name} {count:,}" for name, count in moved.items() if count)
    print(f"moved {settings.data.dir} into the cluster engine: {told or 'it was empty'}")
