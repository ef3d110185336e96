"""The queueing of the simulation, against what queueing theory knows."""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean

import pytest

from simulation.fleet import delivered
from simulation.pipeline import poisson

RATE, SERVICE_S = 70.0, 0.01  # so that a worker is busy for 0.7 of the time
SECONDS = 2_000.0


def mean_stay(work: Callable[[Sequence[float]], float], turns: int) -> float:
    """The mean time from the queue to the end, one worker, one event a batch."""
    told = poisson(RATE, SECONDS, random.Random(3))
    done = delivered(told, [0.0] * len(told), work, [0.0], batch_max=1, turns=turns)
    return fmean(end - at for at, end in zip(told, done, strict=True))


def constant(rows: Sequence[float]) -> float:
    """A service time that is always the same."""
    return SERVICE_S * len(rows)


def exponential(chance: random.Random) -> Callable[[Sequence[float]], float]:
    """Service times without memory."""
    return lambda rows: sum(chance.expovariate(1 / SERVICE_S) for _ in rows)


def test_one_after_the_other_with_constant_times_waits_as_theory_says() -> None:
    """M/D/1: the mean stay is s + busy * s / (2 * (1 - busy)) (Pollaczek and Khinchine)."""
    busy = RATE * SERVICE_S
    expected = SERVICE_S + busy * SERVICE_S / (2 * (1 - busy))
    assert expected == pytest.approx(mean_stay(constant, 1), rel=0.03)


def test_one_after_the_other_with_exponential_times_waits_as_theory_says() -> None:
    """M/M/1: the mean stay is s / (1 - busy)."""
    expected = SERVICE_S / (1 - RATE * SERVICE_S)
    assert expected == pytest.approx(mean_stay(exponential(random.Random(4)), 1), rel=0.06)


@pytest.mark.parametrize("times", ["constant", "exponential"])
def test_a_shared_processor_waits_as_theory_says(times: str) -> None:
    """M/G/1 with processor sharing: the mean stay is s / (1 - busy), whatever the distribution."""
    work = constant if times == "constant" else exponential(random.Random(5))
    expected = SERVICE_S / (1 - RATE * SERVICE_S)
    assert expected == pytest.approx(mean_stay(work, 1_000_000), rel=0.06)


def test_what_is_in_hand_shares_the_processor() -> None:
    """Two batches of 1 s and 3 s taken up at once end after 2 s and 4 s; with one turn after 1 s and 4 s."""
    both = [0.0, 0.0], [1.0, 3.0]
    assert [2.0, 4.0] == pytest.approx(delivered(*both, sum, [0.0], batch_max=1, turns=2))
    assert [1.0, 4.0] == pytest.approx(delivered(*both, sum, [0.0], batch_max=1, turns=1))


def test_what_waits_is_taken_together() -> None:
    """While a worker has no turn left, what comes waits, and goes into one batch, as many as fit."""
    told = [0.0, 0.1, 0.2, 0.3]
    done = delivered(told, [1.0] * 4, sum, [0.0], batch_max=2, turns=1)
    assert [1.0, 3.0, 3.0, 4.0] == pytest.approx(done)


def test_a_worker_takes_nothing_before_it_is_there() -> None:
    """What comes before the first worker waits for it; a second one takes work from then on."""
    assert [6.0, 6.0] == pytest.approx(delivered([0.0, 1.0], [1.0, 1.0], max, [5.0]))
    with pytest.raises(ValueError, match="without workers"):
        delivered([0.0], [1.0], max, [])
    done = delivered([0.0, 0.0, 0.0], [4.0, 4.0, 4.0], sum, [0.0, 2.0], batch_max=1, turns=1)
    assert [4.0, 6.0, 8.0] == pytest.approx(done)


def test_nothing_is_lost_and_nothing_is_early() -> None:
    """Whatever the fleet, each event is delivered once it has come, and more workers deliver no later on the whole."""
    chance = random.Random(6)
    told = poisson(500.0, 20.0, chance)
    rows = [chance.paretovariate(1.3) for _ in told]
    means = []
    for count in (2, 4, 8):
        done = delivered(told, rows, lambda batch: 0.002 * sum(batch), [0.0] * count)
        assert all(end > at for at, end in zip(told, done, strict=True))
        means.append(fmean(end - at for at, end in zip(told, done, strict=True)))
    assert all(more < fewer for fewer, more in pairwise(means))
