"""Which route serves a path: a dict for fixed paths, a tree of segments for those with parameters.

A segment of a route's path is fixed, a parameter (`{id}`), or a parameter with a fixed beginning (`@{handle}`).
"""

from collections.abc import Iterable, Mapping
from typing import Generic, Protocol, TypeVar

from rookery.core.routes import Route


class Routed(Protocol):
    """Anything made from a route."""

    @property
    def route(self) -> Route: ...


E = TypeVar("E", bound=Routed)
NO_ARGS: Mapping[str, str] = {}


class _Node(Generic[E]):
    """What follows a beginning of a path: `fixed` segments, those that `begun` tells by their beginning, any other
    (`open`), or the path's end (`by_method`)."""

    __slots__ = ("begun", "by_method", "fixed", "open")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node[E]] = {}
        self.begun: dict[str, _Node[E]] = {}
        self.open: _Node[E] | None = None
        self.by_method: dict[str, E] = {}

    def grow(self, segment: str) -> "_Node[E]":
        """The node of one more segment, made where it is not there."""
        if is_parameter(segment):
            beginning = fixed_beginning(segment)
            if beginning:
                return self.begun.setdefault(beginning, _Node())
            self.open = self.open or _Node()
            return self.open
        return self.fixed.setdefault(segment, _Node())


class Table(Generic[E]):
    """Endpoints by method and path. A path answers the same with and without its trailing slash."""

    def __init__(self, endpoints: Iterable[E]) -> None:
        self._root: _Node[E] = _Node()
        self._fixed: dict[str, dict[str, E]] = {}
        for endpoint in endpoints:
            self._add(endpoint)

    def _add(self, endpoint: E) -> None:
        node = self._root
        for segment in segments(endpoint.route.path):
            node = node.grow(segment)
        method = endpoint.route.method
        if method in node.by_method:
            raise ValueError(f"two routes serve {method} {endpoint.route.path}")
        node.by_method[method] = endpoint
        if not any(map(is_parameter, segments(endpoint.route.path))):
            path = "/" + "/".join(segments(endpoint.route.path))
            self._fixed |= {path: node.by_method, f"{path}/" if len(path) > 1 else path: node.by_method}

    def methods(self, path: str) -> Mapping[str, E]:
        """What serves a path, by method; empty where nothing does."""
        found = self._fixed.get(path)
        if found is not None or not path.startswith("/"):
            return found or {}
        return _walk(self._root, segments(path), 0)


def segments(path: str) -> list[str]:
    """The parts of a path between its slashes, without an empty last one."""
    parts = path[1:].split("/")
    if not parts[-1]:
        parts.pop()
    return parts


def is_parameter(segment: str) -> bool:
    """Whether a segment of a route's path stands for any value."""
    return "{" in segment


def fixed_beginning(segment: str) -> str:
    """What a segment begins with before its parameter."""
    return segment.partition("{")[0]


def _walk(node: _Node[E], parts: list[str], at: int) -> Mapping[str, E]:
    if at == len(parts):
        return node.by_method
    fixed = node.fixed.get(parts[at])
    if fixed is not None and (found := _walk(fixed, parts, at + 1)):
        return found
    for beginning, begun in node.begun.items():
        if parts[at].startswith(beginning) and len(parts[at]) > len(beginning):
            found = _walk(begun, parts, at + 1)
            if found:
                return found
    if node.open is not None and parts[at]:
        return _walk(node.open, parts, at + 1)
    return {}
