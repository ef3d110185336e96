"""What an operator chooses: the context in cdk.json, or `cdk deploy --context NAME=VALUE`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "cdk.json"


@dataclass(frozen=True, slots=True)
class Choices:
    """`prefix`: what names begin with (the setting cluster.prefix). `repository`: of the image, in ECR. Nodes: the
    kinds of machines of Redis and of OpenSearch. `redis_replicas`: beside the one that is written to, 1 to 5.
    `search_nodes`: a multiple of three, for the three zones. `search_gib`: disk of each of them.
    `limits_by_address`: whether a web application firewall limits requests. `settings`: of Rookery, by key, where they
    shall differ."""

    prefix: str
    repository: str
    redis_node: str
    redis_replicas: int
    search_node: str
    search_manager: str
    search_nodes: int
    search_gib: int
    limits_by_address: bool
    settings: Mapping[str, str]


def context() -> Mapping[str, Any]:
    """The context of cdk.json, for whoever synthesises without the CDK's own command."""
    read: Mapping[str, Any] = json.loads(FILE.read_text())["context"]
    return read


def choices(given: Mapping[str, Any]) -> Choices:
    """Context as choices; the command line gives text alone. Raises ValueError for what does not fit."""
    kinds: Mapping[Any, Any] = {bool: _truth, int: int, str: str, Mapping[str, str]: dict}
    return Choices(**{one.name: kinds[one.type](given[one.name]) for one in fields(Choices)})


def _truth(given: object) -> bool:
    if str(given).lower() not in ("true", "false"):
        raise ValueError(f"{given} is neither true nor false")
    return str(given).lower() == "true"
