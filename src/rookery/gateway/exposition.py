"""Showing what all processes counted, in Prometheus' format, on a port of its own."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from rookery.core.errors import OperatorError
from rookery.gateway.metrics import (
    BOUNDS_S,
    BUCKETS_AT,
    SERIES_NUMBERS,
    STATUSES,
    SUFFIX,
    SUM_AT,
    Gauge,
    MeterHead,
    Series,
)

_EDGES = (*(str(bound) for bound in BOUNDS_S), "+Inf")


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of one process."""

    head: MeterHead
    numbers: Sequence[float]


class MeterFolder(Collector):
    """Adds up the meter files of a folder. Processes that ended go on counting, but have no gauges."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        readings = [read(path) for path in sorted(self._folder.glob(f"*{SUFFIX}"))]
        yield from _request_metrics(_sums(readings))
        yield from _gauges([reading for reading in readings if _lives(reading.head.pid)])


def start_metrics(host: str, port: int, folder: Path) -> None:
    """Serves /metrics from a thread of this process. Raises OperatorError where the port is taken, or the address is
    not of this machine."""
    registry = CollectorRegistry()
    registry.register(MeterFolder(folder))
    try:
        start_http_server(port, host, registry)
    except OSError as fault:
        raise OperatorError(
            f"Cannot serve metrics on port {port} of {host} ({fault.strerror}): set server.metrics_port to another, or"
            " to 0, or server.metrics_host to an address of this machine."
        ) from None


def read(path: Path) -> Reading:
    """A meter file."""
    line, _, numbers = path.read_bytes().partition(b"\n")
    return Reading(msgspec.json.decode(line, type=MeterHead), memoryview(numbers).cast("d"))


def _sums(readings: Sequence[Reading]) -> dict[Series, list[float]]:
    sums: dict[Series, list[float]] = {}
    for reading in readings:
        for place, series in enumerate(reading.head.series):
            numbers = reading.numbers[place * SERIES_NUMBERS : (place + 1) * SERIES_NUMBERS]
            before = sums.get(series, [0.0] * SERIES_NUMBERS)
            sums[series] = [old + new for old, new in zip(before, numbers, strict=True)]
    return sums


def _request_metrics(sums: dict[Series, list[float]]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "rookery_requests", "Answered requests.", labels=("method", "route", "status")
    )
    seconds = HistogramMetricFamily(
        "rookery_request_seconds", "From a request's headers to its answer.", labels=("method", "route")
    )
    for series, numbers in sums.items():
        labels = (series.method, series.route)
        for status, answers in zip(STATUSES, numbers[:BUCKETS_AT], strict=True):
            if answers:
                requests.add_metric((*labels, str(status)), answers)
        reached = list(accumulate(numbers[BUCKETS_AT:SUM_AT]))
        if reached[-1]:
            seconds.add_metric(labels, list(zip(_EDGES, reached, strict=True)), numbers[SUM_AT])
    yield requests
    yield seconds


def _gauges(readings: Sequence[Reading]) -> Iterator[Metric]:
    families: dict[Gauge, GaugeMetricFamily] = {}
    for reading in readings:
        values = reading.numbers[len(reading.head.series) * SERIES_NUMBERS :]
        for gauge, value in zip(reading.head.gauges, values, strict=True):
            family = families.setdefault(
                gauge, GaugeMetricFamily(f"rookery_{gauge.name}", gauge.doc, labels=("process",))
            )
            family.add_metric((str(reading.head.pid),), value)
    yield from families.values()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
