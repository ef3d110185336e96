"""What cannot be measured here: 100 million daily users, on an ordinary day and when something is amiss.

The fleet is that of `rookery plan`. Simulated is one of PARTITIONS equal parts of it, with its part of the tweets and
of the workers, as if each stream had workers of its own; the code lets every worker read every stream, which evens out
more.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rookery.config import Feed
from rookery.engines.cluster.streams import PARTITIONS
from rookery.plan.load import Load as People
from rookery.plan.measured import figures
from rookery.plan.resources import processes, rates
from simulation.draws import KEPT, quantiles_of
from simulation.followers import FOLLOWERS_MAX, Pareto
from simulation.measured import Measured
from simulation.pipeline import Cost, Stages, in_feeds, poisson

DAU = 100e6
BOUND_S = 0.5
CALM_S, MINUTE_S = 10.0, 60.0
SCALED_S = 45.0  # assumed: 15 s until the metric is seen, 30 s until new processes work
AWAY_S = 20.0  # assumed: until a replica of a lost Redis shard has taken over
LARGEST_EVERY_S = 10.0
SHARES = (0.5, 0.99, 0.999, 1.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario, and how long its tweets took: `quantiles` in seconds, evenly spaced; `late`: the share of them that
    took more than BOUND_S; `of`: how much of all tweets these are."""

    name: str
    tweets: int
    quantiles: Sequence[float]
    late: float
    of: str = "all"

    def at(self, share: float) -> float:
        """A quantile, in seconds."""
        return self.quantiles[round(share * (len(self.quantiles) - 1))]


class Scenario:
    """Random numbers, stages and people of one scenario."""

    def __init__(self, measured: Measured, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - to be had again
        self.people = People(dau=DAU)
        self.known = figures()
        self.celebrity = Feed().celebrity_followers
        self.stages = Stages(measured.loads[0], self.chance, Cost.measured())
        self.followers = Pareto.with_mean(self.people.follows)
        self.present = (
            self.people.delivered_share * self.people.follows / self.followers.mean_below(self.celebrity)
        )

    def workers(self, times: float) -> int:
        """Feed workers of this part for so many times the mean load."""
        load = rates(self.people, self.known, times)
        return math.ceil(processes("feed worker", self.people, load, self.known) / PARTITIONS)

    def tweets(self, times: float, seconds: float, start: float = 0.0) -> list[float]:
        """When tweets are due at so many times the mean load."""
        return poisson(rates(self.people, self.known, times).posts / PARTITIONS, seconds, self.chance, start)

    def rows(self) -> float:
        """The feeds that a tweet is written to; none of a celebrity's, which is merged when a feed is read."""
        followers = self.followers.draw(self.chance)
        return 0.0 if followers >= self.celebrity else followers * self.present

    def outcome(
        self,
        name: str,
        due: Sequence[float],
        workers: Sequence[float],
        *,
        rows: Sequence[float] | None = None,
        told_from: float = 0.0,
        told_to: float = 0.0,
        of: str = "all",
    ) -> Outcome:
        """Simulates, and reads each tweet's feed when it is there."""
        made = [self.rows() for _ in due] if rows is None else rows
        _, shown = in_feeds(due, made, self.stages, workers, told_from, told_to)
        times = [at + self.stages.read() - begun for begun, at in zip(due, shown, strict=True)]
        late = sum(one > BOUND_S for one in times) / len(times)
        return Outcome(name, len(times), quantiles_of(times, KEPT * 50), late, of)


def average(one: Scenario) -> list[Outcome]:
    """The mean load for three minutes."""
    return [one.outcome("average", one.tweets(1, 3 * MINUTE_S), [0.0] * one.workers(1))]


def peak(one: Scenario) -> list[Outcome]:
    """A minute of the peak, with the workers that it needs."""
    times = one.people.peak
    return [
        one.outcome(f"peak, {times:g} times that", one.tweets(times, MINUTE_S), [0.0] * one.workers(times))
    ]


def late_fleet(one: Scenario) -> list[Outcome]:
    """A minute of the peak meets the workers of an average day; the others come SCALED_S later."""
    times = one.people.peak
    due = one.tweets(1, CALM_S)
    due += one.tweets(times, MINUTE_S, CALM_S)
    due += one.tweets(1, MINUTE_S, CALM_S + MINUTE_S)
    now, then = one.workers(1), one.workers(times)
    workers = [0.0] * now + [CALM_S + SCALED_S] * (then - now)
    return [one.outcome(f"peak, workers {SCALED_S:.0f} s late", due, workers)]


def largest(one: Scenario) -> list[Outcome]:
    """An account that 100 million follow tweets again and again: merged at read; and once as if it were fanned out."""
    due = sorted([*one.tweets(1, MINUTE_S), *(LARGEST_EVERY_S * at for at in range(1, 6))])
    workers = [0.0] * one.workers(1)
    rows = [one.rows() for _ in due]
    for at in range(1, 6):
        rows[due.index(LARGEST_EVERY_S * at)] = 0.0
    merged = one.outcome("100M-follower account, merged at read", due, workers, rows=rows)
    rows[due.index(LARGEST_EVERY_S)] = FOLLOWERS_MAX * one.present
    return [merged, one.outcome("the same, one of its tweets fanned out", due, workers, rows=rows)]


def lost_shard(one: Scenario) -> list[Outcome]:
    """The Redis of a stream is away: its tweets are told when a replica has taken over. With one Redis, as today, these
    are all tweets; if each stream had its own, and each process told them apart, one of PARTITIONS."""
    due = one.tweets(1, MINUTE_S + AWAY_S)
    workers = [0.0] * one.workers(1)
    name, of = f"Redis of the streams away for {AWAY_S:.0f} s", f"all; 1 of {PARTITIONS} if each had its own"
    return [one.outcome(name, due, workers, told_from=CALM_S, told_to=CALM_S + AWAY_S, of=of)]


SCENARIOS: Sequence[Callable[[Scenario], list[Outcome]]] = (average, peak, largest, late_fleet, lost_shard)


def all_outcomes(measured: Measured, seed: int, say: Callable[[str], None]) -> list[Outcome]:
    """Every scenario, each with a seed of its own that follows `seed`."""
    found: list[Outcome] = []
    for number, scenario in enumerate(SCENARIOS):
        run = partial(scenario, Scenario(measured, seed + number))
        say(f"{scenario.__name__}, seed {seed + number}")
        found += run()
    return found
