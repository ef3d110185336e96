"""The nginx in front: its configuration, and what its container may do."""

from rookery.gateway.nginx import Front, whole
from scripts.deploy.facts import FRONT_PORT, NGINX_USER, PORT, SERVICES, TMP

CONFIGURATION = "/etc/nginx/rookery/nginx.conf"
COMMAND = ["nginx", "-e", "stderr", "-g", "daemon off;", "-c", CONFIGURATION]
CACHE = "/var/cache/nginx"
OWNER = f"{NGINX_USER}:{NGINX_USER}"


def configuration(certificate: str, key: str) -> str:
    """nginx.conf for a container without rights: each service is found by its name."""
    front = Front(
        upstreams={service: [f"rookery-{service}:{PORT}"] for service in SERVICES},
        listen=str(FRONT_PORT),
        certificate=certificate,
        certificate_key=key,
    )
    return whole(front, f"{TMP}/nginx.pid")


def name_of(service: str) -> str:
    """The host name of a service."""
    return f"rookery-{service}"
