"""The demo's sample network: how long one waits for its 1,000 accounts with all they do to be made up."""

import time
from collections.abc import Sequence
from statistics import median

from benchmarks.figures import Figure, at_most
from benchmarks.run import Benchmark, Run
from rookery.cli.sample import SampleNetwork

SECONDS_MAX = 2.0
_NOW_MS = 1_795_305_600_000


def measure(run: Run) -> Sequence[Figure]:
    """Seconds of a processor, without what storing it takes."""
    taken = [_seconds() for _ in range(run.pick(5, 1))]
    return [Figure("sample", "sample network made", median(taken), "s", at_most(SECONDS_MAX))]


def _seconds() -> float:
    start = time.process_time()
    SampleNetwork(now_ms=_NOW_MS)
    return time.process_time() - start


BENCHMARK = Benchmark("sample", "the demo's sample network, made up", measure)
