"""What stands in a command's way is told in one sentence that says what to do; nothing is damaged."""

import asyncio
import io
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
import typer

from rookery.bootstrap import network
from rookery.cli.commands import app, main
from rookery.config import Data, Settings
from rookery.engines.embedded.connections import Files
from rookery.services.accounts.store import NewAccount
from tests.mounts import read_only, small_disk

KEY = "5e" * 32
OTHER_KEY = "5f" * 32
# Commands on a folder that is there already, with what they need to run.
ON_DATA = {
    "serve": ("serve",),
    "demo": ("demo", "--accounts", "10"),
    "load": ("load", "--graph", "friends.edges"),
    "account create": ("account", "create", "eve"),
    "account list": ("account", "list"),
    "account password": ("account", "password", "ann"),
    "account disable": ("account", "disable", "ann"),
    "account enable": ("account", "enable", "ann"),
    "account token": ("account", "token", "ann"),
    "check": ("check",),
    "feeds rebuild": ("feeds", "rebuild"),
    "search rebuild": ("search", "rebuild"),
    "backup": ("backup", "copy"),
}
MAKING = {"serve", "demo", "load"}  # these start a data folder where there is none
ELSEWHERE = {"restore", "config", "work", "migrate", "migrate-data", "gateway nginx", "plan"}


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Runs commands in this process, in a folder and with a home of their own; `key` is ROOKERY_KEY."""
    for name in [name for name in os.environ if name.startswith(("ROOKERY_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROOKERY_SERVER_METRICS_PORT", "0")
    monkeypatch.chdir(tmp_path)
    Path("friends.edges").write_text("1 2\n")

    def run(*words: str, key: str | None = KEY) -> Ended:
        monkeypatch.setattr(sys, "argv", ["rookery", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery\n"))
        if key is None:
            monkeypatch.delenv("ROOKERY_KEY", raising=False)
        else:
            monkeypatch.setenv("ROOKERY_KEY", key)
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Ended(code, *capsys.readouterr())

    yield run
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an account."""

    async def make(folder: Path) -> None:
        async with network(Settings(data=Data(dir=folder)), bytes.fromhex(KEY)) as net:
            await net.accounts.operator.load(NewAccount("ann", "Ann"), None)
            await net.engine.caught_up()

    folder = tmp_path_factory.mktemp("startup") / "data"
    asyncio.run(make(folder))
    return folder


@pytest.fixture
def data(tmp_path: Path, made: Path, run: Run) -> Path:
    """A copy of that, named `data` in the working folder."""
    del run  # it has changed the working folder
    return shutil.copytree(made, tmp_path / "data")


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Fails where the block changes, makes or removes a database."""
    before = {path: path.read_bytes() for path in folder.glob("*.db")}
    yield
    assert before == {path: path.read_bytes() for path in folder.glob("*.db")}


def told(ended: Ended, *parts: str) -> None:
    """One sentence on standard error, with these parts, and exit code 1."""
    assert (1, "") == (ended.code, ended.out), ended.err
    assert re.fullmatch(r"rookery: [^\n]+\.\n", ended.err), ended.err
    for part in parts:
        assert part in ended.err


def told_of_settings(ended: Ended, *parts: str) -> None:
    """A line for each fault of the settings below the sentence, and exit code 1."""
    assert (1, "") == (ended.code, ended.out), ended.err
    first, *lines = ended.err.splitlines()
    assert "rookery: The settings cannot be used; mend them and start again:" == first
    assert len(parts) == len(lines), lines
    for part, line in zip(parts, lines, strict=True):
        assert part in line


each_command = pytest.mark.parametrize("words", ON_DATA.values(), ids=ON_DATA.keys())


def test_every_command_is_tried() -> None:
    """A new command is put under the faults below, or named as one that needs no data folder."""

    def names(group: typer.core.TyperGroup, path: str = "") -> Iterator[str]:
        for name, command in group.commands.items():
            if isinstance(command, typer.core.TyperGroup):
                yield from names(command, f"{path}{name} ")
            else:
                yield f"{path}{name}"

    commands = typer.main.get_command(app)
    assert isinstance(commands, typer.core.TyperGroup)
    assert {*ON_DATA, *ELSEWHERE} == set(names(commands))


@each_command
def test_another_key(run: Run, data: Path, words: tuple[str, ...]) -> None:
    """A key that is not the folder's opens nothing and changes nothing."""
    with unchanged(data):
        told(run(*words, "--data", "data", key=OTHER_KEY), "The key does not open", "give the key")


@each_command
def test_no_key(run: Run, data: Path, words: tuple[str, ...]) -> None:
    """Where the key file is gone no new key is made: it would open nothing."""
    with unchanged(data):
        told(run(*words, "--data", "data", key=None), "its key is not at", "put your copy of the key there")
    assert not Path("home").exists()


@each_command
def test_a_key_file_that_holds_something_else(run: Run, data: Path, words: tuple[str, ...]) -> None:
    """A damaged key file is told of, and left as it is."""
    Path("key").write_text("5e" * 31)
    Path("key").chmod(0o600)
    with unchanged(data):
        told(
            run(*words, "--data", "data", "--key-file", "key", key=None), "holds no data key", "put your copy"
        )
    assert "5e" * 31 == Path("key").read_text()


def test_a_key_of_the_wrong_length_in_the_environment(run: Run, data: Path) -> None:
    """A long run of hexadecimal digits is meant as the key, and must have 64; it is not repeated."""
    ended = run("check", "--data", "data", key=KEY[:-2])

    told_of_settings(ended, "ROOKERY_KEY must have 64 hexadecimal digits, not 62")
    assert KEY[:40] not in ended.err


@each_command
def test_data_of_a_newer_version(run: Run, data: Path, words: tuple[str, ...]) -> None:
    """A folder that a newer Rookery wrote is refused, and left as it is."""
    connection = Files(data, bytes.fromhex(KEY)).connect("core")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with unchanged(data):
        told(run(*words, "--data", "data"), "has schema version 99", "use the newer Rookery")


@each_command
def test_a_read_only_file_system(run: Run, data: Path, words: tuple[str, ...]) -> None:
    """On a file system that takes no writes the sentence names the file and says to make it writable."""
    with read_only(data, Path("mirror").absolute()):
        told(run(*words, "--data", "mirror"), "Cannot use", "core.db", "make the folder writable")


@each_command
def test_no_data_folder(run: Run, words: tuple[str, ...]) -> None:
    """Commands that look at data or mend it say that there is none, and make none."""
    if words[0] not in MAKING:
        told(run(*words, "--data", "data"), "There is no data in", "name the data folder with --data")
        assert not Path("data").exists()


@each_command
def test_a_file_for_a_data_folder(run: Run, words: tuple[str, ...]) -> None:
    """A file in the place of the data folder is left alone."""
    Path("data").write_text("mine")
    told(run(*words, "--data", "data"), "--data")
    assert "mine" == Path("data").read_text()


@pytest.mark.parametrize("words", [("serve",), ("demo",)], ids=["serve", "demo"])
def test_a_port_in_use(run: Run, words: tuple[str, ...]) -> None:
    """Somebody else's port is told before anything is made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told(
            run(*words, "--data", "data", "--port", port),
            f"port {port}",
            "in use",
            "name another with --port",
        )
    assert not Path("data").exists()


def test_a_port_of_the_metrics_in_use(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for the port of the metrics."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("ROOKERY_SERVER_METRICS_PORT", str(taken.getsockname()[1]))
        told(
            run("serve", "--data", "data"),
            "Cannot serve metrics on port",
            "set server.metrics_port to another",
        )


def test_certificates_that_are_missing_or_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault of the TLS files is named; beyond loopback without TLS nothing is served."""
    monkeypatch.setenv("ROOKERY_SERVER_TLS_CERT", "chain.pem")
    told_of_settings(run("serve"), "server.tls_key is missing", "server.tls_cert there is no file")
    monkeypatch.setenv("ROOKERY_SERVER_TLS_KEY", "key.pem")
    told_of_settings(run("serve"), "server.tls_cert there is no file", "server.tls_key there is no file")
    monkeypatch.delenv("ROOKERY_SERVER_TLS_CERT")
    monkeypatch.delenv("ROOKERY_SERVER_TLS_KEY")
    told_of_settings(run("serve", "--host", "0.0.0.0"), "server.host 0.0.0.0 is beyond loopback")
    assert not Path("rookery-data").exists()


def test_a_certificate_that_is_none(data: Path) -> None:
    """Files that hold no certificate are told of with their names."""
    Path("pem").write_text("no certificate")
    told(
        outside(
            "serve",
            "--data",
            "data",
            ROOKERY_SERVER_TLS_CERT="pem",
            ROOKERY_SERVER_TLS_KEY="pem",
            ROOKERY_KEY=KEY,
        ),
        "are no certificate with its key",
    )


def test_files_without_the_right_to_use_them(data: Path) -> None:
    """A key, a settings file or a data folder whose mode refuses: the sentence names it. (Root, who may everything,
    runs the command without that privilege.)"""
    Path("key").write_text(KEY)
    Path("key").chmod(0o000)
    told(
        outside("check", "--data", "data", "--key-file", "key"),
        "key: Permission denied",
        "give yourself the right",
    )
    Path("rookery.toml").touch(0o000)
    ended = outside("check", "--data", "data")
    told_of_settings(ended, "rookery.toml cannot be read: Permission denied")
    Path("rookery.toml").unlink()
    data.chmod(0o500)
    told(outside("serve", "--data", "data", ROOKERY_KEY=KEY), "Cannot use", "make the folder writable")
    told(outside("serve", "--data", "data/below", ROOKERY_KEY=KEY), "data/below (Permission denied)")
    told(
        outside("restore", "friends.edges", "--data", "data/below", ROOKERY_KEY=KEY),
        "data/below: Permission denied",
    )


def outside(*words: str, **settings: str) -> Ended:
    """Runs a command in a process of its own, which obeys the modes of files."""
    obeying = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*obeying, sys.executable, "-m", "rookery", *words],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_a_backup_into_something_that_is_there(run: Run, data: Path) -> None:
    """A backup overwrites nothing, and leaves nothing where it cannot be written."""
    Path("copy").write_text("mine")
    told(run("backup", "copy", "--data", "data"), "copy exists already: name a new file")
    assert "mine" == Path("copy").read_text()
    told(run("backup", "nowhere/copy", "--data", "data"), "There is no folder nowhere")
    told(run("backup", "copy/copy", "--data", "data"), "There is no folder copy")
    with small_disk(Path("disk").absolute(), 1) as disk:
        disk.fill()
        told(run("backup", "disk/copy", "--data", "data"), "is full: free some space")
        assert [disk.folder / "ballast"] == list(disk.folder.iterdir())


def test_a_restore_of_what_is_no_backup(run: Run, data: Path) -> None:
    """What is truncated, tampered with, of another key or no backup makes no data folder."""
    assert 0 == run("backup", "copy", "--data", "data").code
    whole = Path("copy").read_bytes()
    middle = len(whole) // 2
    for name, content, sentence in (
        ("short", whole[:middle], "short is damaged: take another copy"),
        ("uneven", whole[: middle + 1], "uneven is damaged: take another copy"),
        (
            "tampered",
            whole[:middle] + bytes(9) + whole[middle + 9 :],
            "tampered is damaged: take another copy",
        ),
        ("head", whole[:16] + bytes(9) + whole[25:], "The key does not open head, or it is no backup"),
        ("empty", b"", "empty is no backup"),
        ("text", b"hello", "The key does not open text, or it is no backup"),
    ):
        Path(name).write_bytes(content)
        told(run("restore", name, "--data", "made"), sentence)
        assert not Path("made").exists()
    told(run("restore", "copy", "--data", "made", key=OTHER_KEY), "The key does not open copy")
    told(run("restore", "copy", "--data", "made", key=None), "The backup's key is not at")
    told(run("restore", "nothing", "--data", "made"), "nothing: No such file or directory; check the name")
    told(run("restore", ".", "--data", "made"), "Is a directory; name a file")
    assert not Path("made").exists()
    Path("made").mkdir()
    told(run("restore", "short", "--data", "made"), "short is damaged")
    assert [] == list(Path("made").iterdir())


def test_a_restore_into_something_that_is_there(run: Run, data: Path) -> None:
    """A restore touches no folder that holds anything, and no file."""
    assert 0 == run("backup", "copy", "--data", "data").code
    with unchanged(data):
        told(run("restore", "copy", "--data", "data"), "is not empty: name a new or empty folder")
    told(run("restore", "copy", "--data", "copy"), "copy: Not a directory; name a folder")
    with read_only(data, Path("mirror").absolute()):
        told(
            run("restore", "copy", "--data", "mirror/new"), "Read-only file system; make the folder writable"
        )
    assert 0 == run("restore", "copy", "--data", "made").code
    assert 0 == run("check", "--data", "made").code


def test_the_place_of_the_key_cannot_be_written(run: Run) -> None:
    """Where the first start cannot keep its key it makes no data."""
    Path("home").write_text("no folder")
    told(run("serve", "--data", "data", key=None), "home", "Not a directory; name a folder")
    assert not Path("data").exists()


@pytest.mark.parametrize(
    "words",
    [("nonsense",), ("restore",), ("check", "more"), ("serve", "--port", "x"), ("feeds", "burn")],
    ids=str,
)
def test_a_misused_command(run: Run, words: tuple[str, ...]) -> None:
    """What is no command, or lacks or has an argument too much, ends with 2 and says how it is used."""
    ended = run(*words)

    assert (2, "") == (ended.code, ended.out)
    assert "Usage: " in ended.err
    assert "Traceback" not in ended.err
