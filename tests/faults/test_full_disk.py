"""The disk of the data folder, with the log beside it, fills up while people write."""

import re
import time
from pathlib import Path

from tests.faults.crowd import Crowd
from tests.mounts import small_disk
from tests.serving import Person, ids_of, serving, soon

DISK_MIB = 48


def test_writes_are_refused_and_reads_go_on_until_there_is_room(tmp_path: Path) -> None:
    """While the disk is full writes answer 503 with Retry-After and every read goes on; with room again all goes on by
    itself, nothing acknowledged is lost and nothing refused is there."""
    settings = {"LIMITS_ENABLED": "false", "LOG_LEVEL": "debug"}
    with (
        small_disk(tmp_path / "disk", DISK_MIB) as disk,
        serving(disk.folder / "data", settings, "--workers", "2") as server,
    ):
        crowd = Crowd(server, 4)
        with crowd.writing():
            time.sleep(0.5)
            disk.fill()
            soon(True, lambda: all(writer.refused > 3 for writer in crowd.writers))
            reads_go_on(crowd)
            disk.fill()  # what a checkpoint may have freed
            reads_go_on(crowd)
            disk.make_room()
            before = crowd.acknowledged
            soon(True, lambda: crowd.acknowledged > before + 50)
        crowd.check()
        late = crowd.writers[0].person.tweet("after the flood")["tweetId"]
        crowd.writers[1].person.ok("POST", "/follow", {"userId": crowd.writers[0].person.id})
        soon([late], lambda: ids_of(crowd.writers[1].person.ok("GET", "/feed/"))[:1])
        soon([late], lambda: ids_of(crowd.host.ok("GET", "/search/?token=flood")))
        checked = server.run("check")
        assert (0, "") == (checked.returncode, checked.stderr), checked.stdout
        assert 0 == server.stop()
        assert "Traceback" not in server.log.read_text()


def reads_go_on(crowd: Crowd) -> None:
    """Every kind of read answers, over old connections and new."""
    with Person(crowd.host.server) as stranger:
        for url in ("/livez", "/readyz", "/feed/public", f"/user/{crowd.host.id}/tweets", "/search/trends"):
            assert 200 == stranger.get(url).status_code, url
    for person in (crowd.host, *(writer.person for writer in crowd.writers)):
        for url in ("/feed/", "/account/", f"/user/{person.id}/likes", "/search/?token=anchor"):
            fresh = Person(person.server)
            fresh.headers.update(person.headers)
            fresh.ok("GET", url)
            fresh.close()


def test_commands_on_a_full_disk_say_so_and_leave_nothing(tmp_path: Path) -> None:
    """A start, a backup and a restore on a full disk end with a sentence and exit code 1; nothing half made stays."""
    with serving(tmp_path / "data") as server:
        Person(server).ok("GET", "/livez")
    assert 0 == server.run("backup", "copy").returncode
    with small_disk(tmp_path / "disk", 4) as disk:
        other = disk.folder / "data"
        other.mkdir()
        disk.fill()
        for arguments in (
            ("serve", "--data", str(other)),
            ("backup", str(disk.folder / "copy")),
            ("restore", "copy", "--data", str(other)),
        ):
            done = server.run(*arguments)
            assert (1, "") == (done.returncode, done.stdout)
            assert re.fullmatch(
                r"rookery: [^\n]*(full|No space left|space)[^\n]*: [^\n]*\.\n", done.stderr
            ), done.stderr
        assert not (disk.folder / "copy").exists()
        assert {other, disk.folder / "ballast"} == set(disk.folder.iterdir())
