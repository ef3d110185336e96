"""The options that every command takes, and how they become settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from rookery.config import NO_FLAGS, Settings, load

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Data folder.  [default: ./rookery-data]",
        show_default=False,
        readable=False,  # whoever reads it says better what to do
    ),
]
KeyFileOption = Annotated[
    Path | None,
    typer.Option(
        "--key-file", metavar="FILE", help="File with the data key.", show_default=False, readable=False
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings file.  [default: ./rookery.toml]",
        show_default=False,
        readable=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def settings_for(
    data: Path | None, key_file: Path | None, config: Path | None, flags: Mapping[str, object] = NO_FLAGS
) -> Settings:
    """The settings of a command: its common options and its own `flags` (`{"server.port": port}`, None: not given).

    Raises ConfigError.
    """
    return load(common_flags(data, key_file) | dict(flags), file=config)


def common_flags(data: Path | None, key_file: Path | None) -> dict[str, object]:
    """The flags that every command has, by the key of their setting."""
    return {"data.dir": data, "data.key_file": key_file}
