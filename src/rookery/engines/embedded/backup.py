"""Backups: a consistent copy of the truth taken while serving, and a new data folder from one.

A copy is encrypted with the folder's own key. Feeds and index are not in it: they make themselves anew.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from rookery.core.errors import OperatorError
from rookery.engines.embedded.connections import SCHEMA_VERSIONS, Files, rows_of

STEP_PAGES = 1_000  # copied between two words of progress

OnProgress = Callable[[int, int], None]  # (pages copied, pages in all)


def back_up(files: Files, target: Path, on_progress: OnProgress) -> int:
    """Copies the truth as it is now into a new file, and returns the file's size in bytes. It is there whole, and on
    disk, or not at all.

    Raises OperatorError where the file exists, or there is nothing to copy; OSError where it cannot be written.
    """
    if not files.path("core").exists():
        raise OperatorError(f"There is no data in {files.folder}: name the data folder with --data.")
    if not target.parent.is_dir():
        raise OperatorError(f"There is no folder {target.parent}: make it, or name a file in another.")
    _require_new(target)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        _copy(files, draft, on_progress)
        _sync(draft)
        _require_new(target)
        draft.rename(target)
        _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)
    return target.stat().st_size


def restore(files: Files, source: Path) -> None:
    """Makes the data folder from a copy, with an epoch of its own: feeds and index are made anew.

    Raises OperatorError where the folder is not empty, the copy is damaged, of a newer version or of another key;
    OSError where a file cannot be read or written. Then no new folder stays.
    """
    folder = files.folder
    if made := not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
    elif any(folder.iterdir()):
        raise OperatorError(
            f"{folder} is not empty: name a new or empty folder with --data, or move it away."
        )
    try:
        _fill(files, folder / "core.db.restored", source)
    except BaseException:
        if made:
            folder.rmdir()
        raise


def _fill(files: Files, draft: Path, source: Path) -> None:
    try:
        with source.open("rb") as copy, draft.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            shutil.copyfileobj(copy, file, 1 << 20)
        _renew(files, draft, source)
        _sync(draft)
        draft.rename(files.path("core"))
        _sync(files.folder)
    finally:
        for left in files.folder.glob(f"{draft.name}*"):
            left.unlink()


def _copy(files: Files, draft: Path, on_progress: OnProgress) -> None:
    """Copies page by page out of one read transaction, so that writers neither wait nor show."""
    source, copy = files.connect("core"), files.open_file(draft)
    try:
        source.execute("BEGIN")
        files.version(source, "core")
        with copy.backup("main", source, "main") as pages:
            while not pages.done:
                pages.step(STEP_PAGES)
                on_progress(pages.page_count - pages.remaining, pages.page_count)
    except apsw.FullError:
        raise OperatorError(
            f"The disk of {draft.parent} is full: free some space or name another folder."
        ) from None
    finally:
        source.close()
        copy.close()


def _renew(files: Files, draft: Path, source: Path) -> None:
    """Checks a copy and gives it a new epoch."""
    with _told(files, source):
        connection = files.open_file(draft)
        try:
            rows_of(connection, "PRAGMA journal_mode = DELETE")
            version = rows_of(connection, "PRAGMA user_version")[0][0]
            if not version:
                raise OperatorError(f"{source} is no backup: name a file that `rookery backup` made.")
            if version > SCHEMA_VERSIONS["core"]:
                raise OperatorError(
                    f"{source} has schema version {version}, this Rookery knows {SCHEMA_VERSIONS['core']}: use the"
                    " newer Rookery that wrote it."
                )
            if rows_of(connection, "PRAGMA integrity_check") != [("ok",)]:
                raise apsw.CorruptError
            connection.execute("UPDATE meta SET value = abs(random()) WHERE name = 'epoch'")
        finally:
            connection.close()


@contextmanager
def _told(files: Files, source: Path) -> Iterator[None]:
    try:
        yield
    except apsw.NotADBError:
        raise OperatorError(
            f"The key does not open {source}, or it is no backup: give the key that it was made with (--key-file)."
        ) from None
    except apsw.CorruptError:
        raise OperatorError(f"{source} is damaged: take another copy.") from None
    except apsw.FullError:
        raise OperatorError(f"The disk of {files.folder} is full: free some space.") from None


def _require_new(target: Path) -> None:
    if target.exists():
        raise OperatorError(f"{target} exists already: name a new file.")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
