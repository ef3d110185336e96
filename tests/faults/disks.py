"""Disks that fail, as SQLite VFSes in Python below the encrypting one: one that loses power, one that fills up."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

SECTOR_BYTES = 512  # what a disk writes whole or not at all

_names = itertools.count()


@dataclass(frozen=True, slots=True)
class Write:
    """What one write, or truncation, put in the place of what."""

    offset: int
    before: bytes
    after: bytes
    size_before: int
    size_after: int


class PowerDisk:
    """A disk with a cache: what was written and not yet synced is lost, or kept in part, when the power fails."""

    def __init__(self) -> None:
        self.vfs, self._registered = _register(lambda name, flags: _PowerFile(self, name, flags))
        self.lock = threading.RLock()
        self.unsynced: dict[str, list[Write]] = {}

    def image(self, folder: Path, into: Path, survives: Callable[[], bool]) -> None:
        """Copies the folder as a failure of the power at this moment would leave it. Of the writes that no sync
        followed, those sectors are kept for which `survives` says so: a disk writes them in any order."""
        into.mkdir()
        with self.lock:
            for path in folder.iterdir():
                if not path.name.endswith(("-shm", ".lock")):  # made anew at the next opening
                    content = _after_failure(path, self.unsynced.get(str(path), []), survives)
                    (into / path.name).write_bytes(content)


def _after_failure(path: Path, unsynced: list[Write], survives: Callable[[], bool]) -> bytes:
    content = bytearray(path.read_bytes())
    for write in reversed(unsynced):
        _put(content, write.offset, write.before, write.size_before)
    for write in unsynced:
        for start in range(0, max(1, len(write.after)), SECTOR_BYTES):
            if survives():
                sector = write.after[start : start + SECTOR_BYTES]
                end = write.offset + start + len(sector)
                _put(
                    content,
                    write.offset + start,
                    sector,
                    max(len(content), end) if sector else write.size_after,
                )
    return bytes(content)


def _put(content: bytearray, offset: int, data: bytes, size: int) -> None:
    content.extend(bytes(max(0, offset + len(data) - len(content))))
    content[offset : offset + len(data)] = data
    del content[size:]


class _PowerFile(apsw.VFSFile):
    def __init__(self, disk: PowerDisk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - SQLite named it
        with self._disk.lock:
            size = self.xFileSize()
            before = self.xRead(min(len(data), max(0, size - offset)), offset) if offset < size else b""
            write = Write(offset, before, bytes(data), size, max(size, offset + len(data)))
            self._disk.unsynced.setdefault(self._name, []).append(write)
            super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite named it
        with self._disk.lock:
            size = self.xFileSize()
            before = self.xRead(size - newsize, newsize) if newsize < size else b""
            self._disk.unsynced.setdefault(self._name, []).append(Write(newsize, before, b"", size, newsize))
            super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite named it
        with self._disk.lock:
            super().xSync(flags)
            self._disk.unsynced.pop(self._name, None)


class FullDisk:
    """A disk that takes no more writes while `full`."""

    def __init__(self) -> None:
        self.vfs, self._registered = _register(lambda name, flags: _FullFile(self, name, flags))
        self.full = False


class _FullFile(apsw.VFSFile):
    def __init__(self, disk: FullDisk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - SQLite named it
        if self._disk.full:
            raise apsw.FullError
        super().xWrite(data, offset)


class _Vfs(apsw.VFS):
    def __init__(self, name: str, open_file: Callable[[Any, list[int]], apsw.VFSFile]) -> None:
        super().__init__(name, "")
        self._open_file = open_file

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite named it
        return self._open_file(name, flags)


def _register(open_file: Callable[[Any, list[int]], apsw.VFSFile]) -> tuple[str, apsw.VFS]:
    """Registers a VFS; returns the name of the encrypting one above it, which SQLite3 Multiple Ciphers makes when it is
    first named (https://utelle.github.io/SQLite3MultipleCiphers/docs/architecture/arch_vfs/)."""
    name = f"faulty{next(_names)}"
    return f"multipleciphers-{name}", _Vfs(name, open_file)
