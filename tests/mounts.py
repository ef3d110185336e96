"""Small and read-only file systems for tests of faults: real mounts, so they need root (CI has it)."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHUNK = bytes(1 << 16)


class SmallDisk:
    """A file system of its own that can be filled up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leaves no free byte, whatever others free meanwhile."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (len(CHUNK), 512, 1):
                try:
                    while True:
                        file.write(CHUNK[:size])
                except OSError as fault:
                    if fault.errno != errno.ENOSPC:
                        raise

    def make_room(self) -> None:
        """Gives back what `fill` took."""
        self._ballast.unlink()


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """A file system in memory, of this size."""
    folder.mkdir()
    with _mounted("-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "tmpfs", str(folder)):
        yield SmallDisk(folder)


@contextmanager
def read_only(folder: Path, through: Path) -> Iterator[Path]:
    """The folder as a read-only file system shows it."""
    through.mkdir()
    with _mounted("--bind", "-o", "ro", str(folder), str(through)):
        yield through


@contextmanager
def _mounted(*arguments: str) -> Iterator[None]:
    done = subprocess.run(["/bin/mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"needs the right to mount file systems: {done.stderr.strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", "--lazy", arguments[-1]], check=True)
