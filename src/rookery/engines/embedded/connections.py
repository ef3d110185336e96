"""Connections to the encrypted SQLite files of a data folder, and their migrations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import apsw
import msgspec

from rookery.core.errors import OperatorError, Problem

SCHEMA_VERSIONS: Mapping[str, int] = {"core": 1, "feed": 1, "search": 2}
# An entry of a feed is some 20 bytes, and each lands on another page: smaller pages mean less to encrypt and to log.
# Fan-out with 4 KiB and inline checkpoints 57k rows/s, with 2 KiB and a checkpointing thread 114k.
PAGE_BYTES: Mapping[str, int] = {"core": 4096, "feed": 2048, "search": 4096}
# AEGIS-256, an AEAD on the processor's AES instructions: see docs/decisions/0018-cipher.md.
CIPHER = "aegis"
CHECKPOINT_PAGES = 64_000  # a writer checkpoints by itself only where nobody else did (see checkpoints.py)
PAGE_CACHE_KIB = 64 * 1024
MAPPED_BYTES = 1 << 28
EVENT_COLUMNS = (
    "event_id, kind, actor, subject, other, backdated"  # of the outbox, as core.events.Event has them
)
ROWS_AT_ONCE_MAX = 32  # that one statement writes
Row = tuple[Any, ...]
_read_rows = msgspec.json.Decoder(list[Row]).decode
T = TypeVar("T")


class DamagedFile(OperatorError):
    """A database whose pages are not what was written, or were written with another key."""


class Files:
    """The database files of one data folder, all encrypted with one key.

    `synchronous` (of core.db; the projections can be made anew and use NORMAL) is FULL but for the test that shows
    why; `vfs` names another SQLite VFS for fault tests.
    """

    def __init__(
        self, folder: Path, key: bytes, *, synchronous: str = "FULL", vfs: str | None = None
    ) -> None:
        self.folder = folder
        self._key = f"raw:{key.hex()}"  # random bytes need no derivation, which would cost 20 ms a file
        self._synchronous = synchronous
        self._vfs = vfs

    def path(self, name: str) -> Path:
        """The file of a database: `core`, `feed` or `search`."""
        return self.folder / f"{name}.db"

    def connect(self, name: str, attach: Iterable[str] = ()) -> apsw.Connection:
        """A connection to a database, with others attached under their names, read-only.

        Raises DamagedFile, also when the key is not the folder's; OperatorError when the disk refuses.
        """
        with told(self.path(name)):
            connection = self.open_file(self.path(name))
            rows_of(connection, f"PRAGMA page_size = {PAGE_BYTES[name]}")
            rows_of(connection, "PRAGMA journal_mode = WAL")
        for other in attach:
            with told(self.path(other)):
                uri = f"file:{quote(str(self.path(other)))}?mode=ro"
                rows_of(connection, f"ATTACH ? AS {other} KEY '{self._key}'", (uri,))
        with told(self.path(name)):
            _tune(connection, self._synchronous if name == "core" else "NORMAL")
        return connection

    def open_file(self, path: Path) -> apsw.Connection:
        """A bare connection to a file encrypted with the same key."""
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        connection = apsw.Connection(str(path), flags=flags, vfs=self._vfs, statementcachesize=300)
        connection.pragma("cipher", CIPHER)
        connection.pragma("key", self._key)
        connection.set_busy_timeout(10_000)
        return connection

    def migrate(self, name: str) -> None:
        """Brings a database to this code's schema, or makes it. Raises OperatorError for one of a newer version, and
        what `connect` raises."""
        connection = self.connect(name)
        try:
            with told(self.path(name)):
                self._migrate(connection, name)
        finally:
            connection.close()

    def version(self, connection: apsw.Connection, name: str) -> int:
        """A schema version; 0 of an empty database. Raises OperatorError for a newer one than this code's."""
        found = int(rows_of(connection, "PRAGMA user_version")[0][0])
        if found > SCHEMA_VERSIONS[name]:
            raise OperatorError(
                f"{self.path(name)} has schema version {found}, this Rookery knows {SCHEMA_VERSIONS[name]}: "
                "use the newer Rookery that wrote it."
            )
        return found

    def _migrate(self, connection: apsw.Connection, name: str) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for version in range(self.version(connection, name) + 1, SCHEMA_VERSIONS[name] + 1):
            file = resources.files(__package__).joinpath("migrations", f"{version:04d}_{name}.sql")
            connection.execute(file.read_text()).fetchall()
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSIONS[name]}")
        connection.execute("COMMIT")


def rows_of(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> list[Row]:
    """Runs one statement and reads its result whole: SQLite stops at the first row otherwise."""
    return connection.execute(sql, values).fetchall()


def rows_at_once(
    connection: apsw.Connection, columns: str, source: str, values: Sequence[Any] = ()
) -> list[Row]:
    """Reads columns of whole numbers and texts out of `source` (a SELECT, in its order) in a single step.

    Every step lets go of Python's lock, and where other threads work, having it back costs more than a row.
    """
    sql = f"SELECT json_group_array(json_array({columns})) FROM ({source})"  # noqa: S608
    return _read_rows(str(connection.execute(sql, values).fetchall()[0][0]))


def parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cuts rows into as many as a statement takes."""
    for start in range(0, len(rows), ROWS_AT_ONCE_MAX):
        yield rows[start : start + ROWS_AT_ONCE_MAX]


@cache
def groups(rows: int, columns: int) -> str:
    """The placeholders of so many rows of values."""
    return ",".join([f"({','.join('?' * columns)})"] * rows)


def id_list(ids: Iterable[int]) -> str:
    """Ids as json_each reads them."""
    return f"[{','.join(map(str, ids))}]"


def end_reading(connection: apsw.Connection) -> None:
    """Ends a read transaction. Where a statement of it failed, COMMIT says so again."""
    try:
        connection.execute("COMMIT")
    except apsw.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def unavailable(fault: Exception) -> Problem | None:
    """What a writer or reader is told where the storage has failed; None for any other fault."""
    if not isinstance(fault, apsw.Error) or isinstance(fault, (apsw.ConstraintError, apsw.SQLError)):
        return None
    problem = Problem("engine_unavailable", "The data folder cannot be used just now.", retry_after_s=5)
    problem.__cause__ = fault
    return problem


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Faults of a database as sentences for the operator. Raises DamagedFile, OperatorError."""
    try:
        yield
    except apsw.NotADBError:
        raise DamagedFile(
            f"The key does not open {path}, or the file is damaged: give the key that this folder was made with"
            " (--key-file), or restore a backup."
        ) from None
    except apsw.CorruptError:
        raise DamagedFile(
            f"{path} is damaged: move this data folder away and make a new one with `rookery restore`."
        ) from None
    except (
        apsw.CantOpenError,
        apsw.ReadOnlyError,
        apsw.IOError,
        apsw.FullError,
        apsw.PermissionsError,
    ) as fault:
        raise OperatorError(
            f"Cannot use {path} ({fault}): make the folder writable and free some disk space."
        ) from None


def _tune(connection: apsw.Connection, synchronous: str) -> None:
    for statement in (
        f"PRAGMA synchronous = {synchronous}",
        "PRAGMA temp_store = MEMORY",
        f"PRAGMA cache_size = -{PAGE_CACHE_KIB}",
        f"PRAGMA mmap_size = {MAPPED_BYTES}",
        f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
        "PRAGMA trusted_schema = OFF",
    ):
        connection.execute(statement).fetchall()
