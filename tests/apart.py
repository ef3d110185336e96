"""A network whose services and workers are processes of their own, behind nginx over HTTPS."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.apart import WORKERS, Processes
from tests.serving import TRUSTED, Server


class Apart(Server):
    """The whole of it; `processes` are what it consists of."""

    proxied = True
    workers: Sequence[str] = WORKERS

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, settings)
        folder.mkdir()
        self.processes = Processes(folder, self.environment(), port=self.port, log=self.log)
        self.url = self.processes.url

    def start(self) -> None:
        """Starts everything and waits until it is ready."""
        TRUSTED.load_verify_locations(self.processes.certificate)
        self.processes.start(self.workers)

    @contextmanager
    def with_settings(self, settings: Mapping[str, str], services: list[str]) -> Iterator[None]:
        """Has these services run with other settings for as long as the block runs."""
        before = dict(self.settings)
        self.settings.update(settings)
        self.processes.restart(self.environment(), services)
        try:
            yield
        finally:
            self.settings = before
            self.processes.restart(self.environment(), services)

    def run(
        self, *arguments: str, given: str = "", timeout_s: float = 100
    ) -> subprocess.CompletedProcess[str]:
        """Runs a `rookery` command with the settings of this network."""
        return self.processes.run(*arguments, given=given, timeout_s=timeout_s)


@contextmanager
def apart(folder: Path, settings: Mapping[str, str]) -> Iterator[Apart]:
    """A network for as long as the block runs."""
    network = Apart(folder, settings)
    try:
        network.start()
        yield network
    finally:
        network.processes.end()
