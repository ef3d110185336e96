"""The gateway's own routes: whether the server lives and is ready, and the description of the API."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from rookery import __version__
from rookery.core.errors import Problem
from rookery.core.routes import Answer, Call, Handler, Route
from rookery.gateway import docs_page, openapi

CACHED = (("Cache-Control", "public, max-age=300"),)
RETRY_AFTER_S = 1


def routes(services: Sequence[Route], ready: Callable[[], bool]) -> list[Route]:
    """These routes, which describe themselves too. `ready`: whether requests can be served now."""

    async def is_ready(call: Call) -> Answer:
        call.nothing()
        if not ready():
            raise Problem("engine_unavailable", "The server is not ready.", retry_after_s=RETRY_AFTER_S)
        return Answer()

    pages: dict[str, Answer] = {}

    def page(path: str) -> Handler:
        async def show(call: Call) -> Answer:
            call.nothing()
            return pages[path]

        return show

    own = [
        _open("/livez", page("/livez"), "Whether the process answers"),
        _open("/readyz", is_ready, "Whether requests can be served"),
        _open("/openapi.json", page("/openapi.json"), "This description", returns=dict[str, Any]),
        _open("/docs", page("/docs"), "This description as a page", media_type="text/html"),
        _open("/docs.css", page("/docs.css"), "The page's style", media_type=openapi.STYLE_SHEET),
    ]
    document = openapi.document([*services, *own], __version__)
    pages["/livez"] = Answer()
    pages["/openapi.json"] = Answer(msgspec.json.encode(document), CACHED)
    pages["/docs"] = Answer(docs_page.page(document), CACHED, docs_page.HTML)
    pages["/docs.css"] = Answer(docs_page.STYLE, CACHED, openapi.STYLE_SHEET)
    return own


def _open(
    path: str,
    handler: Handler,
    summary: str,
    *,
    returns: object = None,
    media_type: str = "application/json",
) -> Route:
    return Route("GET", path, handler, summary, returns=returns, limit="none", media_type=media_type)
