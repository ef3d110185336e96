"""The server that is measured: `rookery serve` with two limits beside it in the same process.

NOOP_GET is a raw ASGI handler before the gateway that answers with given bytes and headers; NOOP_POST is a route of the
gateway that reads a tweet and does nothing. Run as `python -m benchmarks.noop`, with settings in the environment.
"""

import json
from pathlib import Path
from typing import Any

from rookery import config
from rookery.bootstrap import Bell, application, prepare
from rookery.cli import server
from rookery.config import Settings
from rookery.core.routes import Answer, Call, Route
from rookery.gateway.app import Gateway
from rookery.gateway.intake import Receive, Scope, Send
from rookery.keyfile import data_key
from rookery.services.tweets.service import NewTweet

NOOP_GET = "/noop"
NOOP_POST = "/noop/tweet"
KEPT_ANSWER = "noop.json"  # in the data folder: the answer that NOOP_GET gives


class WithNoop:
    """The gateway, with NOOP_GET before it."""

    def __init__(self, gateway: Gateway, kept: Path) -> None:
        self._gateway = gateway
        self._kept = kept
        self._messages: list[dict[str, Any]] = []
        self.is_busy, self.drain, self.stop = gateway.is_busy, gateway.drain, gateway.stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["path"] == NOOP_GET:
            for message in self._messages or self._load():
                await send(message)
        else:
            await self._gateway(scope, receive, send)

    def _load(self) -> list[dict[str, Any]]:
        kept = json.loads(self._kept.read_text())
        headers = [(name.encode(), value.encode()) for name, value in kept["headers"]]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        self._messages = [start, {"type": "http.response.body", "body": kept["body"].encode()}]
        return self._messages


async def _do_nothing(call: Call) -> Answer:
    call.body(NewTweet)
    return Answer()


async def _do_nothing_again(call: Call, subject: int) -> Answer:
    return await _do_nothing(call)


def build(settings: Settings, key: bytes, metrics_folder: Path, bell: Bell | None) -> WithNoop:
    """The application of a worker."""
    noop = Route(
        "POST",
        NOOP_POST,
        _do_nothing,
        "Read a tweet and do nothing",
        body=NewTweet,
        needs_account=True,
        limit="tweets",
        replay=_do_nothing_again,
    )
    gateway = application(settings, key, metrics_folder, bell, [noop])
    return WithNoop(gateway, settings.data.dir / KEPT_ANSWER)


def main() -> None:
    """Serves until SIGTERM."""
    settings = config.load()
    key = data_key(settings.data, print)
    prepare(settings, key)
    server.run(settings, key, lambda: None, build)


if __name__ == "__main__":
    main()
