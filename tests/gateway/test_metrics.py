"""What is counted, and that all processes are added up."""

import asyncio
import math
import multiprocessing
import os
import socket
import struct
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from rookery.core.errors import OperatorError, not_found
from rookery.core.routes import Answer, Call
from rookery.gateway.app import Surroundings
from rookery.gateway.exposition import BEAT_S_MAX, MeterFolder, start_metrics
from rookery.gateway.metrics import Gauge, Meter, Series
from rookery.gateway.pulse import Pulse
from tests.gateway.front import client, gateway, route
from tests.serving import alone

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

    assert "rookery_requests_total" in alone("GET", f"http://127.0.0.1:{port}/metrics").text
    with pytest.raises(OperatorError, match=f"port {port}"):
        start_metrics("127.0.0.1", port, tmp_path)
    with pytest.raises(OperatorError, match=r"of 192\.0\.2\.1 "):
        start_metrics("192.0.2.1", port, tmp_path)


def test_the_port_of_metrics_tells_whether_a_process_is_ready(tmp_path: Path) -> None:
    """While it starts, and once it drains, /readyz is 503; its event loop turns all the while. What is not known is
    left out of the metrics."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start_metrics("127.0.0.1", port, tmp_path)

    def told() -> list[int]:
        return [alone("GET", f"http://127.0.0.1:{port}/{path}").status_code for path in ("livez", "readyz")]

    assert [200, 503] == told()
    feed = Gauge("stream_lag_ms", "How far behind.", "feed")
    pulse = Pulse(lambda: True, [], [(LAG, lambda: math.nan), (feed, lambda: 7)], tmp_path)
    assert [200, 503] == told()
    pulse.meter.sample()
    assert [200, 200] == told()
    assert 7 == value(tmp_path, "rookery_stream_lag_ms", process=str(os.getpid()), group="feed")
    assert value(tmp_path, "rookery_lag_ms", process=str(os.getpid())) is None
    pulse.drain()
    assert [200, 503] == told()
    assert 404 == alone("GET", f"http://127.0.0.1:{port}/").status_code


async def test_a_loop_that_is_held_up_shows(tmp_path: Path) -> None:
    """The delay of the event loop is that of its longest wait."""
    pulse = Pulse(lambda: True, [], [], tmp_path)
    pulse.start()
    await asyncio.sleep(0.05)
    time.sleep(0.4)  # noqa: ASYNC251 - this is what must show
    await asyncio.sleep(0.2)
    pulse.meter.sample()
    pulse.close()

    assert 200 < (value(tmp_path, "rookery_loop_delay_ms", process=str(os.getpid())) or 0) < 60_000


def test_a_process_that_gives_no_sign_for_long_does_not_live(tmp_path: Path) -> None:
    """A beat is believed for 30 s."""
    Pulse(lambda: True, [], [], tmp_path).meter.sample()
    assert MeterFolder(tmp_path).live()

    (file,) = tmp_path.glob("*.meter")
    file.write_bytes(file.read_bytes()[:-8] + struct.pack("d", time.monotonic() - BEAT_S_MAX - 1))
    assert not MeterFolder(tmp_path).live()
