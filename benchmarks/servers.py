"""The server that is measured, on a core of its own or free to use all of them."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.noop import KEPT_ANSWER, NOOP_GET, NOOP_POST
from benchmarks.run import KEY, PROJECT, pinned
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.projection import offsets

__all__ = ["NOOP_GET", "NOOP_POST", "RAISED", "Server", "serving"]

SERVER_CORE = 0
START_S_MAX = 120.0
QUIET_S_MAX = 120.0
RAISED: Mapping[str, str] = {
    "LIMITS_READS_PER_15MIN": "100000000",
    "LIMITS_TWEETS_PER_3H": "100000000",
    "LIMITS_TWEETS_PER_DAY": "100000000",
}
_BY_THE_SERVER = {"server", "date", "connection", "transfer-encoding"}  # headers that granian itself adds


class Server:
    """A running server on a data folder, or on the cluster engine."""

    def __init__(
        self, folder: Path, port: int, process: "subprocess.Popen[bytes]", *, on_cluster: bool
    ) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._files = None if on_cluster else Files(folder, KEY)
        self._process = process

    @property
    def pid(self) -> int:
        """Its first process."""
        return self._process.pid

    def keep_noop(self, path: str, token: str) -> bytes:
        """Makes NOOP_GET answer what the server answers now, bytes and headers; returns the bytes."""
        status, headers, body = self.get(path, token)
        assert status == 200, body[:200]
        own = [(name, value) for name, value in headers if name.lower() not in _BY_THE_SERVER]
        (self._folder / KEPT_ANSWER).write_text(json.dumps({"headers": own, "body": body.decode()}))
        _, again, same = self.get(NOOP_GET, token)
        assert same == body
        assert _names(again) == _names(headers)
        return body

    def get(self, path: str, token: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        found = answer.status, answer.getheaders(), answer.read()
        connection.close()
        return found

    def wait_ready(self) -> None:
        """Returns when requests are served and feeds and index are up to date."""
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self.get("/readyz", "")[0] == 200:
                    return self.wait_quiet()
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not start: {self._folder.with_suffix('.log').read_text()}")

    def wait_quiet(self) -> None:
        """Returns when feeds and index of a data folder have taken in every event."""
        if self._files is None:
            return
        core = self._files.connect("core")
        goal = rows_of(core, "SELECT max(event_id) FROM outbox")[0][0] or 0
        core.close()
        deadline = time.monotonic() + QUIET_S_MAX
        while any(one is None or one < goal for one in offsets(self._files, ("feed", "search")).values()):
            assert time.monotonic() < deadline, (
                f"feeds and index are not up to date after {QUIET_S_MAX:.0f} s"
            )
            time.sleep(0.01)

    def cpu_s(self) -> float:
        """Processor seconds that the server has used; its wall clock where there is no /proc (macOS)."""
        pids = [self._process.pid, *_children(self._process.pid)]
        return sum(map(_cpu_s, pids))

    def stop(self) -> None:
        """Ends it as an operator would."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


@contextmanager
def serving(folder: Path, settings: Mapping[str, str], *, one_core: bool = True) -> Iterator[Server]:
    """A server on a folder for as long as the block runs. `settings`: ROOKERY_ variables, without their prefix."""
    port = _free_port()
    given = {
        **settings,
        "SERVER_PORT": str(port),
        "DATA_DIR": str(folder),
        "KEY": KEY.hex(),
        "SERVER_METRICS_PORT": "0",
        "LOG_LEVEL": "error",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_")}
    with folder.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.noop"],
            env={**clean, **{f"ROOKERY_{name}": value for name, value in given.items()}},
            stdout=log,
            stderr=log,
            cwd=PROJECT,
            preexec_fn=pinned(SERVER_CORE) if one_core else None,
        )
    server = Server(folder, port, process, on_cluster=given.get("DATA_ENGINE") == "cluster")
    try:
        server.wait_ready()
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _names(headers: list[tuple[str, str]]) -> list[str]:
    return sorted(name.lower() for name, _ in headers)


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in found.read_text().split()] if found.exists() else []


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
