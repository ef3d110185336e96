"""What every definition says of Rookery, from where the code says it."""

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rookery import __version__
from rookery.config import SERVICES, Setting, catalogue
from rookery.engines.cluster import WORKERS
from rookery.engines.cluster.workers import DRAIN_S

__all__ = ["SERVICES", "WORKERS"]

PROJECT = Path(__file__).parent.parent.parent
IMAGE = f"rookery:{__version__}"
NGINX_IMAGE = "docker.io/library/nginx:1.28"
USER = 10_001  # of the image; see deploy/container/Containerfile
TMP = "/tmp"  # noqa: S108 - of a container, and empty
NGINX_USER = 101  # of nginx's image
PORT = int(str(catalogue()["server.port"].default))
METRICS_PORT = int(str(catalogue()["server.metrics_port"].default))
FRONT_PORT = 8443
SPARE_S = 10  # beyond what draining may take, before a process is killed
DRAIN_SERVICE_S = math.ceil(
    sum(int(str(catalogue()[key].default)) for key in ("server.linger_ms", "server.drain_ms_max")) / 1000
)
DRAIN_WORKER_S = math.ceil(DRAIN_S)
END_S = max(DRAIN_SERVICE_S, DRAIN_WORKER_S) + SPARE_S  # from SIGTERM to SIGKILL
EMBEDDED = ("data.dir", "data.key_file", "data.key", "engine.")  # what the cluster engine does not look at
SECRETS: Mapping[str, Setting] = {
    key: one for key, one in catalogue().items() if one.secret and not key.startswith(EMBEDDED)
}
# Settings whose default is to have none, which no variable can say.
UNSET = {
    "server.services",
    "server.tls_cert",
    "server.tls_key",
    "server.trusted_proxies",
    "cluster.dynamodb_url",
}


def variable(key: str) -> str:
    """The variable of a setting. Raises KeyError where there is no such setting."""
    return catalogue()[key].variable


def variables(given: Mapping[str, str]) -> dict[str, str]:
    """Every setting of the cluster engine that is no secret, by variable: as given by key, else its default.

    Raises KeyError for a key that is no setting, ValueError for a setting that has no default to write down.
    """
    given = {variable(key): value for key, value in given.items()}
    told = {}
    for key, one in catalogue().items():
        if key in SECRETS or key.startswith(EMBEDDED):
            continue
        if one.variable in given:
            told[one.variable] = given[one.variable]
        elif one.default not in (None, (), ""):
            told[one.variable] = written(one.default)
        elif key not in UNSET:
            raise ValueError(f"say in scripts/deploy what {key} is where it is deployed, or add it to UNSET")
    return told


def written(value: object) -> str:
    """A value as a variable holds it."""
    if isinstance(value, tuple):
        return ",".join(value)
    return json.dumps(value) if isinstance(value, bool) else str(value)


@cache
def figure(bench: str, name: str) -> float:
    """A figure of docs/benchmarks.json. Raises ValueError where it was not measured."""
    report = json.loads((PROJECT / "docs" / "benchmarks.json").read_text())
    for one in report["benchmarks"][bench]["figures"]:
        if one["name"] == name:
            return float(one["value"])
    raise ValueError(f"measure `{name}` by the benchmark {bench}, or it is not known what that asks for")
