"""What each process asks of its machine and when there are more of it, from figures of docs/benchmarks.json."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rookery.engines.cluster.streams import PARTITIONS
from scripts.deploy.facts import SERVICES, WORKERS, figure

# Of the one core that a process can use: at 60% of saturation the benchmark `staleness` saw feeds within their bound.
CPU_TARGET = "600m"
# What a service's process has of these when there are to be more of it; docs/operator.md says why.
IN_FLIGHT_METRIC, IN_FLIGHT = "rookery_requests_in_flight", 50
LOOP_DELAY_METRIC, LOOP_DELAY_MS = "rookery_loop_delay_ms", 100
BUSY: Mapping[str, int] = {IN_FLIGHT_METRIC: IN_FLIGHT, LOOP_DELAY_METRIC: LOOP_DELAY_MS}
LAG_METRIC = "rookery_stream_lag_ms"
# Feeds and search promise 500 ms: there are more workers from half of that on. What the others do may be later.
LAG_MS: Mapping[str, int] = {"feed": 250, "search": 250, "counts": 5_000, "upkeep": 5_000}
WORKERS_MOST = PARTITIONS  # of a stream, which all of a group read
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
