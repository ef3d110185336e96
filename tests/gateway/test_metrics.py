"""What is counted, and that all processes are added up."""

import multiprocessing
import os
import socket
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from rookery.core.errors import OperatorError, not_found
from rookery.core.routes import Answer, Call
from rookery.gateway.app import Surroundings
from rookery.gateway.exposition import MeterFolder, start_metrics
from rookery.gateway.metrics import Gauge, Meter, Series
from tests.gateway.front import client, gateway, route

SERIES = Series("GET", "/echo")
LAG = Gauge("lag_ms", "How far behind.")


def value(folder: Path, name: str, **labels: str) -> float | None:
    """A number as Prometheus would read it."""
    registry = CollectorRegistry()
    registry.register(MeterFolder(folder))
    return registry.get_sample_value(name, labels)


def count_elsewhere(folder: str) -> None:
    """What another process counts before it ends."""
    meter = Meter([SERIES], [(LAG, lambda: 99)], Path(folder))
    meter.observe(0, 200, 0.02)
    meter.sample()


async def test_requests_are_counted_by_route_and_status(tmp_path: Path) -> None:
    """Each answer counts once under its route's path and status; what no route serves has a line of its own."""

    async def refuse(call: Call) -> Answer:
        raise not_found()

    app = gateway(
        route(),
        route("POST", "/user/{id}", handler=refuse),
        surroundings=Surroundings(metrics_folder=tmp_path),
    )
    for _ in range(3):
        await client(app).get("/echo/")
    await client(app).post("/user/5")
    await client(app).get("/nothing")

    assert 3 == value(tmp_path, "rookery_requests_total", method="GET", route="/echo", status="200")
    assert 1 == value(tmp_path, "rookery_requests_total", method="POST", route="/user/{id}", status="404")
    assert 1 == value(tmp_path, "rookery_requests_total", method="", route="no route", status="404")
    assert 3 == value(tmp_path, "rookery_request_seconds_count", method="GET", route="/echo")


def test_durations_fall_into_buckets(tmp_path: Path) -> None:
    """A duration counts in its bucket and all above it; a bound belongs to its own bucket."""
    meter = Meter([SERIES], [], tmp_path)
    for seconds in (0.0005, 0.001, 0.03, 60):
        meter.observe(0, 200, seconds)

    name, labels = "rookery_request_seconds_bucket", {"method": "GET", "route": "/echo"}
    assert [2.0, 3.0, 4.0] == [value(tmp_path, name, le=le, **labels) for le in ("0.001", "0.05", "+Inf")]
    assert 60.0315 == pytest.approx(value(tmp_path, "rookery_request_seconds_sum", **labels))


def test_processes_are_added_up(tmp_path: Path) -> None:
    """Counts of a process that ended stay; its gauges, being no longer true, do not."""
    child = multiprocessing.get_context("spawn").Process(target=count_elsewhere, args=(str(tmp_path),))
    child.start()
    child.join()
    meter = Meter([SERIES], [(LAG, lambda: 5)], tmp_path)
    meter.observe(0, 200, 0.02)
    meter.sample()

    assert 2 == value(tmp_path, "rookery_requests_total", method="GET", route="/echo", status="200")
    assert 5 == value(tmp_path, "rookery_lag_ms", process=str(os.getpid()))
    assert value(tmp_path, "rookery_lag_ms", process=str(child.pid)) is None


def test_metrics_have_a_port_of_their_own(tmp_path: Path) -> None:
    """Prometheus finds them at their address; a port that is taken, or another machine's address, is told."""
    Meter([SERIES], [], tmp_path).observe(0, 200, 0.1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start_metrics("127.0.0.1", port, tmp_path)

    assert "rookery_requests_total" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    with pytest.raises(OperatorError, match=f"port {port}"):
        start_metrics("127.0.0.1", port, tmp_path)
    with pytest.raises(OperatorError, match=r"of 192\.0\.2\.1 "):
        start_metrics("192.0.2.1", port, tmp_path)
