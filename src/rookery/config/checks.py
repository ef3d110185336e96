"""What single values cannot show: settings that do not go together."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from rookery.config.sections import SERVICES, Data, Server, Settings


def contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """The key and the problem of each setting that the others, or the machine, rule out."""
    yield from _listening(settings.server)
    yield from _tls(settings.server)
    yield from _key(settings.data)
    yield from _services(settings)
    if settings.feed.trust > settings.feed.keep:
        yield "feed.trust", f"must not exceed feed.keep, which is {settings.feed.keep}"


def _listening(server: Server) -> Iterator[tuple[str, str]]:
    for proxy in server.trusted_proxies:
        try:
            ip_network(proxy)
        except ValueError:
            yield (
                "server.trusted_proxies",
                f"{proxy!r} is neither an address nor a network such as 10.0.0.0/8",
            )
    if not (_is_loopback(server.host) or server.tls_cert or server.trusted_proxies):
        yield (
            "server.host",
            f"{server.host} is beyond loopback, and passwords would cross the network in the clear: set"
            " server.tls_cert and server.tls_key, or name the TLS proxy in front in server.trusted_proxies",
        )
    if not _is_private(server.metrics_host):
        yield (
            "server.metrics_host",
            f"{server.metrics_host} may be reached by strangers, to whom metrics would tell of your traffic: give the"
            " one address, loopback or of a private network, where your Prometheus asks",
        )
    if server.port == server.metrics_port:
        yield "server.metrics_port", "must differ from server.port"


def _services(settings: Settings) -> Iterator[tuple[str, str]]:
    unknown = [one for one in settings.server.services if one not in SERVICES]
    if unknown:
        yield "server.services", f"{unknown[0]!r} is none of {', '.join(SERVICES)}"
    elif settings.server.services and settings.data.engine == "embedded":
        yield "server.services", "the embedded engine runs all services in one process: name none"


def _is_private(host: str) -> bool:
    """Whether an address can be of an inner network alone; one that stands for all of the machine's is not."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return not (address.is_global or address.is_unspecified or address.is_multicast)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _tls(server: Server) -> Iterator[tuple[str, str]]:
    if (server.tls_cert is None) != (server.tls_key is None):
        missing = "server.tls_key" if server.tls_key is None else "server.tls_cert"
        yield missing, "is missing: a certificate and its key go together"
    for key, path in (("server.tls_cert", server.tls_cert), ("server.tls_key", server.tls_key)):
        if path is not None and not path.is_file():
            yield key, f"there is no file {path}"


def _key(data: Data) -> Iterator[tuple[str, str]]:
    if not data.key and data.key_file.resolve().is_relative_to(data.dir.resolve()):
        yield (
            "data.key_file",
            f"must be outside of the data folder {data.dir}, or each copy of it holds its key",
        )
