"""The data key: made once, kept private, never replaced."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rookery.config import Data
from rookery.core.errors import OperatorError
from rookery.keyfile import data_key


def silent(sentence: str) -> None:
    """Takes an announcement where none may come."""
    pytest.fail(f"announced: {sentence}")


def kept(tmp_path: Path) -> Data:
    """A data folder and a key file that do not exist yet."""
    return Data(dir=tmp_path / "data", key_file=tmp_path / "config" / "rookery" / "key")


def test_the_first_start_makes_a_private_key(tmp_path: Path) -> None:
    """The key is 32 bytes, mode 0600 in a folder of mode 0700, and the operator hears where and to keep a copy."""
    data = kept(tmp_path)
    heard: list[str] = []

    key = data_key(data, heard.append)

    assert 32 == len(key)
    assert key.hex() == data.key_file.read_text().strip()
    assert 0o600 == stat.S_IMODE(data.key_file.stat().st_mode)
    assert 0o700 == stat.S_IMODE(data.key_file.parent.stat().st_mode)
    assert [data.key_file] == list(data.key_file.parent.iterdir())
    assert 1 == len(heard)
    assert str(data.key_file) in heard[0]
    assert "copy" in heard[0]


def test_later_starts_read_the_same_key(tmp_path: Path) -> None:
    """A key that is there is used, silently."""
    data = kept(tmp_path)
    first = data_key(data, lambda sentence: None)

    assert first == data_key(data, silent)


def test_keys_differ(tmp_path: Path) -> None:
    """Two installations never share a key."""
    one, other = (data_key(kept(tmp_path / name), lambda sentence: None) for name in ("one", "other"))

    assert one != other


def test_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    """Of processes that start together one makes the key and all use it."""
    data = kept(tmp_path)
    with ThreadPoolExecutor(16) as starts:
        keys = set(starts.map(lambda _: data_key(data, lambda sentence: None), range(64)))

    assert 1 == len(keys)


def test_a_lost_key_is_not_replaced(tmp_path: Path) -> None:
    """Where data is and its key is not, nothing is made: a new key could not read the data."""
    data = kept(tmp_path)
    data.dir.mkdir()
    (data.dir / "core.db").touch()

    with pytest.raises(OperatorError, match="put your copy of the key"):
        data_key(data, silent)
    assert not data.key_file.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    """A key file with any right for group or world is refused with the command that mends it."""
    data = kept(tmp_path)
    data_key(data, lambda sentence: None)
    data.key_file.chmod(mode)

    with pytest.raises(OperatorError, match=f"chmod 600 {data.key_file}"):
        data_key(data, silent)


@pytest.mark.parametrize("content", [b"", b"ab" * 31, b"ab" * 33, b"zz" * 32, b"\xff" * 64, b"ab" * 1000])
def test_a_damaged_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """What is not 64 hexadecimal digits is refused, kept as it is, and not repeated in the message."""
    data = kept(tmp_path)
    data_key(data, lambda sentence: None)
    data.key_file.write_bytes(content)

    with pytest.raises(OperatorError, match="holds no data key") as caught:
        data_key(data, silent)
    assert content == data.key_file.read_bytes()
    assert "abab" not in str(caught.value)


def test_a_key_in_the_environment_needs_no_file(tmp_path: Path) -> None:
    """The key of ROOKERY_KEY is used as it is and no file is made."""
    data = Data(dir=tmp_path / "data", key_file=tmp_path / "key", key="0f" * 32)

    assert b"\x0f" * 32 == data_key(data, silent)
    assert not data.key_file.exists()
