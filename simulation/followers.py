"""How many follow an author: fitted on a real graph, and stated for larger networks."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

EXPONENT = (
    1.276  # of the share that has more followers: H. Kwak et al., What is Twitter, WWW 2010: density 2.276
)
FOLLOWERS_MAX = 100_000_000


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Of the natural logarithm of the number of followers; `distance` is that of Kolmogorov and Smirnov from what it
    was fitted on."""

    mean: float
    deviation: float
    distance: float


def fitted(counts: Sequence[int]) -> LogNormal:
    """The log-normal distribution most like these numbers of followers, each at least 1."""
    logs = sorted(math.log(one) for one in counts)
    mean, deviation = fmean(logs), pstdev(logs)
    below = [(1 + math.erf((one - mean) / (deviation * math.sqrt(2)))) / 2 for one in logs]
    distance = max(
        max(abs(one - at / len(logs)), abs(one - (at + 1) / len(logs))) for at, one in enumerate(below)
    )
    return LogNormal(mean, deviation, distance)


def degrees(lines: Iterable[str]) -> list[int]:
    """How many friends each in a file of edges has, two numbers a line."""
    found: dict[str, set[str]] = {}
    for line in lines:
        if pair := line.split():
            found.setdefault(pair[0], set()).add(pair[1])
            found.setdefault(pair[1], set()).add(pair[0])
    return [len(friends) for friends in found.values()]


@dataclass(frozen=True, slots=True)
class Pareto:
    """Followers of authors in a large network: P(more than x) = (least / x) ** EXPONENT, cut off at FOLLOWERS_MAX."""

    least: float

    @classmethod
    def with_mean(cls, mean: float) -> "Pareto":
        """The one with this mean."""
        low, high = 1e-3, mean
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if cls(middle).mean_below(FOLLOWERS_MAX) < mean else (low, middle)
        return cls(low)

    def mean_below(self, bound: float) -> float:
        """The mean over all, counting 0 for those with `bound` or more."""
        return EXPONENT / (EXPONENT - 1) * self.least * (1 - math.pow(self.least / bound, EXPONENT - 1))

    def draw(self, chance: random.Random) -> float:
        """Somebody's followers."""
        return min(self.least * math.pow(1 - chance.random(), -1 / EXPONENT), FOLLOWERS_MAX)
