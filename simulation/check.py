"""The simulation held against the real cluster engine: three measured loads, simulated."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.staleness import POLL_MS
from simulation.followers import degrees
from simulation.measured import Load, Measured
from simulation.pipeline import Cost, Stages, in_feeds, poisson

SECONDS = 3_000.0
DEVIATION_MAX = 0.20
SHARES = (0.5, 0.99)
LOOKS = [one / 10 for one in range(11)]


@dataclass(frozen=True, slots=True)
class Compared:
    """A quantile of the time until a feed shows a tweet, in milliseconds, measured and simulated."""

    tweets_per_s: float
    share: float
    measured: float
    simulated: float

    @property
    def deviation(self) -> float:
        """How far the simulation is off, as a share of what was measured."""
        return self.simulated / self.measured - 1

    @property
    def holds(self) -> bool:
        """Whether that is near enough."""
        return abs(self.deviation) <= DEVIATION_MAX


def compared(measured: Measured, graph: Path, seed: int) -> list[Compared]:
    """Each load and quantile. `graph`: the file of edges that was measured on. Stages are those of the load, as all
    processes share two processors; put together, and made to wait for one another, they are simulated. The one thing
    that is not measured, when in the course of a read the feed is looked at, is fitted on p50 of the lowest load."""
    friends = degrees(graph.read_text().splitlines())
    least = measured.loads[0]
    look = min(LOOKS, key=lambda one: abs(_at(least, measured.workers, friends, one, seed)[0].deviation))
    return [one for load in measured.loads for one in _at(load, measured.workers, friends, look, seed)]


def _at(load: Load, workers: int, friends: Sequence[int], look: float, seed: int) -> list[Compared]:
    chance = random.Random(seed)  # noqa: S311 - to be had again
    stages = Stages(load, chance, Cost.measured())
    due = poisson(load.tweets_per_s, SECONDS, chance)
    rows = [float(chance.choice(friends)) for _ in due]
    answered, shown = in_feeds(due, rows, stages, [0.0] * workers)
    times = sorted(
        (_polled(at, there, stages, look) - begun) * 1_000
        for begun, at, there in zip(due, answered, shown, strict=True)
    )
    return [
        Compared(load.tweets_per_s, share, _quantile(load.seen, share), _quantile(times, share))
        for share in SHARES
    ]


def _polled(now: float, there: float, stages: Stages, look: float) -> float:
    """When a client that asks as that of the benchmark does has an answer with the tweet; `look`: at which share of a
    read the feed is looked at."""
    pause_ms, pause_ms_max = POLL_MS
    while True:
        took = stages.read()
        if now + took * look >= there:
            return now + took
        now += took + pause_ms / 1_000
        pause_ms = min(pause_ms_max, pause_ms * 1.3)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))]
