"""The cluster engine for servers under test: the engines that all tests share, with names of each server's own."""

import os
import secrets
from collections.abc import Mapping

import pytest

from tests.tabling import REGION


def prefix() -> str:
    """What the names of one server's tables, keys and indices begin with."""
    return f"test-{secrets.token_hex(6)}-"


def cluster_settings(request: pytest.FixtureRequest, search: str = "opensearch") -> Mapping[str, str]:
    """The ROOKERY_ variables, without their prefix, of a server on the cluster engine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.setdefault(name, "rookery")  # DynamoDB Local takes any
    return {
        "DATA_ENGINE": "cluster",
        "CLUSTER_DYNAMODB_URL": request.getfixturevalue("dynamodb_url"),
        "CLUSTER_REGION": REGION,
        "CLUSTER_REDIS_URL": request.getfixturevalue("redis_url"),
        "CLUSTER_SEARCH_URL": request.getfixturevalue(f"{search}_url"),
        "CLUSTER_PREFIX": prefix(),
    }
