"""The compose file: it is what the code says, its schema takes it, and everything waits for what it needs."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from rookery.config import SERVICES
from rookery.engines.cluster import WORKERS
from scripts.deploy.__main__ import files, stale
from tests.deploy.definitions import AS_IT_IS_AND_MISTAKEN, DEPLOY, Document, nginx_said, planted, settings

FOLDER = DEPLOY / "compose"
TEXT = (FOLDER / "compose.yaml").read_text()
# As published by the Compose Specification Authors (2020) under the Apache License 2.0: schema/compose-spec.json.
SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
VALIDATOR = jsonschema_rs.Draft7Validator(SCHEMA)
HEALTHY = "condition: service_healthy"
MISTAKES = [
    ("image: rookery", "imagine: rookery"),
    ("healthcheck:", "healthcheque:"),
    ("retries: 60", "retries: [60]"),
    ("read_only: true", "read_only: [true]"),
    ("cap_drop:\n    - ALL", "cap_drop: ALL"),
    ("restart: unless-stopped", "restart: [always]"),
    (HEALTHY, "condition: service_well"),
    ("subnet: 10", "subnets: 10"),
]
BROKEN = [
    (
        "      dynamodb:\n        condition",
        "      dynamite:\n        condition",
        "waits for dynamite, which there is not",
    ),
    (HEALTHY, "condition: service_completed_successfully", "waits for the end of dynamodb, which runs"),
    ("- tls:/tls:ro", "- tsl:/tls:ro", "has a volume tsl, which there is not"),
    ("127.0.0.1:8443:8443", "8443:8443", "is open to other machines"),
    (
        "      ROOKERY_CLUSTER_REDIS_URL: redis://redis",
        "      ROOKERY_CLUSTER_REDIS_URL: redis://radish",
        "radish",
    ),
]


def faults(document: Document) -> Iterator[str]:
    """What no schema can see."""
    services = document["services"]
    for name, one in services.items():
        for other, needed in one.get("depends_on", {}).items():
            if other not in services:
                yield f"{name} waits for {other}, which there is not"
            elif (needed["condition"] == "service_healthy") != ("restart" in services[other]):
                yield f"{name} waits for the end of {other}, which runs, or for the health of what ends"
        for volume in one.get("volumes", []):
            source = volume.partition(":")[0]
            if source not in document["volumes"] and not (FOLDER / source).exists():
                yield f"{name} has a volume {source}, which there is not"
        for port in one.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield f"{name} is open to other machines"
        for variable, value in one.get("environment", {}).items():
            host = value.partition("://")[2].partition(":")[0]
            if variable.endswith("_URL") and host not in services:
                yield f"{name} looks for {host}, which there is not"


def told(text: str) -> list[str]:
    """What the schema says of a text."""
    return [fault.message for fault in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_the_files_are_what_the_code_says() -> None:
    """compose.yaml and nginx.conf are as `make docs` makes them from services, workers, settings and ports."""
    assert {"compose.yaml", "nginx.conf"} == {path.name for path in files() if path.parts[0] == "compose"}
    assert [] == [path for path in stale() if path.startswith("compose")]


def test_the_schema_takes_the_file() -> None:
    """The published schema of compose files finds nothing."""
    assert [] == told(TEXT)


@pytest.mark.parametrize(("right", "wrong"), MISTAKES, ids=[wrong for _, wrong in MISTAKES])
def test_the_schema_finds_a_mistake(right: str, wrong: str) -> None:
    """A planted mistake, in a name, a type or a value, is told."""
    assert [] != told(planted(TEXT, right, wrong))


def test_all_that_is_named_is_there() -> None:
    """What is waited for, mounted or asked is a service or a volume of the file, and nothing is open to others."""
    assert [] == list(faults(yaml.safe_load(TEXT)))


@pytest.mark.parametrize(("right", "wrong", "fault"), BROKEN, ids=[wrong for _, wrong, _ in BROKEN])
def test_what_is_named_and_is_not_there_is_found(right: str, wrong: str, fault: str) -> None:
    """Each of these, planted, is told."""
    assert any(fault in one for one in faults(yaml.safe_load(planted(TEXT, right, wrong))))


def test_every_service_and_worker_runs_with_settings_that_are_taken(tmp_path: Path) -> None:
    """Each has a process, which its settings let start, behind a proxy whose address is named; tables come first."""
    services = yaml.safe_load(TEXT)["services"]
    commands = {tuple(one["command"]): one for one in services.values() if one["image"].startswith("rookery")}
    wanted = {("serve", "--services", name) for name in SERVICES} | {("work", name) for name in WORKERS}

    assert {("migrate",)} | wanted == set(commands)
    proxy = services["nginx"]["networks"]["default"]["ipv4_address"]
    for command, one in commands.items():
        own = {key: value for key, value in one["environment"].items() if key.startswith("ROOKERY_")}
        given = settings(own, tmp_path)
        assert ("cluster", (proxy,)) == (given.data.engine, given.server.trusted_proxies)
        if command != ("migrate",):
            assert {"migrate": {"condition": "service_completed_successfully"}} == one["depends_on"]
            drain_ms = given.server.linger_ms + given.server.drain_ms_max if command[0] == "serve" else 10_000
            assert drain_ms / 1000 < int(one["stop_grace_period"].removesuffix("s"))


@pytest.mark.parametrize(("right", "wrong"), AS_IT_IS_AND_MISTAKEN, ids=["as it is", "mistaken"])
def test_nginx_takes_its_configuration(tmp_path: Path, right: str, wrong: str) -> None:
    """`nginx -t` takes it, with addresses and certificate of this machine, and refuses a planted mistake."""
    text = planted((FOLDER / "nginx.conf").read_text(), right, wrong)

    code, found = nginx_said(text, tmp_path, "/tls/cert.pem", "/tls/key.pem")

    assert (code == 0) == (right == ""), found
