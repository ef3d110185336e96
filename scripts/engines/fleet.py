"""The engines of a folder, one of each kind, shared by all who work there: a person, every process of a test run."""

import fcntl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from scripts.engines.bundles import Say
from scripts.engines.engine import Engine
from scripts.engines.kinds import DEFAULT, KINDS
from scripts.engines.machine import Missing, require

FOLDER = Path(__file__).parent.parent.parent / ".engines"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "rookery",
    "AWS_SECRET_ACCESS_KEY": "rookery",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""DynamoDB Local takes any; its clients insist on some."""


def quiet(_: str) -> None:
    """Tells nobody."""


def fetch(names: Iterable[str] = DEFAULT, say: Say = quiet) -> None:
    """Fetches, once a machine, what engines need. Raises Missing before anything else, EngineError where it fails."""
    kinds = [KINDS[name] for name in names]
    require(tool for kind in kinds for tool in kind.tools)
    for kind in kinds:
        kind.fetch(say)


def lacking(names: Iterable[str] = DEFAULT) -> str | None:
    """What keeps engines from starting, a program to install or a fetch, as a sentence; None where nothing does."""
    kinds = [KINDS[name] for name in names]
    try:
        require(tool for kind in kinds for tool in kind.tools)
    except Missing as missing:
        return str(missing)
    if all(kind.fetched for kind in kinds):
        return None
    return f"The engines are not fetched yet: run `make engines ENGINES='{' '.join(KINDS)}'` once."


class Fleet:
    """The engines in a folder, by default the project's `.engines`. `keep` as in Engine, for those that it starts."""

    def __init__(self, folder: Path = FOLDER, *, keep: bool = False) -> None:
        self.folder = folder
        self.engines: Mapping[str, Engine] = {
            name: Engine(kind, folder / name, keep=keep) for name, kind in KINDS.items()
        }

    @property
    def env(self) -> Path:
        """The file that points Rookery at the running engines: `set -a; . .engines/env`."""
        return self.folder / "env"

    def running(self) -> list[Engine]:
        """Those whose process is there."""
        return [engine for engine in self.engines.values() if engine.running]

    def start(self, names: Iterable[str] = DEFAULT, say: Say = quiet) -> dict[str, Engine]:
        """Engines that are ready, fetched and started where they are not, until `stop`. Raises EngineError."""
        with self._locked():
            started = self._ready(list(names), say)
            with self._leases() as leases:
                _write(leases, [name for name in _read(leases) if name not in started])
        return started

    def stop(self, say: Say = quiet) -> None:
        """Ends all that run, half-started ones too."""
        with self._locked():
            for engine in self.running():
                engine.stop()
                say(f"{engine.kind.title} stopped")
            self._write_env()

    @contextmanager
    def lease(self, names: Iterable[str] = DEFAULT, say: Say = quiet) -> Iterator[dict[str, Engine]]:
        """Engines that are ready for as long as the block runs.

        Those that run are used. Those that a lease starts end with the last lease, of whichever process, unless
        `start` has taken them over. Raises EngineError.
        """
        chosen = list(names)
        with self._leases() as leases:
            with self._locked():
                stopped = [name for name in chosen if not self.engines[name].running]
                leased = self._ready(chosen, say)
                fcntl.flock(leases, fcntl.LOCK_SH)
                _write(leases, [*_read(leases), *stopped])
            try:
                yield leased
            finally:
                with self._locked():
                    self._end_leased(leases, say)

    def environment(self) -> dict[str, str]:
        """The variables that point Rookery, and the clients that it uses, at the running engines."""
        urls = {engine.kind.variable: engine.url for engine in self.running()}
        return urls | CREDENTIALS if urls else {}

    def _ready(self, names: list[str], say: Say) -> dict[str, Engine]:
        """Starts all that do not run at once, then waits for each; where one fails the new ones end again."""
        chosen = {name: self.engines[name] for name in names}
        new = [engine for engine in chosen.values() if not engine.running]
        fetch([engine.kind.name for engine in new], say)
        begun = time.monotonic()
        try:
            for engine in new:
                engine.spawn()
                say(f"{engine.kind.title} starting, log in {engine.log}")
            for engine in chosen.values():
                engine.wait()
                how = f"after {time.monotonic() - begun:.1f} s" if engine in new else "as before"
                say(f"{engine.kind.title} ready at {engine.url} {how}")
        except BaseException:
            for engine in new:
                engine.kill()
            raise
        finally:
            self._write_env()
        return chosen

    def _end_leased(self, leases: IO[str], say: Say) -> None:
        """Ends what leases started, where no other lease holds on."""
        fcntl.flock(leases, fcntl.LOCK_UN)
        try:
            fcntl.flock(leases, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for name in _read(leases):
            self.engines[name].stop()
            say(f"{self.engines[name].kind.title} stopped")
        _write(leases, [])
        self._write_env()

    def _write_env(self) -> None:
        variables = self.environment()
        if variables:
            self.env.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        else:
            self.env.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time starts or ends engines, over all processes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _leases(self) -> Iterator[IO[str]]:
        """The names of engines that leases have started; everyone with a lease has the file locked, shared."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "leases").open("a+") as leases:
            yield leases


def _read(leases: IO[str]) -> list[str]:
    leases.seek(0)
    return leases.read().split()


def _write(leases: IO[str], names: Iterable[str]) -> None:
    leases.truncate(0)
    leases.write(" ".join(dict.fromkeys(names)))
    leases.flush()
