"""One engine in a folder of its own: started, stopped, killed, started again.

The engine's process inherits a locked file, `running`, with its process id. The lock is there for as long as the
process, however that ends, so a file left behind is noticed, and a process id that went to another is not signalled.
"""

import errno
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from scripts.engines import wire
from scripts.engines.kinds import Kind
from scripts.engines.machine import EngineError

START_S_MAX = 90.0
STOP_S_MAX = 20.0
_LOOK_S = 0.05
_CLAIM_S_MAX = 1.0
_LOG_LINES = 3
_PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections: an engine that comes back finds its port free."""


class Engine:
    """An engine of a kind. `keep`: what it holds outlives its process; else it begins empty at every start.

    `folder` has its log (`log`), its `data`, and its `port`, which stays the same over starts unless another took it.
    """

    def __init__(self, kind: Kind, folder: Path, *, keep: bool = False) -> None:
        self.kind = kind
        self.folder = folder
        self.keep = keep
        self.log = folder / "log"
        self._lock = folder / "running"
        self._port = folder / "port"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1. Raises EngineError before the first start."""
        try:
            return int(self._port.read_text())
        except (FileNotFoundError, ValueError):
            raise EngineError(f"{self.kind.title} in {self.folder} was never started: start it.") from None

    @property
    def url(self) -> str:
        """What its clients are given. Raises EngineError before the first start."""
        return self.kind.url(self.port)

    @property
    def running(self) -> bool:
        """Whether its process is there, ready or not."""
        try:
            with self._lock.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    @property
    def pid(self) -> int | None:
        """The id of its process, None where it does not run."""
        return int(self._lock.read_text()) if self.running else None

    def start(self) -> None:
        """Starts it, unless it runs, and waits until it is ready. Raises EngineError."""
        self.spawn()
        self.wait()

    def spawn(self) -> None:
        """Starts its process, unless it runs. Raises EngineError where it cannot be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as lock:
            if not _claimed(lock):
                return
            lock.truncate(0)
            if not self.keep:
                shutil.rmtree(self.folder / "data", ignore_errors=True)
            (self.folder / "data").mkdir(exist_ok=True)
            port = self._chosen_port()
            command = self.kind.command(self.folder, port, keep=self.keep)
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(
                    command,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=[lock.fileno()],
                )
            self._port.write_text(str(port))
            lock.write(str(self._process.pid))

    def wait(self) -> None:
        """Waits until it is ready. Raises EngineError where its process ended or it takes too long."""
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            with suppress(OSError):
                if self.kind.ready(self.port):
                    return
            if not self.running:
                raise EngineError(f"{self.kind.title} ended while it started: {self._last_words()}")
            time.sleep(_LOOK_S)
        raise EngineError(f"{self.kind.title} was not ready after {START_S_MAX:.0f} s: {self._last_words()}")

    def stop(self) -> None:
        """Ends it as an operator would, if it runs; by force where it takes longer than STOP_S_MAX."""
        self._end(signal.SIGTERM, STOP_S_MAX)
        self.kill()

    def kill(self) -> None:
        """Ends it at once, as kill -9 does. Raises EngineError where even that does not help."""
        self._end(signal.SIGKILL, STOP_S_MAX)
        if self.running:
            raise EngineError(f"{self.kind.title} (process {self.pid}) cannot be ended: end it by hand.")

    def _end(self, how: signal.Signals, within_s: float) -> None:
        pid = self.pid
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(pid, how)
        deadline = time.monotonic() + within_s
        while self.running and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        if self._process is not None and not self.running:
            self._process.wait()

    def _chosen_port(self) -> int:
        """That of the last start where it is still free, else another."""
        with suppress(EngineError):
            if _is_free(self.port):
                return self.port
        while not _is_free(port := secrets.choice(_PORTS)):
            pass
        return port

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()[-_LOG_LINES:]
        return f"see {self.log}, which ends with: {' / '.join(lines) or 'nothing'}"


def _claimed(lock: IO[str]) -> bool:
    """Takes the lock, unless an engine has it. One who only looks has it too, for a moment."""
    deadline = time.monotonic() + _CLAIM_S_MAX
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_S)
        else:
            return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((wire.HOST, port))
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE:
                raise
            return False
    return True
