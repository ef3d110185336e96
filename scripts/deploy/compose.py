"""compose.yaml: the cluster engine with everything around it on one machine, to try it."""

from collections.abc import Mapping
from typing import Any

from scripts.deploy import front
from scripts.deploy.facts import (
    END_S,
    FRONT_PORT,
    IMAGE,
    NGINX_IMAGE,
    SERVICES,
    TMP,
    WORKERS,
    variable,
)
from scripts.engines.kinds import DynamoDB, OpenSearch

Service = dict[str, Any]
SUBNET, FRONT_ADDRESS = "10.231.77.0/24", "10.231.77.2"
TLS = "/tls"
# Self-signed, once: a browser warns of it.
CERTIFICATE = f"""\
test -f {TLS}/cert.pem || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout {TLS}/key.pem -out {TLS}/cert.pem \
&& chown {front.OWNER} {TLS}/key.pem"""
CLOSED: Mapping[str, object] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}
SETTINGS = {
    "data.engine": "cluster",
    "server.host": "0.0.0.0",  # noqa: S104 - of the container
    "server.trusted_proxies": FRONT_ADDRESS,
    "cluster.dynamodb_url": "http://dynamodb:8000",
    "cluster.redis_url": "redis://redis:6379/0",
    "cluster.search_url": "http://opensearch:9200",
}
ENVIRONMENT = {
    **{variable(key): value for key, value in SETTINGS.items()},
    # DynamoDB Local takes any; without them a request is not even signed.
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}


def compose() -> dict[str, Any]:
    """The document."""
    services: dict[str, Service] = {
        "dynamodb": _engine(
            f"docker.io/amazon/dynamodb-local:{_version(DynamoDB.bundle.coordinates)}",
            "curl --silent --output /dev/null http://127.0.0.1:8000",
            command=["-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry"],
        ),
        "redis": _engine(
            "docker.io/library/redis:7.4",
            "redis-cli ping | grep PONG",
            command=["redis-server", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"],
        ),
        "opensearch": _engine(
            f"docker.io/opensearchproject/opensearch:{_version(OpenSearch.bundle.coordinates)}",
            "curl --silent --fail 'http://127.0.0.1:9200/_cluster/health?wait_for_status=yellow&timeout=1s'",
            environment={
                "discovery.type": "single-node",
                "DISABLE_SECURITY_PLUGIN": "true",
                "DISABLE_INSTALL_DEMO_CONFIG": "true",
                "OPENSEARCH_JAVA_OPTS": f"-Xms{OpenSearch.heap} -Xmx{OpenSearch.heap}",
            },
        ),
        "certificate": {
            "image": NGINX_IMAGE,
            "entrypoint": ["sh", "-c", CERTIFICATE],
            "network_mode": "none",
            "volumes": [f"tls:{TLS}"],
        },
        "migrate": {
            **_rookery(["migrate"]),
            "build": {"context": "../..", "dockerfile": "deploy/container/Containerfile"},
            "healthcheck": {"disable": True},
            "depends_on": {name: _once("service_healthy") for name in ("dynamodb", "redis", "opensearch")},
        },
    }
    after = {"migrate": _once("service_completed_successfully")}
    for name in SERVICES:
        services[front.name_of(name)] = {
            **_rookery(["serve", "--services", name]),
            "stop_grace_period": f"{END_S}s",
            "restart": "unless-stopped",
            "depends_on": after,
        }
    for name in WORKERS:
        services[f"worker-{name}"] = {
            **_rookery(["work", name]),
            "stop_grace_period": f"{END_S}s",
            "restart": "unless-stopped",
            "depends_on": after,
        }
    services["nginx"] = _nginx()
    return {
        "name": "rookery",
        "services": services,
        "networks": {"default": {"ipam": {"config": [{"subnet": SUBNET}]}}},
        "volumes": {"tls": {}},
    }


def _rookery(command: list[str]) -> Service:
    return {
        "image": IMAGE,
        "command": command,
        "environment": ENVIRONMENT,
        "tmpfs": [TMP],
        **CLOSED,
    }


def _engine(image: str, check: str, **more: object) -> Service:
    healthcheck = {"test": ["CMD-SHELL", check], "interval": "2s", "timeout": "3s", "retries": 60}
    return {"image": image, "healthcheck": healthcheck, "restart": "unless-stopped", **more}


def _nginx() -> Service:
    check = f"curl --silent --fail --insecure https://127.0.0.1:{FRONT_PORT}/readyz"
    ready = {front.name_of(name): _once("service_healthy") for name in SERVICES}
    return {
        **_engine(NGINX_IMAGE, check, command=front.COMMAND),
        **CLOSED,
        "user": front.OWNER,
        "tmpfs": [TMP, front.CACHE],
        "volumes": [f"./nginx.conf:{front.CONFIGURATION}:ro", f"tls:{TLS}:ro"],
        "ports": [f"127.0.0.1:{FRONT_PORT}:{FRONT_PORT}"],
        "networks": {"default": {"ipv4_address": FRONT_ADDRESS}},
        "depends_on": {"certificate": _once("service_completed_successfully"), **ready},
    }


def _once(condition: str) -> dict[str, str]:
    return {"condition": condition}


def _version(coordinates: tuple[str, ...]) -> str:
    """The version of the first, so that what is tried is what is tested."""
    return coordinates[0].rpartition(":")[2]
