"""Counting requests: each process adds to numbers in a mapped file of its own, which costs less than a microsecond;
exposition.py reads the files of all processes."""

import mmap
import os
import secrets
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from rookery.core.errors import STATUS

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
STATUSES = tuple(sorted({200, 303, *(status for status, _ in STATUS.values())}))
SUFFIX = ".meter"
NUMBER_BYTES = 8

_SLOTS = {status: place for place, status in enumerate(STATUSES)}
BUCKETS_AT = len(STATUSES)
SUM_AT = BUCKETS_AT + len(BOUNDS_S) + 1
SERIES_NUMBERS = SUM_AT + 1  # of one route: requests by status, requests by duration, seconds in all


class Series(msgspec.Struct, frozen=True):
    """What is counted apart: a method and a route's path."""

    method: str
    route: str


class Gauge(msgspec.Struct, frozen=True):
    """A number that goes up and down, as shown: `rookery_<name>`; `group` says what of, where there are several."""

    name: str
    doc: str
    group: str = ""


READY = Gauge("ready", "Whether the process takes requests, or works: 1 or 0.")


class MeterHead(msgspec.Struct):
    """The first line of a meter file, in JSON: how to read the numbers after it, of which the last is the beat."""

    pid: int
    series: Sequence[Series]
    gauges: Sequence[Gauge]


class Meter:
    """The numbers of this process: those of each series, the gauges, and the beat: when the gauges were taken, by the
    monotonic clock, which all processes of a machine share. Without a folder nobody sees them."""

    def __init__(
        self,
        series: Sequence[Series],
        gauges: Sequence[tuple[Gauge, Callable[[], float]]],
        folder: Path | None = None,
    ) -> None:
        self._reads = [read for _, read in gauges]
        self._gauges_at = len(series) * SERIES_NUMBERS
        self._beat_at = self._gauges_at + len(gauges)
        size = (self._beat_at + 1) * NUMBER_BYTES
        line = msgspec.json.encode(MeterHead(os.getpid(), series, [gauge for gauge, _ in gauges])) + b"\n"
        line = line.rjust(-(-len(line) // NUMBER_BYTES) * NUMBER_BYTES)
        self._cells = memoryview(_mapped(folder, line, size)).cast("d")[len(line) // NUMBER_BYTES :]

    def observe(self, series: int, status: int, seconds: float) -> None:
        """Counts an answer of the series at this place in the list."""
        cells = self._cells
        at = series * SERIES_NUMBERS
        cells[at + _SLOTS[status]] += 1.0
        cells[at + BUCKETS_AT + bisect_left(BOUNDS_S, seconds)] += 1.0
        cells[at + SUM_AT] += seconds

    def sample(self) -> None:
        """Takes the gauges' values now; NaN is what is not known."""
        for place, read in enumerate(self._reads, self._gauges_at):
            self._cells[place] = read()
        self._cells[self._beat_at] = time.monotonic()


def _mapped(folder: Path | None, line: bytes, size: int) -> mmap.mmap:
    if folder is None:
        return mmap.mmap(-1, len(line) + size)
    path = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
    with path.open("w+b") as file:
        file.write(line + bytes(size))
        file.flush()
        path.rename(path.with_suffix(SUFFIX))  # now whole, for who reads it
        return mmap.mmap(file.fileno(), len(line) + size)
