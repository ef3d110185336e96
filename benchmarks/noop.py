"""The server that is measured: the real one with two limits beside it, both in the same process.

NOOP_GET is a raw ASGI handler before the gateway that answers with given bytes and headers; NOOP_POST is a route of the
gateway that reads its body and does nothing. Run as `python -m benchmarks.noop PORT`, with settings in the environment.
"""

import json
import sys
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes

from rookery import config
from rookery.bootstrap import Network, _accounts
from rookery.core.routes import Answer, Call, Route
from rookery.engines.embedded.ledger import EmbeddedLedger
from rookery.gateway.app import Gateway, Surroundings
from rookery.gateway.auth import Authenticator
from rookery.gateway.intake import Receive, Scope, Send
from rookery.keyfile import data_key
from rookery.services.tweets.service import NewTweet

NOOP_GET = "/noop"
NOOP_POST = "/noop/tweet"
KEPT_ANSWER = "noop.json"  # in the data folder: the answer that NOOP_GET gives


class Limited:
    """The gateway, with NOOP_GET before it."""

    def __init__(self, gateway: Gateway, kept: Path) -> None:
        self._gateway = gateway
        self._kept = kept
        self._start: dict[str, Any] | None = None
        self._body: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == NOOP_GET:
            if self._start is None:
                self._load()
            await send(self._start)
            await send(self._body)
        else:
            await self._gateway(scope, receive, send)

    def _load(self) -> None:
        kept = json.loads(self._kept.read_text())
        headers = [(name.encode(), value.encode()) for name, value in kept["headers"]]
        self._start = {"type": "http.response.start", "status": 200, "headers": headers}
        self._body = {"type": "http.response.body", "body": kept["body"].encode()}


async def _do_nothing(call: Call) -> Answer:
    call.body(NewTweet)
    return Answer()


async def _replay(call: Call, subject: int) -> Answer:
    return Answer()


def application() -> Limited:
    settings = config.load()
    from rookery.gateway import logs

    logs.configure("error", "text")
    key = data_key(settings.data, print)
    net = Network(settings, key)
    net.accounts = _accounts(settings, net.engine)
    net.engine.export = getattr(net.engine, "export", None)
    noop = Route(
        "POST",
        NOOP_POST,
        _do_nothing,
        "Nothing",
        body=NewTweet,
        needs_account=True,
        limit="tweets",
        replay=_replay,
    )

    async def start():
        net.start()

    auth = Authenticator(
        net.engine.sessions,
        net.accounts.tokens if hasattr(net.accounts, "tokens") else net.accounts._tokens,
        session_idle_ms=30 * 86_400_000,
    )
    gw = Gateway(
        [*net.routes(), noop],
        auth,
        EmbeddedLedger(net.engine.database, net.engine.snapshots)
        if False
        else EmbeddedLedger(net.engine.snapshots),
        settings.limits,
        settings.server,
        Surroundings(start=start, stop=net.close),
    )
    return Limited(gw, settings.data.dir / KEPT_ANSWER)


def main() -> None:
    Granian(
        "benchmarks.noop:application",
        factory=True,
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
