"""Damaged files: a projection's is made anew beside its readers, the truth's is told of."""

import fcntl
import random
from pathlib import Path

import apsw
import pytest

from rookery.core.errors import OperatorError
from rookery.engines.embedded.connections import DamagedFile, Files, rows_of
from rookery.engines.embedded.damage import damage_told, make_ready, mend

ROWS = 800


def fill(files: Files, name: str) -> None:
    """Gives a database some pages to be damaged, none of them in its log."""
    connection = files.connect(name)
    connection.execute("CREATE TABLE filler (bytes BLOB)")
    connection.executemany("INSERT INTO filler VALUES (?)", [(bytes(1_000),)] * ROWS)
    rows_of(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def spoil(path: Path, place: float) -> None:
    """Writes garbage at some part of a file."""
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * place))
        file.write(random.Random(1).randbytes(300))


@pytest.mark.parametrize("name", ["feed", "search"])
def test_a_damaged_projection_is_emptied_beside_its_readers(files: Files, name: str) -> None:
    """Whoever meets a damaged page has the file emptied in place; connections that were open read on."""
    fill(files, name)
    spoil(files.path(name), 0.5)
    reader = files.connect("core", attach=[name])
    with pytest.raises(apsw.CorruptError):
        rows_of(reader, f"SELECT sum(length(bytes)) FROM {name}.filler")

    assert mend(files, name)
    assert not mend(files, name)

    assert [] == rows_of(reader, f"SELECT * FROM {name}.meta")
    reader.close()


@pytest.mark.parametrize("name", ["feed", "search"])
def test_a_projection_that_cannot_be_opened_is_thrown_away_unless_it_is_in_use(
    files: Files, name: str
) -> None:
    """At the start a file without a readable head is made anew; not while somebody projects into it."""
    fill(files, name)
    spoil(files.path(name), 0)
    with (files.folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OperatorError, match="is damaged and in use: start the server again"):
            make_ready(files)

    make_ready(files)

    connection = files.connect(name)
    assert [] == rows_of(connection, "SELECT * FROM meta")
    connection.close()


@pytest.mark.parametrize("place", [0.5, 0.9])
def test_damage_of_the_truth_is_told_and_left_alone(files: Files, place: float) -> None:
    """Nothing is made anew of core.db: the sentence names the file and says to restore."""
    fill(files, "core")
    spoil(files.path("core"), place)
    content = files.path("core").read_bytes()

    with pytest.raises(DamagedFile, match=r"core\.db is damaged: .* `rookery restore`"), damage_told(files):
        rows_of(files.connect("core"), "SELECT sum(length(bytes)) FROM filler")

    assert content == files.path("core").read_bytes()


def test_another_key_makes_nothing_anew(files: Files) -> None:
    """With a wrong key core.db does not open, and so feeds and index stay as they are."""
    contents = {path: path.read_bytes() for path in files.folder.iterdir()}

    with pytest.raises(OperatorError, match="The key does not open"):
        make_ready(Files(files.folder, b"x" * 32))

    assert contents == {path: path.read_bytes() for path in contents}
