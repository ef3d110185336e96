"""Live streams end when they must."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rookery.config import Limits
from rookery.core.routes import Answer, Call
from rookery.gateway import streams
from rookery.gateway.app import Gateway
from tests.gateway.front import ANN, BOB, TokenIsAccount, client, gateway, route, scope


class Stream:
    """A route that sends a line and then waits, and a client that listens to it."""

    def __init__(self, **settings: Any) -> None:
        self.authenticator = TokenIsAccount()
        self.ended = 0
        self.fails = False
        live = route(path="/live", handler=self.handle, needs_account=True, media_type="text/event-stream")
        self.app: Gateway = gateway(live, authenticator=self.authenticator, **settings)

    async def handle(self, call: Call) -> Answer:
        """Opens a stream."""
        call.nothing()
        return Answer(content_type="text/event-stream", stream=self.lines())

    async def lines(self) -> AsyncIterator[bytes]:
        """One line, then silence, or a fault."""
        try:
            yield b"data: 1\n\n"
            if self.fails:
                raise ValueError("secret")
            await asyncio.sleep(60)
        finally:
            self.ended += 1


class Listener:
    """A client of a stream."""

    def __init__(self, app: Gateway, account: int = ANN) -> None:
        self.sent: list[dict[str, Any]] = []
        self._heard = asyncio.Event()
        self._gone = asyncio.Event()
        self.request = asyncio.ensure_future(
            app(scope("/live", headers={"Authorization": f"Bearer {account}"}), self._receive, self._send)
        )

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
        if message.get("body"):
            self._heard.set()

    async def hear(self) -> None:
        """Waits for the first line."""
        await asyncio.wait_for(self._heard.wait(), 5)

    def leave(self) -> None:
        """Closes the connection."""
        self._gone.set()


async def test_lines_are_sent_as_they_come() -> None:
    """The answer is text/event-stream without a length, and each piece is sent at once."""
    stream = Stream()
    listener = Listener(stream.app)
    await listener.hear()
    headers = dict(listener.sent[0]["headers"])
    listener.leave()
    await listener.request

    assert b"text/event-stream" == headers[b"content-type"]
    assert b"content-length" not in headers
    assert {"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True} == listener.sent[1]


async def test_a_client_that_leaves_ends_its_stream() -> None:
    """A disconnect stops the source, and nothing is sent after it."""
    stream = Stream()
    listener = Listener(stream.app)
    await listener.hear()
    listener.leave()
    await asyncio.wait_for(listener.request, 5)

    assert (1, 2) == (stream.ended, len(listener.sent))


async def test_a_stream_ends_with_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon after a session ended its streams end too; others go on."""
    monkeypatch.setattr(streams, "SESSION_LOOK_S", 0.02)
    stream = Stream()
    ann, bob = Listener(stream.app, ANN), Listener(stream.app, BOB)
    await ann.hear()
    await bob.hear()
    stream.authenticator.ended.add(ANN)
    await asyncio.wait_for(ann.request, 5)

    assert not ann.sent[-1]["more_body"]
    assert (1, False) == (stream.ended, bob.request.done())
    bob.leave()
    await bob.request


async def test_draining_ends_streams_and_readiness() -> None:
    """Before the server stops every stream ends in order, and /readyz says 503."""
    stream = Stream()
    listener = Listener(stream.app)
    await listener.hear()
    ready = (await client(stream.app).get("/readyz")).status_code
    stream.app.drain()
    await asyncio.wait_for(listener.request, 5)

    assert not listener.sent[-1]["more_body"]
    assert (200, 503) == (ready, (await client(stream.app).get("/readyz")).status_code)


async def test_an_account_has_so_many_streams() -> None:
    """One stream too many is 429; another account's are not counted, and a closed one makes room."""
    stream = Stream(limits=Limits(live_streams_per_account=2))
    listeners = [Listener(stream.app), Listener(stream.app), Listener(stream.app, BOB)]
    for listener in listeners:
        await listener.hear()
    refused = await client(stream.app, ANN).get("/live")
    listeners[0].leave()
    await listeners[0].request
    again = Listener(stream.app)
    await again.hear()

    assert (429, "15") == (refused.status_code, refused.headers["retry-after"])
    for listener in (*listeners[1:], again):
        listener.leave()
        await listener.request


async def test_head_opens_no_stream() -> None:
    """HEAD of a stream gives its headers and ends, and takes no place."""
    stream = Stream(limits=Limits(live_streams_per_account=1))
    for _ in range(2):
        answer = await asyncio.wait_for(client(stream.app, ANN).head("/live"), 5)
        assert (200, "text/event-stream") == (answer.status_code, answer.headers["content-type"])

    assert 0 == stream.ended


async def test_a_fault_ends_the_stream() -> None:
    """A source that fails ends the answer; its words are not sent."""
    stream = Stream()
    stream.fails = True
    listener = Listener(stream.app)
    await asyncio.wait_for(listener.request, 5)

    assert {"type": "http.response.body", "body": b"", "more_body": False} == listener.sent[-1]
    assert not any(b"secret" in message.get("body", b"") for message in listener.sent)
