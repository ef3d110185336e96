"""Asking a service's routes without a server: the handlers as the gateway calls them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from rookery.core.entities import STRANGER
from rookery.core.limits import Ticket
from rookery.core.routes import Answer, Call, Route


@dataclass(frozen=True)
class Asker:
    """Someone who asks a service's routes; `viewer` is STRANGER without an account."""

    routes: Sequence[Route]
    viewer: int = STRANGER

    def as_(self, viewer: int) -> "Asker":
        """The same routes, asked by another."""
        return Asker(self.routes, viewer)

    async def ask(
        self,
        method: str,
        path: str,
        args: Mapping[str, object] | None = None,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
    ) -> Answer:
        """The answer of the route with this path pattern. Every handler must have read its input."""
        route = next(route for route in self.routes if (route.method, route.path) == (method, path))
        assert self.viewer != STRANGER or not route.needs_account
        call = Call(
            method,
            path,
            {name: str(value) for name, value in (args or {}).items()},
            urlencode(query or {}).encode(),
            b"" if body is None else json.dumps(body).encode(),
            {"content-type": "application/json"},
            "127.0.0.1",
            self.viewer,
            ticket=Ticket(self.viewer),
        )
        answer = await route.handler(call)
        assert call.was_read
        return answer

    async def get(self, path: str, args: Mapping[str, object] | None = None, **query: object) -> Any:
        """The JSON of a GET."""
        return json.loads((await self.ask("GET", path, args, query=query)).body)

    async def post(self, path: str, args: Mapping[str, object] | None = None, body: object = None) -> Any:
        """The JSON of a POST."""
        return json.loads((await self.ask("POST", path, args, body=body)).body)

    async def delete(self, path: str, args: Mapping[str, object] | None = None) -> Any:
        """The JSON of a DELETE."""
        return json.loads((await self.ask("DELETE", path, args)).body)


def next_query(answer: Answer) -> dict[str, object] | None:
    """The query of the answer's link to more, or None where there is none."""
    link = dict(answer.headers).get("Link")
    if link is None:
        return None
    target, _, relation = link.partition("; ")
    assert relation == 'rel="next"'
    return dict(parse_qsl(urlsplit(target.strip("<>")).query))
