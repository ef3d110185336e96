"""The load generator: wrk, on a core that the server does not use."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.run import Skipped, pinned

GENERATOR_CORE = 1
_SCRIPT = Path(__file__).with_name("rotate.lua")


@dataclass(frozen=True, slots=True)
class Request:
    """One request; with a body it is sent with an Idempotency-Key that no other has."""

    path: str
    token: str
    method: str = "GET"
    body: str = ""

    def line(self) -> str:
        """As rotate.lua reads it."""
        return f"{self.method}\t{self.path}\t{self.token}\t{self.body}"


@dataclass(frozen=True, slots=True)
class Measured:
    """What wrk saw."""

    per_second: float
    p50_ms: float
    p99_ms: float


def require_wrk() -> None:
    """Sees to it that wrk is there. Raises Skipped."""
    if shutil.which("wrk"):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        for arguments in (["update"], ["install", "-y", "wrk"]):
            subprocess.run(
                ["apt-get", "-qq", *arguments],
                check=False,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
    if not shutil.which("wrk"):
        raise Skipped(
            "wrk makes the load and is not here: install it (apt-get install wrk, or brew install wrk)."
        )


def write_requests(file: Path, requests: Iterable[Request]) -> Path:
    """Keeps requests for `press`."""
    file.write_text("".join(f"{request.line()}\n" for request in requests), encoding="utf-8")
    return file


def press(url: str, requests: Path, connections: int, seconds: int) -> Measured:
    """Sends the requests in turn over so many connections. Raises AssertionError where an answer was no success."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        str(_SCRIPT),
        url,
        "--",
        str(requests),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, preexec_fn=pinned(GENERATOR_CORE)
    )
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    failed = seen["refused"] + seen["broken"]
    assert not failed, f"{failed} failed of {seen} for {requests.read_text(encoding='utf-8')[:300]}"
    return Measured(seen["requests"] / seen["micros"] * 1e6, seen["p50_ms"], seen["p99_ms"])
