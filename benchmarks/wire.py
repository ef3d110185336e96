"""A small HTTP client for one event loop: it asks over kept-alive connections and understands just what it asks for."""

import asyncio
import ssl
from types import TracebackType
from typing import Self

_OK = b"HTTP/1.1 200 OK"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wire:
    """Connections to a server on loopback, opened as needed and used again; with `tls` over HTTPS."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._port = port
        self._tls = tls
        self._idle: list[Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, writer in self._idle:
            writer.close()

    async def get(self, path: str, token: str) -> bytes:
        """The body of a successful GET. Raises ConnectionError for any other answer."""
        return await self._ask(f"GET {path} HTTP/1.1\r\n", token, b"")

    async def post(self, path: str, token: str, body: bytes, key: str) -> bytes:
        """The body of a successful POST with an Idempotency-Key. Raises ConnectionError for any other answer."""
        return await self._ask(
            f"POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\n"
            f"Content-Length: {len(body)}\r\n",
            token,
            body,
        )

    async def _ask(self, head: str, token: str, body: bytes) -> bytes:
        asked = f"{head}Host: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode() + body
        status, found = await self._answered(asked)
        if status != _OK:
            raise ConnectionError(f"{head.splitlines()[0]}: {status!r} {found[:200]!r}")
        return found

    async def _answered(self, asked: bytes) -> tuple[bytes, bytes]:
        """Status line and body. The server closes connections that were idle for long: then another one asks."""
        while self._idle:
            connection = self._idle.pop()
            try:
                return await self._exchange(connection, asked)
            except (asyncio.IncompleteReadError, ConnectionResetError, BrokenPipeError):
                connection[1].close()
        fresh = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20, ssl=self._tls)
        return await self._exchange(fresh, asked)

    async def _exchange(self, connection: Connection, asked: bytes) -> tuple[bytes, bytes]:
        reader, writer = connection
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _length(head)
        found = await reader.readexactly(length) if length else b""
        self._idle.append(connection)
        return head[: head.index(b"\r")], found


def _length(answer: bytes) -> int:
    start = answer.lower().index(b"content-length:") + 15
    return int(answer[start : answer.index(b"\r", start)])
