"""`rookery gateway`: what stands in front of the services."""

from pathlib import Path
from typing import Annotated

import typer

from rookery.config import SERVICES
from rookery.core.errors import OperatorError
from rookery.gateway import nginx


def register(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(help="The front proxy of a network whose services run apart.", no_args_is_help=True)
    group.command("nginx")(print_nginx)
    app.add_typer(group, name="gateway")


def print_nginx(
    upstream: Annotated[
        list[str] | None,
        typer.Option(
            "--upstream",
            metavar="SERVICE=HOST:PORT,...",
            help="Where a service's processes are; may be repeated.  [default: rookery-SERVICE:8000]",
            show_default=False,
        ),
    ] = None,
    server_name: Annotated[str, typer.Option("--server-name", help="The network's host name.")] = "_",
    listen: Annotated[str, typer.Option("--listen", help="Port, or address:port.")] = "443",
    certificate: Annotated[Path, typer.Option("--tls-cert", help="PEM file with the chain.")] = Path(
        "/etc/nginx/tls/cert.pem"
    ),
    certificate_key: Annotated[Path, typer.Option("--tls-key", help="PEM file with its key.")] = Path(
        "/etc/nginx/tls/key.pem"
    ),
    requests_per_s: Annotated[
        int, typer.Option("--requests-per-second", min=1, help="Of one address; bursts of twice as many.")
    ] = 100,
    whole: Annotated[
        bool, typer.Option("--whole", help="A complete configuration instead of a part of the http block.")
    ] = False,
    pid: Annotated[Path, typer.Option("--pid", help="nginx's pid file, with --whole.")] = Path(
        "/run/nginx.pid"
    ),
) -> None:
    """Print an nginx configuration: TLS, HTTP/2, each path to its service, balanced over its processes.

    Name the proxy's address in server.trusted_proxies of the services.

    Example: rookery gateway nginx --upstream tweets=10.0.0.5:8000,10.0.0.6:8000 > /etc/nginx/conf.d/rookery.conf
    """
    front = nginx.Front(
        upstreams=_upstreams(upstream or []),
        server_name=server_name,
        listen=listen,
        certificate=str(certificate),
        certificate_key=str(certificate_key),
        requests_per_s=requests_per_s,
    )
    print(nginx.whole(front, str(pid)) if whole else nginx.configuration(front), end="")


def _upstreams(given: list[str]) -> dict[str, list[str]]:
    found = {service: [f"rookery-{service}:8000"] for service in SERVICES}
    for one in given:
        service, _, where = one.partition("=")
        if service not in found or not where:
            raise OperatorError(
                f"--upstream {one} does not say where a service is: write SERVICE=HOST:PORT, the service being one of"
                f" {', '.join(SERVICES)}."
            )
        found[service] = where.split(",")
    return found
