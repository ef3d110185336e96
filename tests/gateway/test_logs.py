"""What the log says of requests, and what it never says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from rookery.core.errors import Problem
from rookery.core.routes import Answer, Call
from rookery.gateway import logs
from tests.gateway.front import ANN, client, gateway, route


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    """Other tests log as if this one had not been."""
    yield
    structlog.reset_defaults()
    logs.log = structlog.get_logger()


async def fail(call: Call) -> Answer:
    """Fails over its own input."""
    raise ValueError(f"cannot use {call.raw_body!r} of {call.headers['authorization']}")


def told(written: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines of the log so far, without those told before."""
    return [json.loads(line) for line in written.readouterr().err.splitlines()]


async def test_a_fault_is_one_line_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """A 500 is logged with the request id, the route's path and where it happened."""
    logs.configure("info", "json")
    app = gateway(route("POST", "/echo/{id}", handler=fail))
    await client(app, ANN).post("/echo/5?token=hush", content=b"secret", headers={"X-Request-Id": "abc"})
    (line,) = told(capsys)

    assert ("error", 500, "/echo/{id}", "abc") == (
        line["level"],
        line["status"],
        line["route"],
        line["request_id"],
    )
    assert line["fault"][0].startswith("ValueError: ")
    assert "test_logs.py" in line["fault"][0]


async def test_no_line_holds_what_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """Tokens, queries and bodies are in no line, not even at `debug` or in a fault's words."""
    logs.configure("debug", "json")
    app = gateway(route("POST", handler=fail), route())
    headers = {"Authorization": "Bearer 7777777"}
    await client(app).post("/echo?token=hush", content=b"secret", headers=headers)
    await client(app).get("/echo?token=hush", headers=headers)
    await client(app).get("/hush", headers=headers)

    lines = capsys.readouterr().err

    assert 3 == len(lines.splitlines())
    assert not any(word in lines for word in ("7777777", "hush", "secret"))


async def test_requests_are_silent_unless_debugged(capsys: pytest.CaptureFixture[str]) -> None:
    """At `info` a request that went well, or was refused, is no line; at `debug` it is."""
    for level, lines in (("info", 0), ("debug", 2)):
        logs.configure(level, "json")  # type: ignore[arg-type]
        logs.log = structlog.get_logger()
        app = gateway(route())
        await client(app).get("/echo")
        await client(app).get("/nothing")
        assert lines == len(told(capsys))


async def test_storage_that_fails_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """503 because storage fails is an error line; 503 because of too much work is none."""
    logs.configure("info", "json")

    async def refuse(call: Call) -> Answer:
        raise Problem(call.args["code"], "Not now.")

    app = gateway(route(path="/{code}", handler=refuse))
    await client(app).get("/overloaded")
    await client(app).get("/engine_unavailable")

    assert [("error", 503)] == [(line["level"], line["status"]) for line in told(capsys)]


async def test_slow_requests_are_logged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request slower than the bound is a warning."""
    logs.configure("info", "json")
    monkeypatch.setattr(logs, "SLOW_S", 0.0)
    await client(gateway(route())).get("/echo")

    assert ["warning"] == [line["level"] for line in told(capsys)]


async def test_lines_for_people_are_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal the text form has no colour codes."""
    logs.configure("info", "text")
    await client(gateway(route("POST", handler=fail)), ANN).post("/echo")

    lines = capsys.readouterr().err

    assert "request failed" in lines
    assert "\x1b" not in lines
