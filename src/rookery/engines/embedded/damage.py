"""Damaged files. A projection's is emptied, and its projector makes it anew; the truth's is left to the operator."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import apsw
import structlog

from rookery.core.errors import OperatorError
from rookery.engines.embedded.connections import SCHEMA_VERSIONS, DamagedFile, Files, rows_of

UNREADABLE = (
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.SQLError,
)  # SQLError: for some milliseconds tables are missing
_log = structlog.get_logger()


def make_ready(files: Files) -> None:
    """Makes or migrates every database; a projection's that cannot be opened is thrown away. Raises OperatorError."""
    for name in SCHEMA_VERSIONS:
        try:
            files.migrate(name)
        except DamagedFile:
            if name == "core":
                raise
            _discard(files, name)
            files.migrate(name)


def mend(files: Files, name: str) -> bool:
    """Empties a projection's file where that is damaged; says whether it was. Others may have it open meanwhile.

    Raises DamagedFile where nothing of it can be read: then the next start throws it away.
    """
    connection = files.connect(name)
    try:
        if not _is_whole(connection):
            _log.warning("projection_damaged", projection=name, then="it is made anew")
            # https://www.sqlite.org/c3ref/c_dbconfig_defensive.html#sqlitedbconfigresetdatabase
            connection.config(apsw.SQLITE_DBCONFIG_RESET_DATABASE, 1)
            connection.execute("VACUUM")
            connection.config(apsw.SQLITE_DBCONFIG_RESET_DATABASE, 0)
        elif rows_of(connection, "PRAGMA user_version") == [(SCHEMA_VERSIONS[name],)]:
            return False
    finally:
        connection.close()
    files.migrate(name)
    return True


@contextmanager
def damage_told(files: Files) -> Iterator[None]:
    """Raises DamagedFile, which says what to do, for a fault that a damaged file caused."""
    try:
        yield
    except UNREADABLE as fault:
        found = _damaged(files)
        if found is None and isinstance(fault, apsw.SQLError):
            raise
        raise found or DamagedFile("Feeds or index were damaged and are made anew: run this again.") from None


def _damaged(files: Files) -> DamagedFile | None:
    for name in SCHEMA_VERSIONS:
        connection = files.connect(name)
        whole = _is_whole(connection)
        connection.close()
        if not whole and name == "core":
            return DamagedFile(
                f"{files.path(name)} is damaged: move this data folder away and make a new one with `rookery restore`."
            )
        if not whole:
            command = "feeds" if name == "feed" else name
            return DamagedFile(
                f"{files.path(name)} is damaged: `rookery {command} rebuild` makes it anew from the truth."
            )
    return None


def _is_whole(connection: apsw.Connection) -> bool:
    """Whether every page is what was written."""
    try:
        return rows_of(connection, "PRAGMA quick_check(1)") == [("ok",)]
    except (apsw.CorruptError, apsw.NotADBError):
        return False


def _discard(files: Files, name: str) -> None:
    """Removes a projection's file, unless somebody projects into it."""
    lock = os.open(files.folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _log.warning("projection_damaged", projection=name, then="it is made anew")
        for suffix in ("", "-wal", "-shm"):
            files.path(name).with_name(f"{name}.db{suffix}").unlink(missing_ok=True)
    except BlockingIOError:
        raise OperatorError(
            f"{files.path(name)} is damaged and in use: start the server again, which makes the file anew."
        ) from None
    finally:
        os.close(lock)
