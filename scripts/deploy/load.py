"""What each process asks of its machine and when there are more of it, from figures of docs/benchmarks.json."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rookery.gateway.dispatch import IN_FLIGHT_MAX
from scripts.deploy.facts import SERVICES, WORKERS, figure

# Of the one core that a process can use: at 60% of saturation the benchmark `staleness` saw feeds within their bound.
CPU_TARGET = "600m"
IN_FLIGHT = IN_FLIGHT_MAX // 10  # of a service's pod; at the whole it refuses
IN_FLIGHT_METRIC = "rookery_requests_in_flight"
LAG_METRIC = "rookery_stream_lag_ms"
# Feeds and search promise 500 ms: there are more workers from half of that on. What the others do may be later.
LAG_MS: Mapping[str, int] = {"feed": 250, "search": 250, "counts": 1_000, "upkeep": 30_000}
STEP_MIB = 64
SPARE = 1.25  # of memory, for what grows with connections and batches
FRONT_MIB = 128  # nginx's zones take 42 MiB, a connection some 40 KiB


@dataclass(frozen=True, slots=True)
class Need:
    """What a process asks for. It gets no more memory than twice that, and as much processor as there is."""

    cpu: str
    memory_mib: int

    def resources(self) -> Mapping[str, Mapping[str, str]]:
        """As Kubernetes writes it."""
        return {
            "requests": {"cpu": self.cpu, "memory": f"{self.memory_mib}Mi"},
            "limits": {"memory": f"{2 * self.memory_mib}Mi"},
        }


def _need(process: str) -> Need:
    """A process of Rookery is one thread that works, so one core at most; its memory is measured."""
    peak = figure("cluster_processes", f"memory of the {process}, peak")
    return Need("500m", math.ceil(peak * SPARE / STEP_MIB) * STEP_MIB)


def needs() -> Mapping[str, Need]:
    """By the name of the process: `feed service`, `feed worker`, `front`, `migrate`. Raises ValueError for one that
    was not measured."""
    names = [*(f"{name} service" for name in SERVICES), *(f"{name} worker" for name in WORKERS)]
    measured = {name: _need(name) for name in names}
    return {**measured, "migrate": measured["sweeper worker"], "front": Need("500m", FRONT_MIB)}
