"""Rookery's services and workers as processes of their own, behind nginx over HTTPS: for tests and benchmarks."""

import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.certificates import self_signed
from scripts.ports import free_port

READY_S_MAX = 480.0  # all of them start at once, perhaps on a busy machine
END_S_MAX = 120.0
LOG_TAIL = 4_000  # characters that a failure tells
SERVICES: Mapping[str, int] = {  # and how many processes of it
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


class Processes:
    """The processes of one network. `environment` holds the settings of the cluster engine; what they say goes to
    `log`. `services` and `workers` are the running processes by name."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        *,
        port: int,
        log: Path,
    ) -> None:
        self.folder = folder
        self.url = f"https://127.0.0.1:{port}"
        self.certificate, self._key = self_signed(folder)
        self.ports = {name: [free_port() for _ in range(count)] for name, count in SERVICES.items()}
        self.services: dict[str, list[subprocess.Popen[bytes]]] = {}
        self.workers: dict[str, list[subprocess.Popen[bytes]]] = {}
        self._set(environment)
        self.port = port
        self._log = log
        self._front: subprocess.Popen[bytes] | None = None

    def start(self, workers: Sequence[str] = WORKERS) -> None:
        """Starts everything and returns when it is ready. Raises AssertionError where something does not start."""
        made = self.run("migrate")
        assert made.returncode == 0, made.stderr
        self._start_front()
        for name in self.ports:
            self._spawn_service(name)
        for name in workers:
            self.start_worker(name)
        for name in self.ports:
            self._wait_for(name)
        self._wait(f"{self.url}/readyz", "nginx")

    def start_service(self, name: str) -> None:
        """Starts the processes of a service, and returns when they are ready."""
        self._spawn_service(name)
        self._wait_for(name)

    def restart(self, environment: Mapping[str, str], services: Sequence[str]) -> None:
        """Has these services run with another environment from now on."""
        self._set(environment)
        for name in services:
            self.stop_service(name)
            self.start_service(name)

    def start_worker(self, name: str) -> None:
        """Starts one more process of a worker."""
        self.workers.setdefault(name, []).append(self._spawn("work", name))

    def stop_service(self, name: str) -> list[int]:
        """Ends a service as an operator would; gives the exit codes."""
        for one in self.services[name]:
            one.terminate()
        return [one.wait(END_S_MAX) for one in self.services.pop(name)]

    def end(self) -> None:
        """Ends everything that runs."""
        running = self._running()
        for one in running:
            one.terminate()
        for one in running:
            one.wait(END_S_MAX)
        self.workers, self.services, self._front = {}, {}, None

    def run(
        self, *arguments: str, given: str = "", timeout_s: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """Runs a `rookery` command with the settings of this network; it reads `given`."""
        return subprocess.run(
            [sys.executable, "-m", "rookery", *arguments],
            env=self._environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd=self.folder,
            check=False,
        )

    def _set(self, environment: Mapping[str, str]) -> None:
        self._environment = {**environment, "ROOKERY_SERVER_TRUSTED_PROXIES": "127.0.0.1"}

    def _spawn_service(self, name: str) -> None:
        self.services[name] = [
            self._spawn("serve", "--services", name, "--port", str(port)) for port in self.ports[name]
        ]

    def _spawn(self, *arguments: str) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "rookery", *arguments],
                env=self._environment,
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
        assert told.returncode == 0, told.stderr
        file = self.folder / "nginx.conf"
        file.write_text(f"daemon off;\n{told.stdout}")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        with self._log.open("ab") as log:
            command = [nginx, "-p", str(self.folder), "-c", str(file)]
            self._front = subprocess.Popen(command, stdout=log, stderr=log)

    def _wait_for(self, name: str) -> None:
        for port in self.ports[name]:
            self._wait(f"http://127.0.0.1:{port}/readyz", name)

    def _wait(self, url: str, name: str) -> None:
        believed = ssl.create_default_context(cafile=str(self.certificate))
        deadline = time.monotonic() + READY_S_MAX
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(url, timeout=2, context=believed):  # noqa: S310 - loopback
                    return
            except (urllib.error.URLError, OSError):
                self._see_that_all_run()
                time.sleep(0.1)
        raise AssertionError(f"{name} did not start: {self._tail()}")

    def _see_that_all_run(self) -> None:
        """Raises AssertionError where a process has ended by itself."""
        for one in self._running():
            assert one.poll() is None, f"{one.args!r} ended with {one.returncode}: {self._tail()}"

    def _running(self) -> list["subprocess.Popen[bytes]"]:
        running = [one for some in (*self.workers.values(), *self.services.values()) for one in some]
        return [*running, self._front] if self._front else running

    def _tail(self) -> str:
        return self._log.read_text()[-LOG_TAIL:]
