"""The cluster engine as it is measured: its settings, and networks moved into its tables."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.run import KEY, PROJECT
from benchmarks.servers import RAISED
from scripts.engines import Engine

REGION = "us-east-1"


def environment(engines: Mapping[str, Engine], prefix: str, **more: str) -> Mapping[str, str]:
    """The ROOKERY_ variables, without that prefix, which point at these engines; `prefix` begins the names of tables,
    keys and indices."""
    search = {"CLUSTER_SEARCH_URL": engines["opensearch"].url} if "opensearch" in engines else {}
    return {
        **RAISED,
        "SERVER_METRICS_PORT": "0",
        "DATA_ENGINE": "cluster",
        "CLUSTER_DYNAMODB_URL": engines["dynamodb"].url,
        "CLUSTER_REDIS_URL": engines["redis"].url,
        **search,
        "CLUSTER_REGION": REGION,
        "CLUSTER_PREFIX": prefix,
        "LOG_LEVEL": "error",
        **more,
    }


def variables(settings: Mapping[str, str]) -> Mapping[str, str]:
    """The environment of a process with these settings and the key of benchmarks."""
    os.environ.update({"AWS_ACCESS_KEY_ID": "rookery", "AWS_SECRET_ACCESS_KEY": "rookery"})
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_")}
    return {**clean, **{f"ROOKERY_{name}": value for name, value in {**settings, "KEY": KEY.hex()}.items()}}


def moved(settings: Mapping[str, str], folder: Path) -> None:
    """Moves a data folder into the tables."""
    done = subprocess.run(
        [sys.executable, "-m", "rookery", "migrate-data", "--data", str(folder)],
        env=variables(settings),
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
