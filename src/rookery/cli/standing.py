"""A network that is already there: what commands need that look at one or mend it."""

from pathlib import Path

import typer

from rookery.cli.options import settings_for
from rookery.config import Settings
from rookery.core.errors import OperatorError
from rookery.keyfile import TRUTH, data_key


def standing(data: Path | None, key_file: Path | None, config: Path | None) -> tuple[Settings, bytes]:
    """The settings and the key of a data folder, or of the cluster engine, which has none. Raises OperatorError where
    there is no folder, or ConfigError."""
    settings = settings_for(data, key_file, config)
    if settings.data.engine == "cluster":
        return settings, b""
    return settings, key_of(settings)


def key_of(settings: Settings) -> bytes:
    """The key of a data folder. Raises OperatorError where there is no folder."""
    if not (settings.data.dir / TRUTH).exists():
        raise OperatorError(
            f"There is no data in {settings.data.dir}: name the data folder with --data, or start one with"
            " `rookery serve`."
        )
    return data_key(settings.data, announce)


def announce(sentence: str) -> None:
    """Tells the operator something beside the results."""
    typer.echo(sentence, err=True)
