"""`rookery config`: every setting, its value, where that came from, its doc."""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from rookery.cli.options import ConfigOption, DataOption, JsonOption, KeyFileOption, common_flags
from rookery.config import Configuration, Setting, catalogue, configuration
from rookery.config.values import shown

FILE_COLUMNS = 160  # the width where no terminal says one


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("config")(config)


def config(
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every setting, its value, where that came from, and its doc."""
    found = configuration(common_flags(data, key_file), file=config)
    if as_json:
        print(json.dumps({key: _row(setting, found) for key, setting in catalogue().items()}, indent=2))
        return
    table = Table("Setting", "Value", "From", "What it is")
    for setting in catalogue().values():
        row = _row(setting, found)
        style = None if row["from"] == "default" else "bold"
        table.add_row(
            setting.key, shown(setting, _value(setting, found)), str(row["from"]), setting.doc, style=style
        )
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = FILE_COLUMNS
    console.print(table)


def _value(setting: Setting, found: Configuration) -> object:
    return getattr(getattr(found.settings, setting.section), setting.name)


def _row(setting: Setting, found: Configuration) -> dict[str, object]:
    value = _value(setting, found)
    if setting.secret:
        value = shown(setting, value)
    elif isinstance(value, Path):
        value = str(value)
    return {
        "value": value,
        "from": found.origins[setting.key],
        "variable": setting.variable,
        "doc": setting.doc,
    }
