"""A gateway over small routes, and ways to talk to it without a server."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from rookery.config import Limits, Server
from rookery.core.entities import STRANGER
from rookery.core.errors import Problem
from rookery.core.limits import Budget, Charge
from rookery.core.routes import Answer, Call, ErrorPage, Route
from rookery.gateway.app import Gateway, Surroundings
from rookery.gateway.auth import NOBODY, Caller, presented
from rookery.gateway.dispatch import Ledger

ANN, BOB = 7, 8


class TokenIsAccount:
    """An authenticator where the token is the account's id; `ended` holds the sessions (the same number) that ended."""

    def __init__(self) -> None:
        self.ended: set[int] = set()

    def recall(self, headers: Mapping[str, str], *, secure: bool) -> Caller | None:
        """Nobody without a token, else unknown."""
        return NOBODY if presented(headers, secure=secure)[0] is None else None

    async def who(self, headers: Mapping[str, str], *, secure: bool) -> Caller:
        """The account whose id is the token."""
        token, by_cookie = presented(headers, secure=secure)
        if token is None or not token.isdecimal() or int(token) == STRANGER:
            raise Problem("token_invalid", "The token is not known.")
        return Caller(int(token), int(token), by_cookie)

    async def session_lives(self, session_id: int) -> bool:
        """Whether the session has not ended."""
        return session_id not in self.ended


class EmptyLedger:
    """A ledger of a server that nobody wrote to."""

    async def find(self, account: int, key: str) -> tuple[bytes, int] | None:
        """No key was used."""
        return None

    async def left(self, charges: Sequence[Charge]) -> Budget:
        """Everything is left of the first limit."""
        return Budget(charges[0].count_max, charges[0].count_max, charges[0].period_s)


async def echo(call: Call) -> Answer:
    """A handler that says who asks, from where, and with which arguments."""
    call.nothing()
    return Answer(
        f'{{"viewer":"{call.viewer}","address":"{call.address}","args":"{dict(call.args)}"}}'.encode()
    )


def route(method: str = "GET", path: str = "/echo", **more: Any) -> Route:
    """A route that echoes."""
    return Route(method, path, more.pop("handler", echo), more.pop("summary", "Echo"), **more)


def gateway(
    *routes: Route,
    limits: Limits | None = None,
    server: Server | None = None,
    ledger: Ledger | None = None,
    authenticator: TokenIsAccount | None = None,
    surroundings: Surroundings | None = None,
    error_page: ErrorPage | None = None,
) -> Gateway:
    """A gateway over these routes."""
    return Gateway(
        routes,
        authenticator or TokenIsAccount(),
        ledger or EmptyLedger(),
        limits or Limits(),
        server or Server(),
        surroundings,
        error_page,
    )


def client(
    app: Gateway, account: int = STRANGER, peer: str = "192.0.2.1", url: str = "http://rookery"
) -> httpx.AsyncClient:
    """An HTTP client of the gateway, for an account or a stranger."""
    headers = {"Authorization": f"Bearer {account}"} if account else {}
    transport = httpx.ASGITransport(app=app, client=(peer, 1), raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url=url, headers=headers)


def scope(path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The ASGI scope of a request."""
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("192.0.2.1", 1),
    }
