"""What all processes of a server or of workers counted, in Prometheus' format, and whether they live and are ready: on
a port of its own, answered by a thread that no request or message keeps waiting."""

import math
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from rookery.core.errors import OperatorError
from rookery.gateway.metrics import (
    BOUNDS_S,
    BUCKETS_AT,
    READY,
    SERIES_NUMBERS,
    STATUSES,
    SUFFIX,
    SUM_AT,
    Gauge,
    MeterHead,
    Series,
)

BEAT_S_MAX = 30.0  # a process whose event loop has not turned for so long hangs
_EDGES = (*(str(bound) for bound in BOUNDS_S), "+Inf")


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of one process."""

    head: MeterHead
    numbers: Sequence[float]

    @property
    def gauges(self) -> Mapping[Gauge, float]:
        """The gauges that are known."""
        values = self.numbers[len(self.head.series) * SERIES_NUMBERS :]
        pairs = zip(self.head.gauges, values, strict=False)
        return {gauge: value for gauge, value in pairs if not math.isnan(value)}

    @property
    def beats(self) -> bool:
        """Whether its event loop turns."""
        return time.monotonic() - self.numbers[-1] < BEAT_S_MAX


class MeterFolder(Collector):
    """Adds up the meter files of a folder. Processes that ended go on counting, but have no gauges."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        readings = [read(path) for path in sorted(self._folder.glob(f"*{SUFFIX}"))]
        yield from _request_metrics(_sums(readings))
        yield from _gauges([reading for reading in readings if _lives(reading.head.pid)])

    def ready(self) -> bool:
        """Whether one of the processes is ready."""
        return any(one.beats and one.gauges.get(READY) for one in self._living())

    def live(self) -> bool:
        """Whether none of the processes hangs; those that are still starting do not."""
        return all(one.beats for one in self._living() if one.numbers[-1])

    def _living(self) -> Iterator[Reading]:
        readings = map(read, self._folder.glob(f"*{SUFFIX}"))
        return (reading for reading in readings if _lives(reading.head.pid))


def start_metrics(host: str, port: int, folder: Path) -> None:
    """Serves /metrics, /livez and /readyz from a thread of this process. Raises OperatorError where the port is taken,
    or the address is not of this machine."""
    meters = MeterFolder(folder)
    registry = CollectorRegistry()
    registry.register(meters)

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
                case "/livez":
                    self._answer(200 if meters.live() else 503)
                case "/readyz":
                    self._answer(200 if meters.ready() else 503)
                case _:
                    self._answer(404)

        def _answer(self, status: int, body: bytes = b"", media: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *told: object) -> None:
            """Says nothing: it is asked every few seconds."""

    class Port(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        daemon_threads = True

    try:
        threading.Thread(target=Port((host, port), Asked).serve_forever, daemon=True).start()
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
    families: dict[str, GaugeMetricFamily] = {}
    for reading in readings:
        for gauge, value in reading.gauges.items():
            labels = {"process": str(reading.head.pid), **({"group": gauge.group} if gauge.group else {})}
            family = families.setdefault(
                gauge.name, GaugeMetricFamily(f"rookery_{gauge.name}", gauge.doc, labels=tuple(labels))
            )
            family.add_metric(tuple(labels.values()), value)
    yield from families.values()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
