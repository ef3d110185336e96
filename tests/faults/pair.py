"""Two processes of every service behind nginx over HTTPS, and workers beside them: enough to stop one of each."""

from collections.abc import Mapping
from pathlib import Path

from scripts.apart import SERVICES, Processes
from scripts.ports import free_port
from tests.apart import Apart

ALL = "all"  # how the two are called in `services`, and a worker process of every kind in `workers`


class PairProcesses(Processes):
    """Each of the two serves everything; nginx knows them as the processes of every service."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, port: int, log: Path) -> None:
        super().__init__(folder, environment, port=port, log=log)
        both = [free_port() for _ in range(2)]
        self.ports = dict.fromkeys(SERVICES, both)

    def _spawn_service(self, name: str) -> None:
        self.services[ALL] = self.services.get(ALL) or [
            self._spawn("serve", "--services", ",".join(SERVICES), "--port", str(port))
            for port in self.ports[name]
        ]


class Pair(Apart):
    """The network of such processes, with two worker processes."""

    workers = (ALL, ALL)

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, settings)
        self.processes = PairProcesses(folder, self.environment(), port=self.port, log=self.log)
