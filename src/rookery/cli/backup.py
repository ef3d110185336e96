"""`rookery backup` and `rookery restore`: a copy of the truth in one file, encrypted with the folder's key."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rookery.bootstrap import back_up_to, restore_from
from rookery.cli.options import ConfigOption, DataOption, JsonOption, KeyFileOption, settings_for
from rookery.cli.standing import announce, standing
from rookery.core.errors import OperatorError
from rookery.keyfile import data_key

_MIB = 1 << 20

TargetArgument = Annotated[Path, typer.Argument(metavar="FILE", help="New file to write.", readable=False)]
SourceArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="File that `rookery backup` wrote.", readable=False)
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    file: TargetArgument,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a consistent copy of everything, also while serving.

    It is encrypted with the folder's key: keep a copy of the key, too. An existing file is never overwritten.
    """
    settings, key = standing(data, key_file, config)
    with Console(stderr=True).status("copying") as status:
        size = back_up_to(
            settings, key, file, lambda done, of: status.update(f"copying: {100 * done // of}%")
        )
    print(json.dumps({"bytes": size}) if as_json else f"wrote {file}, {size / _MIB:.1f} MiB")


def restore(
    file: SourceArgument,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a new data folder from a backup; refuses a folder that is not empty.

    Feeds and search index make themselves anew at the next start.
    """
    settings = settings_for(data, key_file, config)
    if not settings.data.key and not settings.data.key_file.exists():
        raise OperatorError(
            f"The backup's key is not at {settings.data.key_file}: put your copy of the key there, or name it with"
            " --key-file or ROOKERY_KEY."
        )
    with Console(stderr=True).status("restoring"):
        restore_from(settings, data_key(settings.data, announce), file)
    print(f"restored {settings.data.dir}")
