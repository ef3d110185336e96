"""What a thing costs, as benchmarks measured it: `measured.json` beside this file, which every run of them updates.

A figure that no benchmark has written yet has a stated one in its place, and says so.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rookery.core.errors import OperatorError

FILE = Path(__file__).with_name("measured.json")
COSTS_BENCH = "cluster_costs"  # the benchmark that measures one action after the other
COLD = "feed page, nothing cached"
WRITES = ("tweet", "reply", "retweet", "like", "follow")
ACTIONS = ("feed page", COLD, "profile page", "search page", "signed-in check", *WRITES)
FOLLOWING = (
    "feed",
    "search",
    "counts",
    "upkeep",
)  # workers; a message to `feed` is without the rows that it writes
COSTS: Mapping[str, str] = {
    "processor": "ms",
    "processor of Redis": "us",
    "bytes out of Redis": "B",
    "DynamoDB read units": "units",
    "DynamoDB write units": "units",
    "write units of its busiest table": "units",
    "rows kept": "rows",
    "bytes kept": "B",
    "events told": "messages",
    "counts told": "messages",
    "answer": "B",
}
WORKER_COSTS = tuple(COSTS)[:5]
OTHERS: Mapping[str, str] = {
    "feed row, processor of Redis": "us",
    "sweeper, an event, processor": "ms",
    "sweeper, an event, DynamoDB read units": "units",
    "hint read by a process, processor of Redis": "us",
    "stored feed": "B",
    "row of a list": "B",
    "row of the outbox": "B",
    "cached row in Redis": "B",
    "rows cached for one viewer's page": "rows",
    "event in a stream": "B",
    "tweet in the index": "B",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A figure of a benchmark by its names, and what stands in for it until it is measured, with the source of that."""

    bench: str
    figure: str
    unit: str
    instead: float | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A value and where it comes from. `stated`: no benchmark of this project measured it."""

    value: float
    unit: str
    source: str
    stated: bool = False


FEED_READS = Wanted(
    "cluster_feed_read",
    "feed read by 100 accounts, from the caches",
    "/s",
    500,
    "2.0 ms of the processor a cached page, docs/decisions/0024-rows-in-redis.md",
)
GATEWAY = Wanted("tweets", "no-op POST through the same gateway", "/s")
FEED_ROWS = Wanted(
    "cluster_fanout",
    "feed rows delivered by a worker on one core",
    "rows/s",
    50_000,
    "the least that the benchmark cluster_fanout lets pass",
)


def cost(action: str, what: str) -> Wanted:
    """What one of ACTIONS costs, of COSTS."""
    return Wanted(COSTS_BENCH, f"{action}, {what}", COSTS[what])


def worker_cost(worker: str, what: str) -> Wanted:
    """What a message costs one of FOLLOWING, of WORKER_COSTS."""
    return Wanted(COSTS_BENCH, f"{worker} worker, a message, {what}", COSTS[what])


def other(name: str) -> Wanted:
    """One of OTHERS."""
    return Wanted(COSTS_BENCH, name, OTHERS[name])


def memory(process: str) -> Wanted:
    """The memory of a kind of process, such as `feed worker`."""
    return Wanted(
        "cluster_processes", f"memory of the {process}, peak", "MiB", 256, "assumed, until it is measured"
    )


def wanted(processes: Iterable[str]) -> list[Wanted]:
    """Every figure that a plan asks for; `processes` are the kinds of them."""
    return [
        FEED_READS,
        GATEWAY,
        FEED_ROWS,
        *(cost(action, what) for action in ACTIONS for what in COSTS),
        *(worker_cost(worker, what) for worker in FOLLOWING for what in WORKER_COSTS),
        *map(other, OTHERS),
        *map(memory, processes),
    ]


class Figures:
    """The figures of a file such as measured.json: by benchmark its date, machine and figures."""

    def __init__(self, benchmarks: Mapping[str, Any]) -> None:
        self._benchmarks = benchmarks
        self.asked: dict[Wanted, Known] = {}

    def known(self, one: Wanted) -> Known:
        """A figure as measured, or what stands in for it. Raises OperatorError where there is neither."""
        bench = self._benchmarks.get(one.bench, {})
        if one.figure in bench.get("figures", {}):
            source = f"benchmark {one.bench}: {one.figure} ({bench['date']}, {bench['machine']})"
            found = Known(bench["figures"][one.figure], one.unit, source)
        elif one.instead is not None:
            found = Known(one.instead, one.unit, f"stated, not measured yet: {one.because}", stated=True)
        else:
            raise OperatorError(
                f"Nothing is known of `{one.figure}`: measure it with `python -m benchmarks {one.bench}`."
            )
        self.asked[one] = found
        return found

    def value(self, one: Wanted) -> float:
        """The value of a figure."""
        return self.known(one).value


@cache
def _benchmarks() -> Mapping[str, Any]:
    return json.loads(FILE.read_text("utf-8"))["benchmarks"]  # type: ignore[no-any-return]


def figures() -> Figures:
    """Those that came with Rookery."""
    return Figures(_benchmarks())


def kept(report: Mapping[str, Any], chosen: Iterable[Wanted]) -> str:
    """The text of measured.json, out of the benchmarks of benchmarks.json."""
    found: dict[str, Any] = {}
    for one in chosen:
        bench = report.get(one.bench)
        values = {} if bench is None else {figure["name"]: figure["value"] for figure in bench["figures"]}
        if bench is not None and one.figure in values:
            said = {"date": bench["date"], "machine": bench["machine"], "figures": {}}
            found.setdefault(one.bench, said)["figures"][one.figure] = values[one.figure]
    return json.dumps({"benchmarks": found}, indent=1) + "\n"
