"""Bytes on a socket: requests that no HTTP library would send."""

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from rookery.core.errors import STATUS
from tests.serving import PATIENCE_S, Server

HEAD = b"Host: rookery.test\r\n"
CLOSE = b"Connection: close\r\n\r\n"


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem document that says the same as the status line."""
        assert "application/problem+json" == self.headers["content-type"], self
        assert self.headers["x-request-id"]
        told = json.loads(self.body)
        assert self.status == told["status"] == STATUS[told["code"]][0]
        return str(told["code"])


def request(target: bytes, method: bytes = b"GET", headers: bytes = b"", body: bytes = b"") -> bytes:
    """A request after which the server closes the connection; `headers` are whole lines."""
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return b"%b %b HTTP/1.1\r\n%b%b%b%b%b" % (method, target, HEAD, headers, length, CLOSE, body)


def exchange(server: Server, *pieces: bytes, no_more: bool = False) -> list[Reply]:
    """What comes back for these bytes until the server closes the connection; fails where it does not.

    `no_more`: says after the last byte that none will follow; not over TLS.
    """
    with _connected(server) as connection:
        with suppress(ConnectionError):  # whoever is refused early need not be read to the end
            for piece in pieces:
                connection.sendall(piece)
            if no_more:
                connection.shutdown(socket.SHUT_WR)
        return list(_replies(_all_of(connection)))


def one(server: Server, *pieces: bytes, no_more: bool = False) -> Reply:
    """The one answer that comes back."""
    (reply,) = exchange(server, *pieces, no_more=no_more)
    return reply


def at_once(server: Server, requests: Sequence[bytes]) -> list[Reply]:
    """One answer each to requests that are all sent before any answer is read."""
    with ExitStack() as opened:
        connections = [opened.enter_context(_connected(server)) for _ in requests]
        for connection, sent in zip(connections, requests, strict=True):
            connection.sendall(sent)
        return [reply for connection in connections for reply in _replies(_all_of(connection))]


def _connected(server: Server) -> socket.socket:
    """A connection, over TLS where the server's address says so."""
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
    if not server.over_tls:
        return plain
    return server.verify.wrap_socket(plain, server_hostname="127.0.0.1")


def _all_of(connection: socket.socket) -> bytes:
    came = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65_536):
            came += piece
    return came


def _replies(came: bytes) -> Iterator[Reply]:
    while came:
        head, _, rest = came.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        yield Reply(int(first.split()[1]), headers, rest[:length])
        came = rest[length:]
