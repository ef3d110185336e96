"""The data key: 32 random bytes that everything on disk is encrypted with, in a file outside of the data folder."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from rookery.config import Data
from rookery.core.errors import OperatorError

KEY_BYTES = 32
TRUTH = "core.db"


def data_key(data: Data, announce: Callable[[str], None]) -> bytes:
    """The key, KEY_BYTES long: from ROOKERY_KEY, else from the key file, which the first start makes.

    `announce` gets a sentence for the operator when a key was made. Raises OperatorError for a key that is lost,
    damaged or readable by others, OSError where the file cannot be read or written.
    """
    if data.key:
        return bytes.fromhex(data.key)
    try:
        return _read(data.key_file)
    except FileNotFoundError:
        pass
    if (data.dir / TRUTH).exists():
        raise OperatorError(
            f"The data in {data.dir} is encrypted and its key is not at {data.key_file}: put your copy of the key"
            " there, or name it with --key-file or ROOKERY_KEY."
        )
    _make(data.key_file)
    announce(
        f"Made the data key {data.key_file}. Keep a copy of it somewhere safe: without it the data is lost."
    )
    return _read(data.key_file)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise OperatorError(
                f"The data key {path} can be used by others than its owner: run `chmod 600 {path}`."
            )
        text = file.read(4 * KEY_BYTES)
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise OperatorError(
            f"The file {path} holds no data key ({2 * KEY_BYTES} hexadecimal digits): put your copy of the key there,"
            " or name another file with --key-file."
        )
    return key


def _make(path: Path) -> None:
    """Makes the key file whole and durable or not at all; of two processes that start at once, one makes it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _sync_folder(path.parent)
    finally:
        draft.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
