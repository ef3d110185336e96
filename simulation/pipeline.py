"""From when a tweet is due until a follower's feed shows it, in seconds."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from rookery.plan.measured import FEED_ROWS, figures, worker_cost
from simulation.draws import Draw, quantiles_of
from simulation.fleet import delivered
from simulation.measured import Load


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of a worker's processor for an event and for a feed row."""

    event_ms: float
    row_ms: float

    @classmethod
    def measured(cls) -> "Cost":
        """As the benchmarks cluster_costs and cluster_fanout measured it."""
        known = figures()
        return cls(known.value(worker_cost("feed", "processor")), 1_000 / known.value(FEED_ROWS))

    def of(self, events: int, rows: float) -> float:
        """Of a batch."""
        return self.event_ms * events + self.row_ms * rows


class Stages:
    """The random parts of the way, each drawn from what was measured at one load."""

    def __init__(self, load: Load, chance: random.Random, cost: Cost) -> None:
        self._cost = cost
        self._write = Draw(load.write, chance)
        self._early = Draw(load.early, chance)
        self._read = Draw(load.read, chance)
        self._waited = Draw(load.waited, chance)
        asleep = [max(0.0, took - cost.of(events, rows)) for events, rows, took in load.batches]
        self._asleep = Draw(quantiles_of(asleep), chance)

    def write(self) -> float:
        """Seconds until a tweet is answered."""
        return self._write() / 1_000

    def early(self) -> float:
        """Seconds from telling until the answer."""
        return max(0.0, self._early()) / 1_000

    def read(self) -> float:
        """Seconds until a feed is read."""
        return self._read() / 1_000

    def waited(self) -> float:
        """Seconds until a worker that has nothing to do takes an event up."""
        return max(0.0, self._waited()) / 1_000

    def asleep(self) -> float:
        """Seconds of a batch in which the worker waits for answers, and does other things."""
        return self._asleep() / 1_000

    def work(self, rows: Sequence[float]) -> float:
        """Seconds of the worker's processor for a batch."""
        return self._cost.of(len(rows), sum(rows)) / 1_000


def poisson(per_s: float, seconds: float, chance: random.Random, start: float = 0.0) -> list[float]:
    """Moments at which something comes at a rate."""
    found, at = [], start
    while (at := at + chance.expovariate(per_s)) < start + seconds:
        found.append(at)
    return found


def in_feeds(
    due: Sequence[float],
    rows: Sequence[float],
    stages: Stages,
    workers: Sequence[float],
    told_from: float = 0.0,
    told_to: float = 0.0,
) -> tuple[list[float], list[float]]:
    """When each is answered, and when it is in feeds: told a little earlier, taken up and fanned out. What would be
    told between `told_from` and `told_to`, when its stream is away, is told after that."""
    answered = [at + stages.write() for at in due]
    told = [max(begun, at - stages.early()) for begun, at in zip(due, answered, strict=True)]
    told = [told_to if told_from <= at < told_to else at for at in told]
    queued = [at + stages.waited() for at in told]
    done = delivered(queued, rows, stages.work, workers)
    return answered, [at + stages.asleep() for at in done]
