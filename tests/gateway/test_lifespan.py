"""The life of a process, as the server tells it."""

import asyncio
from pathlib import Path
from typing import Any

from rookery.gateway.app import Surroundings
from rookery.gateway.exposition import Reading, read
from rookery.gateway.metrics import Gauge
from tests.gateway.front import client, gateway

WRITES = Gauge("writes_waiting", "Writes.")


def readings(folder: Path) -> list[Reading]:
    """What the meter files of a folder say."""
    return [read(path) for path in folder.iterdir()]


async def test_the_process_starts_and_stops_what_it_is_given(tmp_path: Path) -> None:
    """`start` runs before the server is told to go on, `stop` before it is told that all is done; gauges are sampled
    in between."""
    told: list[str] = []
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def start() -> None:
        told.append("start")

    async def stop() -> None:
        told.append("stop")

    async def send(message: Any) -> None:
        told.append(message["type"])

    around = Surroundings(
        start=start,
        stop=stop,
        gauges=((WRITES, lambda: 42),),
        metrics_folder=tmp_path,
    )
    life = asyncio.ensure_future(gateway(surroundings=around)({"type": "lifespan"}, messages.get, send))
    messages.put_nowait({"type": "lifespan.startup"})
    await asyncio.sleep(0.01)
    started = list(told)
    (sampled,) = [dict(reading.gauges)[WRITES] for reading in readings(tmp_path)]
    messages.put_nowait({"type": "lifespan.shutdown"})
    await asyncio.wait_for(life, 5)

    assert ["start", "lifespan.startup.complete"] == started
    assert ["stop", "lifespan.shutdown.complete"] == told[2:]
    assert 42 == sampled


async def test_a_failed_start_is_told() -> None:
    """Where `start` fails the server is told, so that it does not serve."""
    told: list[str] = []

    async def start() -> None:
        raise ValueError("secret")

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        told.append(message["type"])

    await gateway(surroundings=Surroundings(start=start))({"type": "lifespan"}, receive, send)

    assert ["lifespan.startup.failed"] == told


async def test_readiness_is_asked_each_time() -> None:
    """/readyz is 503 while the process is not ready, /livez 200 all along."""
    ready = False
    app = gateway(surroundings=Surroundings(ready=lambda: ready))
    before = await client(app).get("/readyz")
    alive = await client(app).get("/livez")
    ready = True

    assert (503, "engine_unavailable", 200) == (before.status_code, before.json()["code"], alive.status_code)
    assert 200 == (await client(app).get("/readyz")).status_code


async def test_websockets_are_refused() -> None:
    """There are none: the handshake is closed."""
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await gateway()({"type": "websocket", "path": "/"}, receive, send)

    assert ["websocket.close"] == sent
