"""A small HTTP client for one event loop: it asks over kept-alive connections and understands just what it asks for."""

import asyncio
from types import TracebackType
from typing import Self

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wire:
    """Connections to a server on loopback, opened as needed and used again."""

    def __init__(self, port: int) -> None:
        self._port = port
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
        connection = (
            self._idle.pop()
            if self._idle
            else await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        )
        reader, writer = connection
        writer.write(
            f"{head}Host: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode() + body
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        length = _length(answer)
        found = await reader.readexactly(length) if length else b""
        self._idle.append(connection)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"{head.splitlines()[0]}: {answer.splitlines()[0]!r} {found[:200]!r}")
        return found


def _length(answer: bytes) -> int:
    start = answer.lower().index(b"content-length:") + 15
    return int(answer[start : answer.index(b"\r", start)])
