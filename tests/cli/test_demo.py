"""`rookery demo` as its user meets it."""

import json
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving import PATIENCE_S, Person, Server, ids_of

START_S_MAX = 300.0

pytestmark = pytest.mark.timeout(900)


@contextmanager
def showing(folder: Path, *arguments: str) -> Iterator[tuple[Server, str]]:
    """A running demo and what it printed; at the end SIGTERM must end it with 0."""
    server = Server(folder / "data", {})
    log = folder / "demo.log"
    command = [sys.executable, "-m", "rookery", "demo", "--port", str(server.port), *arguments]
    with log.open("w") as out:
        process = subprocess.Popen(command, env=server.environment(), stdout=out, stderr=out, cwd=folder)
    try:
        deadline = time.monotonic() + START_S_MAX
        while "The rate limits per address are off" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()  # noqa: PT018
            time.sleep(0.1)
        yield server, log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE_S)
    assert 0 == code
    assert "Traceback" not in log.read_text()


def signed_in(server: Server, printed: str) -> Person:
    """Whoever signs in with the printed curl command, sent as it is."""
    words = shlex.split(next(line for line in printed.splitlines() if line.lstrip().startswith("curl ")))
    url, header, body = words[1], words[words.index("-H") + 1], words[words.index("-d") + 1]
    person = Person(server)
    answer = person.post(url, content=body, headers=dict([header.split(": ")]))
    assert 200 == answer.status_code, answer.text
    person.headers["Authorization"] = f"Bearer {answer.json()['sessionToken']}"
    return person


def newest(person: Person) -> int:
    """The newest public tweet."""
    return int(ids_of(person.ok("GET", "/feed/public?pageSize=1"))[0])


def grown(person: Person) -> bool:
    """Whether new tweets come while one looks."""
    before, deadline = newest(person), time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if newest(person) > before:
            return True
        time.sleep(0.2)
    return False


def test_a_lively_network_that_lasts(tmp_path: Path) -> None:
    """1,000 people and 20,000 tweets in many scripts, a filled feed for who signs in as told, growth while one looks,
    and the same again, growing on, when it is started again on its folder."""
    where = ("--data", str(tmp_path / "data"))
    with showing(tmp_path, *where) as (server, printed):
        ann = signed_in(server, printed)
        assert 100 == len(ann.ok("GET", "/feed/?pageSize=100"))
        assert 100 == len(ann.ok("GET", "/search/?token=the&pageSize=100"))
        assert ann.ok("GET", "/search/trends")
        assert ann.ok("GET", "/follow/suggestions")
        assert grown(ann)
        people = json.loads(server.run("account", "list", "--json").stdout)
        assert 1_000 == len(people)
        stranger = Person(server)
        shown = [stranger.ok("GET", f"/user/{one['userId']}") for one in people]
        assert sum(one["tweetCount"] for one in shown) >= 20_000
    with showing(tmp_path, *where) as (server, printed):
        ann = signed_in(server, printed)
        assert grown(ann)
        assert 1_000 == len(json.loads(server.run("account", "list", "--json").stdout))
    assert "no differences" in server.run("check").stdout


def test_nothing_is_left_of_a_passing_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --data its folder and its key are gone at the end."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with showing(tmp_path, "--accounts", "30"):
        (folder,) = tmp_path.glob("rookery-demo-*/core.db")
        with pytest.raises(sqlite3.DatabaseError):
            sqlite3.connect(folder).execute("SELECT 1 FROM sqlite_master")
    assert [] == list(tmp_path.glob("rookery-*"))


def test_a_demo_of_somebody_elses_data_adds_nothing(tmp_path: Path) -> None:
    """A folder that no demo filled is served as it is, and nobody's password is told."""
    server = Server(tmp_path / "data", {})
    server.start()
    server.stop()
    made = server.run("account", "create", "somebody", given="a nest of twigs\n")
    assert 0 == made.returncode, made.stderr
    with showing(tmp_path, "--data", str(tmp_path / "data"), "--accounts", "30") as (shown, printed):
        assert not re.search("Sign in", printed)
        assert [] == Person(shown).ok("GET", "/feed/public")
    assert 1 == len(json.loads(server.run("account", "list", "--json").stdout))
