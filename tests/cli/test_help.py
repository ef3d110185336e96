"""What `--help` teaches."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rookery.cli.commands import app


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, as the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


COMMANDS = list(commands(typer.main.get_command(app)))
ON_CLUSTER = (("work",), ("migrate",), ("gateway", "nginx"), ("plan",))  # have no data folder


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_teaches_itself(words: tuple[str, ...]) -> None:
    """`--help` tells what the command does and each option with its default, as it is written in the code."""
    told = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "300"}).output

    if words != ("gateway", "nginx"):
        assert "[default: ./rookery.toml]" in told
    if words not in ON_CLUSTER:
        assert "Data folder.  [default: " in told
    for line in told.splitlines():
        if line.startswith("│ --"):
            assert line.strip("│ ").endswith((".", "]")), line


def test_every_command_of_the_page_is_there() -> None:
    """The commands are those that docs/api.md lists."""
    assert {
        *(("account", name) for name in ("create", "list", "password", "disable", "enable", "token")),
        *((name,) for name in ("serve", "demo", "load", "check", "backup", "restore", "config")),
        ("feeds", "rebuild"),
        ("search", "rebuild"),
        ("migrate-data",),
        *ON_CLUSTER,
    } == set(COMMANDS)
