"""Taking a request in: its headers, its body within the bounds, and where it comes from."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
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

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        pairs = list(pairs)
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


async def read_body(receive: Receive, headers: Headers, bytes_max: int, time_ms_max: int) -> bytes:
    """The whole body. Raises Problem `too_large` as soon as that shows, `malformed` where it comes too slowly or not
    whole."""
    announced = headers.raw.get(b"content-length", b"0")
    if not announced.isdigit():
        raise Problem("malformed", "Content-Length must be a number.")
    if len(announced) > 18 or int(announced) > bytes_max:
        raise _too_large(bytes_max)
    try:
        async with asyncio.timeout(time_ms_max / 1000):
            return await _read(receive, bytes_max)
    except TimeoutError:
        raise Problem("malformed", f"The body took longer than {time_ms_max} ms to arrive.") from None


async def _read(receive: Receive, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            # So granian tells of a chunk that is none, too; its sender still waits for an answer.
            raise Problem("malformed", "The body ended early, or is not chunked as HTTP says.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > bytes_max:
            raise _too_large(bytes_max)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(bytes_max: int) -> Problem:
    return Problem("too_large", f"The body must be at most {bytes_max} bytes.")


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
