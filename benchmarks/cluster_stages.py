"""The stages on a tweet's way to feeds on the cluster engine, at three loads, and the time until a feed shows it: what
the simulation draws its service times from, and what it is held against.

The network of cluster_staleness.py: the Reed98 graph, services and workers as processes behind nginx. Two feed workers
tell of every batch how long it took (timed_worker.py).
"""

import asyncio
import gc
import json
import random
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.cluster import environment, moved, variables
from benchmarks.figures import Figure, quantile
from benchmarks.report import machine
from benchmarks.run import PROJECT, Benchmark, Run, Skipped
from benchmarks.staleness import Crowd, People, reed98
from benchmarks.texts import shared_data
from benchmarks.wire import Wire
from scripts.apart import Processes
from scripts.engines import Fleet, lacking
from scripts.ports import free_port
from simulation.draws import quantiles_of
from simulation.measured import FILE

NAME = "cluster_stages"
ENGINES = ("dynamodb", "redis", "opensearch")
PREFIX = "bench-stages-"
RATES = (2, 4, 8)  # tweets a second
SECONDS = 90
READS_PER_S = 10
WORKERS = 2
OTHER_WORKERS = ("search", "counts", "upkeep", "sweeper")
BATCHES_KEPT = 2_000


class TimedWire(Wire):
    """Keeps how many milliseconds writes took, and reads of feeds, and when each tweet was answered, in Unix ms."""

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        super().__init__(port, tls)
        self.writes: list[float] = []
        self.reads: list[float] = []
        self.answered: dict[int, float] = {}

    async def get(self, path: str, token: str) -> bytes:
        """See Wire."""
        begun = time.monotonic()
        found = await super().get(path, token)
        if path.startswith("/feed/"):
            self.reads.append((time.monotonic() - begun) * 1_000)
        return found

    async def post(self, path: str, token: str, body: bytes, key: str) -> bytes:
        """See Wire."""
        begun = time.monotonic()
        found = await super().post(path, token, body, key)
        self.writes.append((time.monotonic() - begun) * 1_000)
        self.answered[int(json.loads(found)["tweetId"])] = time.time() * 1_000
        return found


def measure(run: Run) -> Sequence[Figure]:
    """The quantiles of each stage at each load; a whole run keeps them for the simulation."""
    if missing := lacking(ENGINES):
        raise Skipped(missing)
    data = shared_data()
    if data is None:
        raise Skipped(
            "the Reed98 graph is not beside the project (ROOKERY_SHARED_DATA names another folder)."
        )
    with (
        run.folder("cluster-stages") as folder,
        Fleet(run.scratch / "engines").lease(ENGINES, run.say) as engines,
    ):
        people = reed98(folder / "data", data)
        settings = environment(engines, PREFIX)
        network = Processes(folder, variables(settings), port=free_port(), log=folder / "log")
        run.say("moving the graph into the tables")
        moved(settings, folder / "data")
        run.say("starting services and workers")
        try:
            network.start(OTHER_WORKERS)
            with _timed_workers(folder, variables(settings)) as told:
                gc.disable()  # a full collection in here would count as a lag of the network
                loads = uvloop.run(_press(run, network, people, told))
        finally:
            gc.enable()
            network.end()
    if not run.quick:
        said = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "workers": WORKERS, "loads": loads}
        FILE.write_text(json.dumps(said) + "\n")
        run.say(f"kept for the simulation in {FILE.relative_to(PROJECT)}: `make simulate` draws from it")
    return [one for load in loads for one in _figures(load)]


@contextmanager
def _timed_workers(folder: Path, variables: Mapping[str, str]) -> Iterator[list[Path]]:
    """The files that feed workers write to while they run."""
    told = [folder / f"batches{number}" for number in range(WORKERS)]
    with ExitStack() as stack:
        for file in told:
            file.touch()
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.timed_worker", str(file)], env=variables, cwd=PROJECT
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        yield told


async def _press(
    run: Run, network: Processes, people: People, told: Sequence[Path]
) -> list[Mapping[str, Any]]:
    tls = ssl.create_default_context(cafile=str(network.certificate))
    loads: list[Mapping[str, Any]] = []
    async with TimedWire(network.port, tls) as wire:
        crowd = Crowd(wire, people, READS_PER_S)
        run.say("reading every feed once")
        await crowd.read_all()
        await crowd.tweet(RATES[0], run.pick(10, 2))  # so that the first load finds everything warm
        for rate in RATES:
            wire.writes, wire.reads = [], []
            before = [file.stat().st_size for file in told]
            run.say(f"tweeting at {rate}/s")
            begun = _processor_s()
            seen = await crowd.tweet(rate, run.pick(SECONDS, 5))
            busy = _busy(begun, _processor_s())
            await asyncio.sleep(1)
            batches = [
                json.loads(line)
                for file, start in zip(told, before, strict=True)
                for line in file.read_bytes()[start:].splitlines()
            ]
            told_at = [pair for batch in batches for pair in batch["told"]]
            random.Random(1).shuffle(batches)
            loads.append(
                {
                    "tweets_per_s": rate,
                    "busy": busy,
                    "write_ms": quantiles_of(wire.writes),
                    "read_ms": quantiles_of(wire.reads),
                    "seen_ms": quantiles_of(seen.feed),
                    "early_ms": quantiles_of(
                        [wire.answered[subject] - at for subject, at in told_at if subject in wire.answered]
                    ),
                    "waited_ms": quantiles_of(
                        [batch["begun"] - at for batch in batches for _, at in batch["told"]]
                    ),
                    "batches": [
                        (len(one["told"]), one["rows"], one["took_ms"]) for one in batches[:BATCHES_KEPT]
                    ],
                }
            )
            await asyncio.sleep(1)
    return loads


def _processor_s() -> tuple[float, float]:
    """Seconds that all processors together have worked, and have been there."""
    ticks = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)  # without idle and iowait


def _busy(before: tuple[float, float], after: tuple[float, float]) -> float:
    return (after[0] - before[0]) / (after[1] - before[1])


def _figures(load: Mapping[str, Any]) -> list[Figure]:
    rate = f"at {load['tweets_per_s']} tweets/s"
    stages = (
        ("a tweet is answered", "write_ms"),
        ("a tweet is answered that has been told", "early_ms"),
        ("a feed is read", "read_ms"),
        ("a feed worker takes an event up", "waited_ms"),
        ("a feed shows a tweet", "seen_ms"),
    )
    figures = [
        Figure(NAME, f"until {what}, {rate}, p{share}", quantile(load[stage], share / 100), "ms")
        for what, stage in stages
        for share in (50, 99)
    ]
    took = [one[2] for one in load["batches"]]
    return [
        *figures,
        Figure(NAME, f"a batch of fan-out, {rate}, p50", quantile(took, 0.5), "ms"),
        Figure(NAME, f"share of all processors used, {rate}", load["busy"], "ratio"),
    ]


BENCHMARK = Benchmark(
    NAME, "the stages on a tweet's way to feeds, at three loads: for the simulation", measure
)
