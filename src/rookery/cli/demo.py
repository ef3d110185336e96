"""`rookery demo`: serves a lively, made-up network."""

import asyncio
import json
import multiprocessing
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Annotated, Literal

import typer

from rookery.bootstrap import Network, network, prepare
from rookery.cli import server
from rookery.cli.failures import explain
from rookery.cli.life import PASSWORD, Life
from rookery.cli.options import ConfigOption, KeyFileOption, settings_for
from rookery.cli.progress import steps
from rookery.cli.sample import SampleNetwork
from rookery.cli.serve import say
from rookery.config import Settings
from rookery.core.clock import now_ms
from rookery.core.errors import OperatorError
from rookery.keyfile import data_key

TWEETS_AN_ACCOUNT = 20
SUPERVISOR_LOOK_S = 1.0

What = Literal["filled", "found", "foreign"]


@dataclass(frozen=True, slots=True)
class Stage:
    """What the folder holds before it is served: filled just now, found filled by an earlier demo, or data of somebody
    else's. `handle`: whom to sign in as."""

    what: What
    handle: str


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(
    accounts: Annotated[int, typer.Option("--accounts", min=2, max=100_000, help="How many people.")] = 1_000,
    port: Annotated[
        int | None, typer.Option("--port", help="TCP port.  [default: 8000]", show_default=False)
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Data folder.  [default: a temporary one]")
    ] = None,
    key_file: KeyFileOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve a made-up network of people who go on tweeting, in a temporary folder that is gone at the end.

    With --data the folder stays, and the next demo goes on with it. It prints a handle and a password to sign in with.

    Example: rookery demo --port 9000
    """
    signal.signal(signal.SIGTERM, _leave)
    with ExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(TemporaryDirectory(prefix="rookery-demo-")))
            key_file = Path(stack.enter_context(TemporaryDirectory(prefix="rookery-demo-key-"))) / "key"
            keep = False
        else:
            keep = True
        flags = {"server.port": port, "limits.addresses_enabled": False}
        settings = settings_for(data, key_file, config, flags)
        server.check_port(settings.server)
        key = data_key(settings.data, say if keep else lambda line: None)
        prepare(settings, key)
        stage = stack.enter_context(_living(settings, key, accounts))
        server.run(settings, key, lambda: say(_greeting(settings, stage, keep=keep)))


def _leave(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)


@contextmanager
def _living(settings: Settings, key: bytes, accounts: int) -> Iterator[Stage]:
    """A process that fills the folder, and goes on tweeting while the block runs."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_live, args=(settings, key, accounts, theirs), name="rookery-life")
    process.start()
    theirs.close()
    try:
        yield _told(ours)
    finally:
        process.terminate()
        process.join()


def _told(pipe: Connection) -> Stage:
    try:
        told = pipe.recv()
    except EOFError:
        told = "The made-up people could not be brought to life: see the lines above."
    if not isinstance(told, Stage):
        raise OperatorError(str(told))
    return told


def _live(settings: Settings, key: bytes, accounts: int, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor ends this process
    try:
        asyncio.run(_play(settings, key, accounts, pipe))
    except Exception as fault:  # noqa: BLE001 - a sentence instead of a stack trace
        try:
            pipe.send(explain(fault))
        except OSError:
            print(f"rookery: {explain(fault)}", file=sys.stderr)


async def _play(settings: Settings, key: bytes, accounts: int, pipe: Connection) -> None:
    made_ms = now_ms()
    async with network(settings, key) as net:
        first = await _first_handle(net)
        sample = SampleNetwork(
            now_ms=made_ms, accounts=accounts, tweets=0 if first else TWEETS_AN_ACCOUNT * accounts
        )
        handle = sample.accounts[0].handle
        life = Life(net, sample, made_ms)
        if first is None:
            with steps() as shown:
                await life.fill(shown)
            await net.engine.caught_up()
            stage = Stage("filled", handle)
        else:
            own = await net.engine.accounts.by_handle(handle) is not None
            stage = Stage("found" if own else "foreign", handle)
            if own:
                await life.join_again()
        pipe.send(stage)
        if stage.what != "foreign":
            await life.grow()


async def _first_handle(net: Network) -> str | None:
    async for account in net.accounts.operator.accounts():
        return account.handle
    return None


def _greeting(settings: Settings, stage: Stage, *, keep: bool) -> str:
    where = server.url(settings.server)
    body = json.dumps({"handle": stage.handle, "password": PASSWORD})
    lines = [
        f"Rookery serves a made-up network on {where}. Ctrl-C ends it{'' if keep else ' and removes its data'}."
    ]
    if stage.what != "foreign":
        lines += [
            f"Sign in as {stage.handle} with the password: {PASSWORD}",
            f"  curl {where}/account/login -H 'content-type: application/json' -d {shlex.quote(body)}",
        ]
    lines.append("The rate limits per address are off, as this is a demo.")
    return "\n".join(lines)
