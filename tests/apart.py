"""A network whose services and workers are processes of their own, behind nginx over HTTPS."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from scripts.certificates import self_signed
from tests.serving import Server, free_port

PROCESSES: Mapping[str, int] = {
    "accounts": 1,
    "profiles": 1,
    "tweets": 2,
    "replies": 1,
    "follows": 1,
    "feed": 2,
    "search": 1,
    "pages": 1,
}
WORKERS = ("feed", "search", "counts", "upkeep", "sweeper")
READY_S_MAX = 240.0  # all of them start at once, perhaps on a busy machine


class Apart(Server):
    """The whole of it; `processes` are the services' by their name, `workers` likewise."""

    proxied = True

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, {**settings, "SERVER_TRUSTED_PROXIES": "127.0.0.1"})
        folder.mkdir()
        self.url = f"https://127.0.0.1:{self.port}"
        self.certificate, self._key = self_signed(folder)
        self.ports = {name: [free_port() for _ in range(count)] for name, count in PROCESSES.items()}
        self.processes: dict[str, list[subprocess.Popen[bytes]]] = {}
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self._front: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts everything and waits until it is ready."""
        os.environ["SSL_CERT_FILE"] = str(self.certificate)  # httpx's clients believe it
        made = self.run("migrate")
        assert 0 == made.returncode, made.stderr
        self._start_front()
        for name in PROCESSES:
            self.start_service(name)
        for name in WORKERS:
            self.start_worker(name)
        for name in PROCESSES:
            self._wait_for(name)
        self._wait(f"{self.url}/readyz", "nginx")

    def start_service(self, name: str) -> None:
        """Starts the processes of a service."""
        self.processes[name] = [
            self._spawn("serve", "--services", name, "--port", str(port)) for port in self.ports[name]
        ]

    def start_worker(self, name: str) -> None:
        """Starts a worker."""
        self.workers[name] = self._spawn("work", name)

    def stop_service(self, name: str) -> list[int]:
        """Ends a service as an operator would; gives the exit codes."""
        for one in self.processes[name]:
            one.terminate()
        return [one.wait(40) for one in self.processes.pop(name)]

    def change(self, settings: Mapping[str, str], services: Sequence[str], workers: Sequence[str]) -> None:
        """Has these services and workers run with other settings from now on."""
        self.settings.update(settings)
        for name in services:
            self.stop_service(name)
            self.start_service(name)
        for name in workers:
            self.workers[name].terminate()
            self.workers[name].wait(40)
            self.start_worker(name)
        for name in services:
            self._wait_for(name)

    def end(self) -> None:
        """Ends everything."""
        running = [*self.workers.values(), *(one for some in self.processes.values() for one in some)]
        for one in [*running, *([self._front] if self._front else [])]:
            one.terminate()
        for one in running:
            one.wait(40)

    def run(
        self, *arguments: str, given: str = "", timeout_s: float = 100
    ) -> subprocess.CompletedProcess[str]:
        """Runs a `rookery` command with the settings of this network."""
        return subprocess.run(
            [sys.executable, "-m", "rookery", *arguments],
            env=self.environment(),
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd=self.folder,
            check=False,
        )

    def _spawn(self, *arguments: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "rookery", *arguments],
                env=self.environment(),
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def _start_front(self) -> None:
        upstreams = [
            part
            for name, ports in self.ports.items()
            for part in ("--upstream", f"{name}={','.join(f'127.0.0.1:{port}' for port in ports)}")
        ]
        told = self.run(
            *("gateway", "nginx", "--whole", "--listen", f"127.0.0.1:{self.port}"),
            *("--pid", str(self.folder / "nginx.pid"), "--requests-per-second", "100000"),
            *("--tls-cert", str(self.certificate), "--tls-key", str(self._key)),
            *upstreams,
        )
        assert 0 == told.returncode, told.stderr
        file = self.folder / "nginx.conf"
        file.write_text(f"daemon off;\n{told.stdout}")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        with self.log.open("ab") as log:
            self._front = subprocess.Popen([nginx, "-p", self.folder, "-c", file], stdout=log, stderr=log)

    def _wait_for(self, name: str) -> None:
        for port in self.ports[name]:
            self._wait(f"http://127.0.0.1:{port}/readyz", name)

    def _wait(self, url: str, name: str) -> None:
        deadline = time.monotonic() + READY_S_MAX
        while time.monotonic() < deadline:
            try:
                if httpx.get(url, timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"{name} did not start: {self.log.read_text()}")


class Attached(Server):
    """A network that another process started, as `told` describes it."""

    proxied = True

    def __init__(self, told: str) -> None:
        found = json.loads(told)
        super().__init__(Path(found["folder"]), found["settings"])
        self.url, self.port = found["url"], found["port"]


def description(network: Apart) -> str:
    """What Attached needs."""
    return json.dumps(
        {
            "folder": str(network.folder),
            "settings": dict(network.settings),
            "url": network.url,
            "port": network.port,
        }
    )


@contextmanager
def apart(folder: Path, settings: Mapping[str, str]) -> Iterator[Apart]:
    """A network for as long as the block runs."""
    network = Apart(folder, settings)
    try:
        network.start()
        yield network
    finally:
        network.end()
