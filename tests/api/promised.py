"""The routes that docs/api.md promises, and where that page, OpenAPI and the tests disagree."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

RouteName = tuple[str, str]  # method, path without its trailing slash, parameters as {}

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PIECE = re.compile(r"(?P<method>[A-Z]+)|(?P<path>/[^\s,]*)|(?P<other>,|and)")


def promised(page: str) -> set[RouteName]:
    """The routes of the table under "## Routes".

    A cell is written short: `GET /a , /b` has GET twice, `/x/{id}/a , /b` is `/x/{id}/b` too, a method without a path
    belongs to the path just before it, or, after "and" or in front of a path, to the path that follows.
    """
    table = page.partition("\n## Routes\n")[2].partition("\n## ")[0]
    cells = [
        line.split("|")[1].partition("`")[0].strip() for line in table.splitlines() if line.startswith("| ")
    ]
    return {route for cell in cells if cell.split(" ")[0] in _METHODS for route in _routes(cell)}


def _routes(cell: str) -> Iterator[RouteName]:
    waiting: list[str] = []
    methods: list[str] = []
    last = ""
    for piece in _PIECE.finditer(cell):
        if piece["method"]:
            waiting.append(piece["method"])
        elif piece["path"]:
            path = piece["path"]
            if not waiting:  # another ending under the same method
                path = last.rpartition("/")[0] + path
            methods, last, waiting = waiting or methods, path, []
            yield from ((method, plain(path)) for method in methods)
        elif piece["other"] == "," and waiting:
            yield from ((method, plain(last)) for method in waiting)
            waiting = []
    yield from ((method, plain(last)) for method in waiting)


def described(openapi: Mapping[str, Any]) -> set[RouteName]:
    """The routes of an OpenAPI document."""
    return {
        (method.upper(), plain(path))
        for path, operations in openapi["paths"].items()
        for method in operations
        if method.upper() in _METHODS
    }


def plain(path: str) -> str:
    """A path to compare: its trailing slash and the names of its parameters mean nothing."""
    return re.sub(r"\{[^}]*\}", "{}", path.rstrip("/"))


def disagreements(
    on_page: Collection[RouteName], in_openapi: Collection[RouteName], exercised: Collection[RouteName]
) -> list[str]:
    """A sentence for each route that one of the three lacks."""
    places = {"docs/api.md": on_page, "OpenAPI": in_openapi, "the tests": exercised}
    return [
        f"{method} {path} is missing in {place}"
        for method, path in sorted({*on_page, *in_openapi, *exercised})
        for place, routes in places.items()
        if (method, path) not in routes
    ]
