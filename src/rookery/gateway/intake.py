"""Taking a request in: its headers, its body within the bounds, and where it comes from."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from rookery.core.errors import Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_IPV6_HOST_BITS = 64  # whoever has one address of such a network has them all
_ADDRESSES_KEPT = 10_000


class Headers(Mapping[str, str]):
    """A request's headers by lower-case name, decoded as they are asked for; repeated ones joined (RFC 9110, 5.3)."""

    __slots__ = ("raw",)

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        self.raw: dict[bytes, bytes] = dict(pairs)
        if len(self.raw) != len(pairs):
            self.raw = _joined(pairs)

    def __getitem__(self, name: str) -> str:
        return self.raw[name.encode()].decode("latin-1")

    def get(self, name: str, default: Any = None) -> Any:
        """The header, or `default`."""
        value = self.raw.get(name.encode())
        return default if value is None else value.decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self.raw)

    def __len__(self) -> int:
        return len(self.raw)


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    joined: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in joined:
            value = joined[name] + (b"; " if name == b"cookie" else b", ") + value
        joined[name] = value
    return joined


class Bodies:
    """Reads the bodies of requests, each of at most `bytes_max` bytes within `time_ms_max`. One timer ends all that
    take longer, up to a tenth late: a timer for each costs a tenth of a small request."""

    def __init__(self, bytes_max: int, time_ms_max: int) -> None:
        self._bytes_max = bytes_max
        self._time_ms_max = time_ms_max
        self._begun: dict[asyncio.Task[Any], float] = {}  # in the order of their beginning
        self._is_timed = False

    async def read(self, receive: Receive, headers: Headers) -> bytes:
        """The whole body. Raises Problem `too_large` as soon as that shows, `malformed` where it comes too slowly or
        not whole."""
        announced = headers.raw.get(b"content-length", b"0")
        if not announced.isdigit():
            raise Problem("malformed", "Content-Length must be a number.")
        if len(announced) > 18 or int(announced) > self._bytes_max:
            raise self._too_large()
        task = asyncio.current_task()
        assert task is not None
        self._begin(task)
        try:
            return await self._read(receive)
        except asyncio.CancelledError:
            if task in self._begun or task.uncancel():
                raise
            raise Problem(
                "malformed", f"The body took longer than {self._time_ms_max} ms to arrive."
            ) from None
        finally:
            self._begun.pop(task, None)

    async def _read(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                # So granian tells of a chunk that is none, too; its sender still waits for an answer.
                raise Problem("malformed", "The body ended early, or is not chunked as HTTP says.")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._bytes_max:
                raise self._too_large()
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _begin(self, task: asyncio.Task[Any]) -> None:
        loop = asyncio.get_running_loop()
        self._begun[task] = loop.time()
        if not self._is_timed:
            self._is_timed = True
            loop.call_later(self._time_ms_max / 10_000, self._end_late, loop)

    def _end_late(self, loop: asyncio.AbstractEventLoop) -> None:
        latest_s = loop.time() - self._time_ms_max / 1000
        for task in [one for one, began_s in self._begun.items() if began_s <= latest_s]:
            del self._begun[task]
            task.cancel()
        self._is_timed = bool(self._begun)
        if self._is_timed:
            loop.call_later(self._time_ms_max / 10_000, self._end_late, loop)

    def _too_large(self) -> Problem:
        return Problem("too_large", f"The body must be at most {self._bytes_max} bytes.")


class Addresses:
    """Where requests come from. `proxies`: the addresses or networks whose forwarding headers are believed."""

    def __init__(self, proxies: Iterable[str]) -> None:
        self._proxies: list[IPv4Network | IPv6Network] = [ip_network(proxy) for proxy in proxies]
        self._trusts = lru_cache(_ADDRESSES_KEPT)(self._is_proxy)

    def client(self, scope: Scope, headers: Headers) -> str:
        """The address that limits count: the peer's, or where that is a trusted proxy the right-most entry of
        X-Forwarded-For that is none."""
        peer = scope.get("client")
        address = peer[0] if peer else ""
        if self._proxies and self._trusts(address):
            for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
                address = hop.strip() or address
                if not self._trusts(address):
                    break
        return counted_address(address)

    def is_tls(self, scope: Scope, headers: Headers) -> bool:
        """Whether the client's connection is encrypted, here or at the trusted proxy."""
        if scope.get("scheme") == "https":
            return True
        peer = scope.get("client")
        if not (self._proxies and peer and self._trusts(peer[0])):
            return False
        forwarded: str = headers.get("x-forwarded-proto", "")
        return forwarded.rpartition(",")[2].strip().lower() == "https"

    def _is_proxy(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
            parsed = parsed.ipv4_mapped
        return any(parsed in proxy for proxy in self._proxies)


@lru_cache(_ADDRESSES_KEPT)
def counted_address(address: str) -> str:
    """An address as limits count it: IPv6 by its /64, IPv4 within IPv6 as IPv4; what is no address as `unknown`."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed) >> _IPV6_HOST_BITS << _IPV6_HOST_BITS, _IPV6_HOST_BITS)))
