"""A backup that is taken while people write, and the folder that is made from it."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.answers import answers, settle
from tests.faults.crowd import Crowd
from tests.serving import PASSWORD, Person, Server, serving, soon


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    """People on a server of their own."""
    with serving(tmp_path / "data", {"LIMITS_ENABLED": "false"}) as server:
        yield Crowd(server, 4)


def test_a_backup_under_load_is_of_one_moment_and_serves_again(crowd: Crowd, tmp_path: Path) -> None:
    """What was acknowledged before it began is in it, each writer's work as it stood at one time while it was taken.
    A folder restored from it has right counters, feeds and index, and lets the same sessions in."""
    server = crowd.host.server
    for writer in crowd.writers:
        writer.keeps_history = True
    with crowd.writing():
        soon(True, lambda: crowd.acknowledged > 200)
        before = [len(writer.history) - 1 for writer in crowd.writers]
        done = server.run("backup", str(tmp_path / "copy"))
        after = [len(writer.history) for writer in crowd.writers]
        time.sleep(0.3)
    assert (0, "") == (done.returncode, done.stderr)
    with restored(tmp_path / "copy", tmp_path / "again") as again:
        crowd.move_to(again)
        for writer, first, last in zip(crowd.writers, before, after, strict=True):
            found = writer.read()
            moments = writer.history[first : last + 1]
            assert "" in [held.lacks(found) for held in moments], (
                moments[0].lacks(found),
                moments[-1].lacks(found),
            )
        checked = again.run("check")
        assert (0, "") == (checked.returncode, checked.stderr), checked.stdout


def test_what_is_restored_answers_as_before(crowd: Crowd, tmp_path: Path) -> None:
    """Feeds, search, trends and people are the same, also where the old feeds and index were put beside the restored
    truth: they are of another epoch, and made anew. Tokens and passwords hold, and people go on."""
    server = crowd.host.server
    with crowd.writing():
        soon(True, lambda: crowd.acknowledged > 200)
    for number, writer in enumerate(crowd.writers):
        writer.person.tweet(f"#birds over the lake, {number}", latitude=46.5, longitude=6.6)
    settle(crowd)
    expected = answers(crowd)
    assert 0 == server.run("backup", str(tmp_path / "copy")).returncode
    crowd.writers[0].person.tweet("#later than the backup")
    assert 0 == server.stop()
    with restored(tmp_path / "copy", tmp_path / "again", of=server.folder) as again:
        crowd.move_to(again)
        soon(True, lambda: answers(crowd) == expected)
        by_jwt = Person(again)
        by_jwt.headers["Authorization"] = f"Bearer {crowd.writers[1].person.access_token}"
        assert crowd.writers[1].person.id == by_jwt.ok("GET", "/account/")["userId"]
        by_jwt.ok("POST", "/account/login", {"handle": crowd.host.handle, "password": PASSWORD})
        with crowd.writing():
            time.sleep(0.3)
        checked = again.run("check")
        assert (0, "") == (checked.returncode, checked.stderr), checked.stdout


@contextmanager
def restored(copy: Path, folder: Path, of: Path | None = None) -> Iterator[Server]:
    """A server on a folder made from a copy; `of`: with the feeds and the index of that folder put into it."""
    server = Server(folder, {"LIMITS_ENABLED": "false"})
    done = server.run("restore", str(copy))
    assert (0, "") == (done.returncode, done.stderr)
    assert ["core.db"] == [path.name for path in folder.iterdir()]
    if of is not None:
        for name in ("feed", "search"):
            shutil.copy(of / f"{name}.db", folder)
    with serving(folder, {"LIMITS_ENABLED": "false"}) as running:
        yield running
