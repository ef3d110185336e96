"""The front proxy of the cluster engine: an nginx configuration that sends each path to the service that serves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rookery.core.errors import Problem
from rookery.gateway import problems
from rookery.gateway.headers import NO_STORE, SECURITY, TRANSPORT_SECURITY, Pair

# The first segment of a path tells its service. What tells of the server goes to accounts, which serves it like every
# one; what is not named is a page.
SEGMENTS: Mapping[str, str] = {
    "account": "accounts",
    ".well-known": "accounts",
    "user": "profiles",
    "avatar": "profiles",
    "tweet": "tweets",
    "like": "tweets",
    "retweet": "tweets",
    "reply": "replies",
    "follow": "follows",
    "block": "follows",
    "mute": "follows",
    "feed": "feed",
    "search": "search",
    "docs": "accounts",
    "docs.css": "accounts",
    "openapi.json": "accounts",
    "livez": "accounts",
    "readyz": "accounts",
}
DEFAULT = "pages"
# What the proxy answers by itself, by nginx's own statuses (494: too large headers, 497: plain HTTP on this port).
OWN: Mapping[str, Problem] = {
    "400 494 497": Problem("malformed", "The request cannot be read, or its headers are too large."),
    "404": Problem("not_found", "There is nothing at this address."),
    "405": Problem("method_not_allowed", "No address takes this method."),
    "413 414": Problem("too_large", "The body or the URL is too large."),
    "429": Problem("rate_limited", "Too many requests from this address.", retry_after_s=1),
    "502 503 504": Problem("engine_unavailable", "This service cannot be reached just now.", retry_after_s=2),
}


@dataclass(frozen=True, slots=True)
class Front:
    """What the proxy is told. `upstreams`: host:port of the processes of each service. `requests_per_s`: of one
    address, with bursts of twice as many."""

    upstreams: Mapping[str, Sequence[str]]
    server_name: str = "_"
    listen: str = "443"
    certificate: str = "/etc/nginx/tls/cert.pem"
    certificate_key: str = "/etc/nginx/tls/key.pem"
    requests_per_s: int = 100


_HEAD = """\
# Rookery's front proxy. Made by `rookery gateway nginx`; include it in the http block, or use it as the whole
# configuration with `--whole`.

limit_req_zone $binary_remote_addr zone=rookery_requests:16m rate={rate}r/s;
limit_conn_zone $binary_remote_addr zone=rookery_connections:16m;
"""
_UPSTREAM = """
upstream rookery_{service} {{
    zone rookery_{service} 64k;
    least_conn;
{servers}
    keepalive 64;
}}
"""
_SERVER = """
server {{
    listen {listen} ssl http2;
    server_name {server_name};
    ssl_certificate {certificate};
    ssl_certificate_key {certificate_key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:rookery_tls:10m;
    ssl_session_timeout 1d;

    client_max_body_size 1m;
    client_header_timeout 10s;
    client_body_timeout 10s;
    large_client_header_buffers 4 16k;
    limit_req zone=rookery_requests burst={burst} nodelay;
    limit_req_status 429;
    limit_conn rookery_connections 200;
    limit_conn_status 429;

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_connect_timeout 2s;
    proxy_read_timeout 30s;
    # A request that a dead process never saw goes to the next; one that may have been carried out does not, unless it
    # is safe to repeat.
    proxy_next_upstream error timeout http_502 http_503;
    proxy_next_upstream_tries 2;
    proxy_next_upstream_timeout 5s;
{own}{locations}}}
"""
_OWN = """
    error_page {statuses} = {path};
    location = {path} {{
        internal;
        client_max_body_size 0;
        default_type {media};
        add_header X-Request-Id $request_id always;
{headers}        return {status} '{document}';
    }}
"""
_HEADER = """\
        add_header {name} "{value}" always;
"""
_LOCATION = """
    location {match} {{
        proxy_pass http://rookery_{service};
    }}
"""
_LIVE = """
    location = /feed/live {
        proxy_pass http://rookery_feed;
        proxy_buffering off;
        proxy_cache off;
        proxy_read_timeout 60s;
    }
"""
_WHOLE = """\
worker_processes auto;
worker_rlimit_nofile 65536;
pid {pid};
error_log stderr warn;
events {{
    worker_connections 16384;
}}
http {{
    access_log off;
    server_tokens off;
{inside}}}
"""


def configuration(front: Front) -> str:
    """The configuration, to be included in nginx's http block."""
    upstreams = "".join(_upstream(service, where) for service, where in front.upstreams.items())
    locations = _LIVE + "".join(
        _LOCATION.format(match=match, service=service)
        for segment, service in SEGMENTS.items()
        for match in (f"= /{segment}", f"/{segment}/")
    )
    locations += _LOCATION.format(match="/", service=DEFAULT)
    server = _SERVER.format(
        listen=front.listen,
        server_name=front.server_name,
        certificate=front.certificate,
        certificate_key=front.certificate_key,
        burst=2 * front.requests_per_s,
        own="".join(map(_own, OWN.items())),
        locations=locations,
    )
    return _HEAD.format(rate=front.requests_per_s) + upstreams + server


def whole(front: Front, pid: str = "/run/nginx.pid") -> str:
    """A complete configuration, for an nginx that does nothing else."""
    inside = "".join(f"    {line}".rstrip() + "\n" for line in configuration(front).splitlines())
    return _WHOLE.format(pid=pid, inside=inside)


def _own(answered: tuple[str, Problem]) -> str:
    """An answer of the proxy's own, in the form of all others."""
    statuses, problem = answered
    answer = problems.answer(problem)
    told: tuple[Pair, ...] = (*SECURITY, TRANSPORT_SECURITY, NO_STORE)
    headers = [*answer.headers, *((name.decode(), value.decode()) for name, value in told)]
    return _OWN.format(
        statuses=statuses,
        path=f"/_problem/{problem.code}",
        media=answer.content_type,
        headers="".join(_HEADER.format(name=name, value=value) for name, value in headers),
        status=problem.status,
        document=answer.body.decode(),
    )


def _upstream(service: str, where: Sequence[str]) -> str:
    servers = "\n".join(f"    server {one} max_fails=2 fail_timeout=2s;" for one in where)
    return _UPSTREAM.format(service=service, servers=servers)
