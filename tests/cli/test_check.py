"""`rookery check` finds what is wrong, and the rebuilds mend what can be made anew."""

import shutil
from pathlib import Path

import pytest

from rookery.engines.embedded.connections import Files, rows_of
from tests.serving import KEY, Person, Server, ids_of, serving, sign_up, soon

SPOILS = {
    "likes": ("core", "UPDATE tweet_counts SET likes = likes + 1", "counters: likes of"),
    "followers": ("core", "UPDATE follow_counts SET followers = 0", "counters: followers of"),
    "tweets": ("core", "DELETE FROM tweet_authors", "counters: tweets of"),
    "replies": ("core", "UPDATE reply_counts SET replies = 7", "counters: replies of"),
    "blocks": ("core", "UPDATE edges SET blocked_by = 0", "rows: a block stands in one of its two rows only"),
    "a lost entry": ("feed", "DELETE FROM entries", "lacks"),
    "an entry of nothing": ("feed", "UPDATE entries SET tweet_id = tweet_id + 2", "which never was"),
    "a feed without its header": ("feed", "DELETE FROM headers", "has entries but no feed"),
    "a lost text": ("search", "DELETE FROM texts", "index"),
    "a lost person": ("search", "DELETE FROM people", "index"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small network whose feed was read."""
    folder: Path = tmp_path_factory.mktemp("made") / "data"
    with serving(folder, {"LIMITS_ENABLED": "false"}) as running:
        ann, bob, cat = (sign_up(running, handle) for handle in ("ann", "bob", "cat"))
        bob.ok("POST", "/follow", {"userId": ann.id})
        ann.ok("POST", f"/block/{cat.id}")
        tweet = ann.tweet("a tweet about #birds")["tweetId"]
        bob.ok("POST", f"/like/{tweet}")
        bob.ok("POST", f"/reply/{tweet}", {"content": "so it is"})
        for _ in range(2):
            soon(2, lambda: len(bob.walk("/feed/")))
        soon(True, lambda: stored(running) > 0)
        soon([tweet], lambda: ids_of(bob.walk("/search/", token="birds")))
    return folder


@pytest.fixture
def server(made: Path, tmp_path: Path) -> Server:
    """A stopped server on a copy of it."""
    shutil.copytree(made, tmp_path / "data")
    return Server(tmp_path / "data", {"LIMITS_ENABLED": "false"})


def stored(server: Server) -> int:
    """How many entries the stored feeds have."""
    files = Files(server.folder, bytes.fromhex(KEY))
    connection = files.connect("feed")
    try:
        return int(rows_of(connection, "SELECT count(*) FROM entries")[0][0])
    finally:
        connection.close()


def spoil(server: Server, name: str) -> str:
    """Plants a fault; returns what a check must say of it."""
    database, sql, told = SPOILS[name]
    connection = Files(server.folder, bytes.fromhex(KEY)).connect(database)
    connection.execute(sql).fetchall()
    assert connection.total_changes() > 0
    connection.close()
    return told


def test_a_sound_folder_passes(server: Server) -> None:
    """Without a fault it exits 0."""
    found = server.run("check")
    assert (0, "no differences") == (found.returncode, found.stdout[:14]), found.stderr


@pytest.mark.parametrize("name", SPOILS)
def test_a_planted_fault_is_found(server: Server, name: str) -> None:
    """It exits 1 and names the fault. What is a projection is right again after its rebuild."""
    told = spoil(server, name)
    found = server.run("check")

    assert 1 == found.returncode
    assert told in found.stdout
    database = SPOILS[name][0]
    if database != "core":
        made = server.run({"feed": "feeds", "search": "search"}[database], "rebuild")
        assert 0 == made.returncode, made.stderr
        assert 0 == server.run("check").returncode


@pytest.mark.parametrize("group", ["feeds", "search"])
def test_a_rebuild_beside_a_running_server_changes_no_answer(server: Server, group: str) -> None:
    """Feeds and searches are the same before, during and after."""
    server.start()
    try:
        bob = Person(server)
        bob.headers["Authorization"] = f"Bearer {server.run('account', 'token', 'bob').stdout.strip()}"
        before = bob.walk("/feed/"), bob.walk("/search/", token="birds")
        assert 0 == server.run(group, "rebuild").returncode
        assert before == (bob.walk("/feed/"), bob.walk("/search/", token="birds"))
        assert 0 == server.run("check").returncode
    finally:
        server.stop()
