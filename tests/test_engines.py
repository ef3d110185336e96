"""The engines of `make engines` start, are shared, and end; what keeps them from it is told in one sentence."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scripts.engines import FOLDER, KINDS, Engine, EngineError, Fleet, Kind, wire
from tests.serving import PATIENCE_S

PROJECT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-m", "scripts.engines")
TABLE = {
    "TableName": "things",
    "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ITEM = {"key": {"S": "a"}, "value": {"S": "kept"}}


def write(engine: Engine) -> None:
    """Leaves an item in an engine."""
    if engine.kind.name == "redis":
        assert "+OK" == wire.ask_redis(engine.port, "SET", "a", "kept")
    elif engine.kind.name == "dynamodb":
        wire.ask_dynamodb(engine.port, "CreateTable", TABLE)
        assert 200 == wire.ask_dynamodb(engine.port, "PutItem", {"TableName": "things", "Item": ITEM})[0]
    else:
        assert 201 == wire.ask(engine.port, "PUT", "/things/_doc/a?refresh=true", {"value": "kept"})[0]


def read(engine: Engine) -> str | None:
    """What an engine has of that item."""
    if engine.kind.name == "redis":
        value = wire.ask_redis(engine.port, "GET", "a")
        return None if value == "$-1" else value
    if engine.kind.name == "dynamodb":
        asked = {"TableName": "things", "Key": {"key": ITEM["key"]}, "ConsistentRead": True}
        status, found = wire.ask_dynamodb(engine.port, "GetItem", asked)
        return str(found["Item"]["value"]["S"]) if status == 200 and found else None
    status, found = wire.ask(engine.port, "POST", "/things/_search", {"query": {"match": {"value": "kept"}}})
    return str(found["hits"]["hits"][0]["_source"]["value"]) if status == 200 else None


def alive(pid: int | None) -> bool:
    """Whether a process is there."""
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def ended(pid: int | None, within_s: float = PATIENCE_S) -> bool:
    """Whether a process is gone soon; one whose parent is gone waits for the system to take note of its end."""
    deadline = time.monotonic() + within_s
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


@pytest.fixture
def fleet(real_engines: None, tmp_path: Path) -> Iterator[Fleet]:
    """Engines of the test's own, none of them started."""
    fleet = Fleet(tmp_path / "engines")
    yield fleet
    fleet.stop()


def test_all_start_are_shared_and_end(fleet: Fleet) -> None:
    """The four start together and hold what they are given; a second start uses them; a stop leaves no process."""
    started = fleet.start(KINDS)
    pids = {name: engine.pid for name, engine in started.items()}
    for engine in started.values():
        write(engine)

    again = Fleet(fleet.folder).start(KINDS)
    assert pids == {name: engine.pid for name, engine in again.items()}
    assert dict.fromkeys(KINDS, "kept") == {name: read(engine) for name, engine in again.items()}

    fleet.stop()
    assert dict.fromkeys(KINDS, True) == {name: ended(pid) for name, pid in pids.items()}
    assert [] == fleet.running()


@pytest.mark.parametrize("name", ["redis", "dynamodb", "opensearch"])
def test_kept_data_outlive_a_kill(real_engines: None, tmp_path: Path, name: str) -> None:
    """An engine that keeps its data has what it answered before a kill -9 after the next start, at the same address."""
    engine = Engine(KINDS[name], tmp_path, keep=True)
    try:
        engine.start()
        url = engine.url
        write(engine)
        engine.kill()
        assert not engine.running
        engine.start()

        assert (url, "kept") == (engine.url, read(engine))
    finally:
        engine.kill()


@pytest.mark.parametrize("name", ["dynamodb", "redis"])
def test_data_that_are_not_kept_end_with_a_stop(real_engines: None, tmp_path: Path, name: str) -> None:
    """Without a word every start begins empty."""
    engine = Engine(KINDS[name], tmp_path)
    try:
        engine.start()
        write(engine)
        engine.stop()
        engine.start()

        assert read(engine) is None
    finally:
        engine.kill()


def test_env_points_at_what_runs(fleet: Fleet) -> None:
    """.engines/env has the URL of each engine that runs, and is gone when none does."""
    redis = fleet.start(["redis"])["redis"]
    lines = fleet.env.read_text().splitlines()

    assert f"ROOKERY_CLUSTER_REDIS_URL=redis://127.0.0.1:{redis.port}/0" in lines
    assert ["ROOKERY_CLUSTER_REDIS_URL"] == [
        line.partition("=")[0] for line in lines if line.startswith("ROOKERY")
    ]

    fleet.stop()
    assert not fleet.env.exists()


def test_a_file_left_behind_is_noticed(fleet: Fleet) -> None:
    """An engine that died is not taken for a running one, even when its process id went to another process."""
    redis = fleet.start(["redis"])["redis"]
    assert redis.pid is not None
    os.kill(redis.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while redis.running and time.monotonic() < deadline:
        time.sleep(0.01)
    (redis.folder / "running").write_text(str(os.getpid()))

    assert [] == fleet.running()
    fleet.stop()
    assert redis.pid != fleet.start(["redis"])["redis"].pid == redis.pid


class _Standing(Kind):
    """A process that is no engine."""

    name = "nothing"
    title = "Nothing"
    variable = "NOTHING"
    tools = ()

    def __init__(self, *command: str) -> None:
        self._command = command

    def command(self, folder: Path, port: int, *, keep: bool) -> list[str]:
        return [sys.executable, "-c", *self._command]

    def ready(self, port: int) -> bool:
        return wire.ask(port, "GET", "/")[0] == 200


def test_what_ends_while_it_starts_is_told(tmp_path: Path) -> None:
    """An engine whose process ends is an error with the last words of its log."""
    engine = Engine(_Standing("raise SystemExit('out of nests')"), tmp_path)

    with pytest.raises(EngineError, match=r"Nothing ended while it started: see .*/log, .* out of nests$"):
        engine.start()


def test_a_half_started_engine_is_stopped(tmp_path: Path) -> None:
    """An engine that does not answer, and does not heed SIGTERM, ends at a kill."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    engine = Engine(_Standing(deaf), tmp_path)
    engine.spawn()
    pid = engine.pid
    assert alive(pid)

    Engine(engine.kind, tmp_path).kill()
    assert not engine.running


LEASING = """
import sys
from pathlib import Path
from scripts.engines import Fleet
with Fleet(Path(sys.argv[1])).lease(["redis"]) as leased:
    print(leased["redis"].pid, flush=True)
    sys.stdin.read()
"""


def leasing(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A process with a lease on Redis until its input ends, and the process id of that Redis."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEASING, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_the_last_lease_ends_what_leases_started(fleet: Fleet) -> None:
    """Processes share engines; those that they started end with the last of them, killed ones not counted."""
    killed, pid = leasing(fleet.folder)
    first, same = leasing(fleet.folder)
    assert pid == same
    killed.kill()
    killed.communicate()
    with fleet.lease(["redis"]) as leased:
        first.communicate("")
        assert alive(pid)
        assert pid == leased["redis"].pid

    assert ended(pid)


def test_a_start_takes_leased_engines_over(fleet: Fleet) -> None:
    """What `make engines` started or asked for goes on when a test run ends."""
    with fleet.lease(["redis"]):
        redis = Fleet(fleet.folder).start(["redis"])["redis"]

    assert redis.running


def test_tests_share_what_runs(redis_engine: Engine) -> None:
    """The fixtures of tests/conftest.py are engines of the project's own folder, which `make engines` uses too."""
    assert FOLDER / "redis" == redis_engine.folder
    assert "+PONG" == wire.ask_redis(redis_engine.port, "PING")


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`python -m scripts.engines` with an environment of its own."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environ,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def programs(folder: Path, scripts: Mapping[str, str]) -> str:
    """A PATH with these shell scripts alone."""
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def test_a_bare_machine_is_told_what_it_lacks(tmp_path: Path) -> None:
    """On a machine without them, one line names the programs, and the packages that bring them."""
    found = run("fetch", *KINDS, PATH=programs(tmp_path / "bin", {}), ROOKERY_ENGINES_CACHE=str(tmp_path))

    assert (1, "") == (found.returncode, found.stdout)
    assert found.stderr == (
        "The engines need redis-server, a JDK of Java 17 or newer, mvn, which this machine lacks: install that (Debian:"
        " apt install redis-server default-jdk-headless maven).\n"
    )


def test_an_unknown_engine_is_a_misuse() -> None:
    """A mistyped name exits 2 and is told with the names that there are."""
    found = run("start", "reddis", PATH="")

    assert 2 == found.returncode
    assert (
        "there is no engine reddis: name some of redis, dynamodb, opensearch, elasticsearch" in found.stderr
    )


def test_an_old_java_is_none(tmp_path: Path) -> None:
    """A Java that is too old for the engines is told as lacking."""
    old = {"java": "echo 'openjdk version \"11.0.2\"' >&2", "javac": "", "mvn": "", "redis-server": ""}
    found = run("fetch", PATH=programs(tmp_path / "bin", old), ROOKERY_ENGINES_CACHE=str(tmp_path))

    assert found.stderr.startswith("The engines need a JDK of Java 17 or newer, which this machine lacks")


def test_a_failed_fetch_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """Where Maven fails, one line has its reason and its log, and nothing half is kept for the next start."""
    tools = {
        "java": "echo 'openjdk version \"17.0.2\"' >&2",
        "javac": "",
        "mvn": "echo '[ERROR] the nest is empty'; exit 1",
    }
    cache = tmp_path / "cache"
    found = run("fetch", "dynamodb", PATH=programs(tmp_path / "bin", tools), ROOKERY_ENGINES_CACHE=str(cache))

    assert 1 == found.returncode
    assert found.stderr.startswith(
        f"Maven could not fetch dynamodb (the nest is empty): see {cache}/dynamodb.log,"
    )
    assert 1 == found.stderr.count("\n")
    assert {"dynamodb.log", "lock"} == {path.name for path in cache.iterdir()}


@pytest.mark.parametrize(("ci", "outcome"), [("", "3 skipped"), ("true", "1 failed, 2 errors")])
def test_tests_without_engines_are_left_out_but_not_in_ci(tmp_path: Path, ci: str, outcome: str) -> None:
    """On a machine without Java the tests that need engines are skipped, in one line, and fail under CI=true."""
    shutil.copy(PROJECT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_needs.py").write_text(
        "def test_needs(dynamodb_engine):\n    pass\n\n\ndef test_too(redis_engine):\n    pass\n\n\n"
        "def test_later(request):\n    request.getfixturevalue('redis_engine')\n"
    )
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs"],
        env={"PATH": programs(tmp_path / "bin", {}), "PYTHONPATH": str(PROJECT), "CI": ci},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )

    assert outcome in found.stdout
    told = found.stdout.count("The engines need redis-server, a JDK of Java 17 or newer, which")
    assert (3 if ci else 1) == told
