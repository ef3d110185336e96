"""What every answer carries."""

import pytest

from rookery.config import Server
from rookery.core.routes import Answer, Call
from tests.gateway.front import client, gateway, route


@pytest.mark.parametrize("path", ["/echo", "/nothing", "/docs", "/docs.css", "/openapi.json"])
async def test_every_answer_is_guarded(path: str) -> None:
    """Success or error, JSON or page: the security headers and a request id are there."""
    headers = (await client(gateway(route())).get(path)).headers

    assert "nosniff" == headers["x-content-type-options"]
    assert "same-origin" == headers["referrer-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert headers["x-request-id"]


async def test_answers_are_not_kept_unless_they_say_so() -> None:
    """What a route serves is not cached, unless its answer brings a Cache-Control of its own."""

    async def picture(call: Call) -> Answer:
        call.nothing()
        return Answer(b"<svg/>", (("Cache-Control", "public, max-age=60"),), "image/svg+xml")

    app = gateway(route(), route(path="/avatar", handler=picture))

    assert "no-store" == (await client(app).get("/echo")).headers["cache-control"]
    assert "public, max-age=60" == (await client(app).get("/avatar")).headers["cache-control"]


@pytest.mark.parametrize("given", ["a", "A-1_b.c", "x" * 64])
async def test_a_safe_request_id_is_repeated(given: str) -> None:
    """A request id of the client's comes back."""
    answer = await client(gateway(route())).get("/echo", headers={"X-Request-Id": given})

    assert given == answer.headers["x-request-id"]


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "a<b", "\u00e9"])
async def test_an_unsafe_request_id_is_replaced(given: str) -> None:
    """A request id that could be mistaken for something else is not repeated; each request gets another."""
    app = gateway(route())
    headers = {b"X-Request-Id": given.encode("latin-1")}
    made = [(await client(app).get("/echo", headers=headers)).headers["x-request-id"] for _ in range(2)]

    assert given not in made
    assert made[0] != made[1]


async def test_transport_security_is_for_tls() -> None:
    """Strict-Transport-Security is sent over TLS, here or at the proxy that is trusted, and only then."""
    app = gateway(route(), server=Server(trusted_proxies=("10.0.0.0/8",)))
    forwarded = {"X-Forwarded-Proto": "https"}
    name = "strict-transport-security"

    assert name in (await client(app, url="https://rookery").get("/echo")).headers
    assert name in (await client(app, peer="10.1.1.1").get("/echo", headers=forwarded)).headers
    assert name not in (await client(app, peer="192.0.2.1").get("/echo", headers=forwarded)).headers
    assert name not in (await client(app).get("/echo")).headers
