"""Where a request comes from, and its headers."""

import pytest

from rookery.gateway.intake import Addresses, Headers, counted_address
from tests.gateway.front import scope


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_an_address_is_counted_by_who_holds_it(address: str, counted: str) -> None:
    """IPv6 addresses count by their /64, IPv4 ones alike in both notations."""
    assert counted == counted_address(address)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9, 10.2.2.2", "198.51.100.9"),
        ("::ffff:10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.3.3.3", "10.3.3.3"),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer: str, forwarded: str, client: str) -> None:
    """The client is the right-most forwarded address that is no trusted proxy; what a stranger sends counts nothing."""
    addresses = Addresses(("10.0.0.0/8",))
    request = {**scope("/"), "client": (peer, 1)}
    headers = Headers([(b"x-forwarded-for", forwarded.encode())] if forwarded else [])

    assert client == addresses.client(request, headers)


def test_repeated_headers_are_joined() -> None:
    """Lines of one name are one value: cookies joined by semicolons, others by commas."""
    headers = Headers(
        [(b"cookie", b"a=1"), (b"x-forwarded-for", b"1"), (b"cookie", b"b=2"), (b"x-forwarded-for", b"2")]
    )

    assert {"cookie": "a=1; b=2", "x-forwarded-for": "1, 2"} == dict(headers)
