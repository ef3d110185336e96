"""The write lock between the processes on one data folder, given in the order of asking.

A writer takes the turn lock and then the write lock, and gives the turn back before it works: whoever waits for the
turn goes next, so nobody starves.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rookery.core.errors import OperatorError


class WriteLock:
    """One user of a data folder's write lock."""

    def __init__(self, folder: Path) -> None:
        self._turn = os.open(folder / "turn.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._write = os.open(folder / "write.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits for the lock; nobody else writes core.db inside."""
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._write, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._write, fcntl.LOCK_UN)

    def close(self) -> None:
        """Gives the files back."""
        os.close(self._turn)
        os.close(self._write)


def upkeep_lock(folder: Path) -> int:
    """The file that a process locks while it does what follows writes, as one process of a running server does."""
    return os.open(folder / "upkeep.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def at_rest(folder: Path) -> Iterator[None]:
    """Nobody serves from a data folder inside, and nobody writes. Raises OperatorError where somebody serves."""
    upkeep, write = upkeep_lock(folder), WriteLock(folder)
    try:
        try:
            fcntl.flock(upkeep, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperatorError(f"Rookery runs on {folder}: stop it first.") from None
        with write.held():
            yield
    finally:
        write.close()
        os.close(upkeep)
