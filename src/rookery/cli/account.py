"""`rookery account`: the operator's hand on accounts."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from rookery.bootstrap import network
from rookery.cli.options import ConfigOption, DataOption, JsonOption, KeyFileOption
from rookery.cli.standing import standing
from rookery.core.errors import OperatorError
from rookery.services.accounts.operator import Operator

T = TypeVar("T")

HandleArgument = Annotated[str, typer.Argument(metavar="HANDLE", help="With or without @, in any case.")]


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    group = typer.Typer(help="Make and mend accounts, also while serving.", no_args_is_help=True)
    for command in (create, password, disable, enable, token):
        group.command()(command)
    group.command("list")(list_accounts)
    app.add_typer(group, name="account")


def create(
    handle: HandleArgument,
    name: Annotated[
        str | None, typer.Option("--name", help="Shown name.  [default: the handle]", show_default=False)
    ] = None,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account, without the limits of a sign-up.

    The password is asked for; where no terminal is there, it is the first line of standard input:

    Example: rookery account create ann --name "Ann" < password.txt
    """
    handle = handle.removeprefix("@")
    secret = _password()
    made = _act(data, key_file, config, lambda operator: operator.create(handle, name or handle, secret))
    print(json.dumps({"userId": str(made), "handle": handle}) if as_json else f"made @{handle}")


def list_accounts(
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every account that is not deleted, by handle."""
    rows = _act(data, key_file, config, _rows)
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table("Handle", "Name", "userId", "State")
    for row in rows:
        table.add_row(f"@{row['handle']}", str(row["name"]), str(row["userId"]), _state(row))
    Console(markup=False, highlight=False).print(table)


def password(
    handle: HandleArgument,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
) -> None:
    """Set a new password for somebody who lost theirs; ends every session of the account.

    The password is asked for; where no terminal is there, it is the first line of standard input.
    """
    secret = _password()
    _act(data, key_file, config, lambda operator: operator.set_password(handle, secret))
    print(f"@{handle.removeprefix('@')} has a new password, and its sessions have ended")


def disable(
    handle: HandleArgument,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
) -> None:
    """Hide an account and all that it wrote, at once, and end its sessions; `enable` undoes it."""
    _act(data, key_file, config, lambda operator: operator.disable(handle))
    print(f"@{handle.removeprefix('@')} is disabled")


def enable(
    handle: HandleArgument,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
) -> None:
    """Show a disabled account again."""
    _act(data, key_file, config, lambda operator: operator.enable(handle))
    print(f"@{handle.removeprefix('@')} is enabled")


def token(
    handle: HandleArgument,
    data: DataOption = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
) -> None:
    """Print a new session token, alone, for a script. It is a key to the account: treat it as one.

    Example: curl http://127.0.0.1:8000/feed/ -H "Authorization: Bearer $(rookery account token ann)"
    """
    print(_act(data, key_file, config, lambda operator: operator.token(handle)))


def _act(
    data: Path | None, key_file: Path | None, config: Path | None, act: Callable[[Operator], Awaitable[T]]
) -> T:
    """What the operator does on the data folder; a running server takes up what follows from it."""
    settings, key = standing(data, key_file, config)

    async def run() -> T:
        async with network(settings, key, works=False) as opened:
            return await act(opened.accounts.operator)

    return asyncio.run(run())


async def _rows(operator: Operator) -> list[dict[str, object]]:
    return [
        {
            "userId": str(account.user_id),
            "handle": account.handle,
            "name": account.name,
            "protected": account.protected,
            "state": account.state.name.lower(),
        }
        async for account in operator.accounts()
    ]


def _state(row: dict[str, object]) -> str:
    return f"{row['state']}, protected" if row["protected"] else str(row["state"])


def _password() -> str:
    """A password as it was typed, twice, or the first line of standard input. Raises OperatorError."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise OperatorError(
            "No password was given: type it at a terminal, or send it as a line of standard input."
        )
    return given
