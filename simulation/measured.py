"""What `python -m benchmarks cluster_stages` measured, in measured.json beside this file: stages and outcome, at three
loads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True, slots=True)
class Load:
    """One load. Times are quantiles, evenly spaced, in milliseconds: `write` until a tweet is answered, `early` by how
    much earlier it is told, `read` until a feed is read, `waited` from telling until a worker takes an event up, `seen`
    from when a tweet was due until its feed shows it. `batches` of the feed workers: events, feed rows, milliseconds
    until the last of these was written. `busy`: the share of the machine's processors that was used."""

    tweets_per_s: float
    busy: float
    write: Sequence[float]
    early: Sequence[float]
    read: Sequence[float]
    waited: Sequence[float]
    seen: Sequence[float]
    batches: Sequence[tuple[int, int, float]]


@dataclass(frozen=True, slots=True)
class Measured:
    """A run of the benchmark: when, on what, with how many feed workers."""

    date: str
    machine: str
    workers: int
    loads: Sequence[Load]


def read(file: Path = FILE) -> Measured:
    """The last whole run."""
    told: dict[str, Any] = json.loads(file.read_text("utf-8"))
    loads = [
        Load(
            one["tweets_per_s"],
            one["busy"],
            one["write_ms"],
            one["early_ms"],
            one["read_ms"],
            one["waited_ms"],
            one["seen_ms"],
            [tuple(batch) for batch in one["batches"]],
        )
        for one in told["loads"]
    ]
    return Measured(told["date"], told["machine"], told["workers"], loads)
