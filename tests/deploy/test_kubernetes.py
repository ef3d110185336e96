"""The manifests for Kubernetes: they are what the code says, its schemas take them, and no pod may do too much."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from rookery.config import SERVICES, catalogue
from rookery.engines.cluster import WORKERS
from rookery.engines.cluster.workers import DRAIN_S
from scripts.deploy.__main__ import files, stale
from scripts.deploy.load import BUSY, LAG_METRIC
from tests.deploy.definitions import (
    AS_IT_IS_AND_MISTAKEN,
    DEPLOY,
    PROJECT,
    Document,
    documents,
    nginx_said,
    planted,
    program,
    said,
    settings,
)

FOLDER = DEPLOY / "kubernetes"
FILES = sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")
ALL: Sequence[Document] = [one for path in FILES for one in documents(path)]
VERSIONS = ("1.30", "1.37")  # the first whose pods can sleep before they end, and the newest that is known
MISTAKES = [
    ("service-feed", "replicas", "minReplicas: 2", "minReplicas: two"),
    ("service-feed", "field", "readinessProbe:", "readynessProbe:"),
    ("service-feed", "port", "containerPort: 8000", "containerPort: http"),
    ("service-feed", "environment", "value: feed", "value: 8000"),
    ("service-feed", "resources", "requests:", "request:"),
    ("service-feed", "capabilities", "drop:\n            - ALL", "drop: ALL"),
    ("worker-feed", "metric", "external:\n      metric:", "external:\n      metrics:"),
    ("worker-feed", "kind", "kind: Deployment", "kind: Deploymant"),
    ("worker-feed", "budget", "maxUnavailable: 1", "maxUnavailable: [1]"),
    ("migrate", "restart", "restartPolicy: Never", "restartPolicy: [Never]"),
    ("settings", "data", "ROOKERY_SERVER_PORT: '8000'", "ROOKERY_SERVER_PORT: 8000"),
    ("network", "policy", "podSelector: {}", "podSelector: []"),
    ("front", "secret", "secretName:", "secretsName:"),
]
LOOSENED = [
    ("runAsNonRoot: true", "runAsNonRoot: false", "may be root"),
    ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "can write"),
    ("- ALL", "- KILL", "has capabilities"),
    ("type: RuntimeDefault", "type: Unconfined", "any system call"),
    ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "can gain rights"),
    ("automountServiceAccountToken: false", "automountServiceAccountToken: true", "can ask Kubernetes"),
    ("enableServiceLinks: false", "enableServiceLinks: true", "variables of Kubernetes"),
    ("            memory: ", "            memories: ", "no bound of memory"),
    ("terminationGracePeriodSeconds: ", "terminationGracePeriodSeconds: 1 #", "is killed"),
]


def of_kind(kind: str) -> dict[str, Document]:
    """The documents of a kind by name."""
    return {one["metadata"]["name"]: one["spec"] for one in ALL if one["kind"] == kind}


def pods() -> Mapping[str, Document]:
    """Every pod's template by the name of what makes it."""
    return {name: spec["template"] for kind in ("Deployment", "Job") for name, spec in of_kind(kind).items()}


def environment(container: Document) -> dict[str, str]:
    """The variables of a container as they are in a pod of the address 10.0.0.9."""
    config = {one["metadata"]["name"]: one.get("data", {}) for one in ALL if one["kind"] == "ConfigMap"}
    given: dict[str, str] = {}
    for source in container["envFrom"]:
        given |= config[source["configMapRef"]["name"]]
    for one in container["env"]:
        source = one.get("valueFrom", {})
        given[one["name"]] = one.get("value") or ("10.0.0.9" if "fieldRef" in source else "redis://secret/0")
    return given


def loose(name: str, template: Document) -> Iterator[str]:
    """What a pod may that it must not."""
    spec = template["spec"]
    (container,) = spec["containers"]
    pod, own = spec["securityContext"], container["securityContext"]
    if not (pod["runAsNonRoot"] and pod["runAsUser"] > 0):
        yield "may be root"
    if not own["readOnlyRootFilesystem"]:
        yield "can write into its image"
    if own["capabilities"] != {"drop": ["ALL"]}:
        yield "has capabilities"
    if pod["seccompProfile"] != {"type": "RuntimeDefault"}:
        yield "may call any system call"
    if own["allowPrivilegeEscalation"]:
        yield "can gain rights"
    if spec["automountServiceAccountToken"]:
        yield "can ask Kubernetes"
    if spec["enableServiceLinks"]:
        yield "gets variables of Kubernetes that begin as Rookery's"
    if not all("memory" in container["resources"][part] for part in ("requests", "limits")):
        yield "no bound of memory"
    if name != "rookery-migrate" and spec["terminationGracePeriodSeconds"] <= _drain_s(container):
        yield "is killed while it drains"


def _drain_s(container: Document) -> float:
    leaving = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    if container["name"] == "nginx" or container["args"] == ["serve"]:
        times = [catalogue()[key].default for key in ("server.linger_ms", "server.drain_ms_max")]
        return float(leaving + sum(int(str(one)) for one in times) / 1000)
    return float(leaving + DRAIN_S)


@pytest.fixture(scope="module")
def kubernetes_validate() -> str:
    """The validator, which comes with what tests need."""
    return program("kubernetes-validate", "kubernetes-validate")


def test_the_files_are_what_the_code_says() -> None:
    """The manifests are as `make docs` makes them from services, workers, settings, ports and figures."""
    assert {path for path in files() if path.parts[0] == "kubernetes"} == {
        path.relative_to(DEPLOY) for path in FOLDER.rglob("*.yaml")
    }
    assert [] == [path for path in stale() if path.startswith("kubernetes")]


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_document(kubernetes_validate: str, version: str) -> None:
    """`kubernetes-validate --strict` passes each, and knows each."""
    code, found = said(kubernetes_validate, "--strict", "-k", version, *map(str, FILES))

    assert (0, len(ALL)) == (code, found.count(" passed for resource ")), found


def test_kubernetes_finds_every_mistake(kubernetes_validate: str, tmp_path: Path) -> None:
    """Each planted mistake is told, in its file, or its document is not known."""
    for file, name, right, wrong in MISTAKES:
        text = planted((FOLDER / f"{file}.yaml").read_text(), right, wrong)
        (tmp_path / f"{file}-{name}.yaml").write_text(text)

    _, found = said(kubernetes_validate, "--strict", "-k", VERSIONS[0], *map(str, tmp_path.iterdir()))

    assert {f"{file}-{name}" for file, name, *_ in MISTAKES} == set(
        re.findall(r"^(?:ERROR|WARN) \S*/([\w-]+)\.yaml", found, re.MULTILINE)
    )


def test_what_is_applied_is_what_there_is() -> None:
    """kustomization.yaml names every file but itself and what is another namespace's."""
    (kustomization,) = documents(FOLDER / "kustomization.yaml")

    assert sorted(kustomization["resources"]) == [path.name for path in FILES if path.parent == FOLDER]


def test_every_service_and_worker_is_deployed_and_scaled(tmp_path: Path) -> None:
    """Each has a Deployment with probes, an autoscaler and a disruption budget; a service has an address."""
    names = {f"rookery-{name}" for name in SERVICES} | {f"rookery-worker-{name}" for name in WORKERS}
    deployments = of_kind("Deployment")

    assert names | {"rookery-front"} == set(deployments)
    assert set(deployments) == set(of_kind("HorizontalPodAutoscaler")) == set(of_kind("PodDisruptionBudget"))
    assert {f"rookery-{name}" for name in SERVICES} | {"rookery-front"} == set(of_kind("Service"))
    for name, spec in deployments.items():
        (container,) = spec["template"]["spec"]["containers"]
        ports = {one["name"] for one in container["ports"]}
        for probe in ("readinessProbe", "livenessProbe"):
            (asked,) = [one for key, one in container[probe].items() if key in ("httpGet", "tcpSocket")]
            assert asked["port"] in ports
        assert spec["selector"] == {"matchLabels": {"app.kubernetes.io/name": name}}
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_workers_scale_by_lag_and_services_by_requests() -> None:
    """Each group of workers by its own lag; the names of metrics are those that Rookery tells."""
    asked: dict[str, set[str]] = {}
    for name, spec in of_kind("HorizontalPodAutoscaler").items():
        for metric in spec["metrics"]:
            found = metric[metric["type"].lower()]
            told = found.get("metric", {"name": found.get("name")})
            group = told.get("selector", {}).get("matchLabels", {}).get("group")
            asked.setdefault(name, set()).add(f"{told['name']} of {group}" if group else told["name"])

    for service in SERVICES:
        assert {"cpu", *BUSY} == asked[f"rookery-{service}"]
    for worker in set(WORKERS) - {"sweeper"}:
        assert {"cpu", f"{LAG_METRIC} of {worker}"} == asked[f"rookery-worker-{worker}"]
    assert {*BUSY, LAG_METRIC} <= gauges()


def gauges() -> set[str]:
    """The names of the gauges in the source, as they are told."""
    source = (path.read_text() for path in (PROJECT / "src" / "rookery").rglob("*.py"))
    return {f"rookery_{name}" for text in source for name in re.findall(r'Gauge\(\s*"(\w+)"', text)}


def test_every_process_starts_with_its_settings(tmp_path: Path) -> None:
    """The variables of each pod are settings that fit together, and say what the pod is for."""
    for name, template in pods().items():
        (container,) = template["spec"]["containers"]
        if container["name"] == "nginx":
            continue
        given = settings(environment(container), tmp_path)
        assert "cluster" == given.data.engine
        assert "10.0.0.9" == given.server.metrics_host
        assert {f"rookery-{one}" for one in given.server.services} <= {name}
        ports = {one["name"]: one["containerPort"] for one in container.get("ports", [])}
        told = {"http": given.server.port, "metrics": given.server.metrics_port}
        assert ports.items() <= told.items()


def test_every_setting_is_there() -> None:
    """Each setting of the cluster engine is in the ConfigMap, in the pods or in the Secret, or is none by default."""
    (config,) = [
        one["data"] for one in ALL if one["metadata"]["name"] == "rookery-settings" and "data" in one
    ]
    in_pods = {
        one["name"] for _, pod in pods().items() for one in pod["spec"]["containers"][0].get("env", [])
    }
    secrets = {one.variable for one in catalogue().values() if one.secret}

    told = set(config) | in_pods
    for key, one in catalogue().items():
        if not key.startswith(("engine.", "data.")) and one.default not in (None, (), ""):
            assert one.variable in told, key
    assert set() == set(config) & secrets


def test_no_pod_may_more_than_it_must() -> None:
    """Nobody is root or gains rights, nothing writes into an image, and nobody is killed while draining."""
    assert {} == {name: found for name, pod in pods().items() if (found := list(loose(name, pod)))}


@pytest.mark.parametrize(("right", "wrong", "told"), LOOSENED, ids=[told for *_, told in LOOSENED])
def test_a_pod_that_may_more_is_found(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    """Each of these, loosened in a copy, is told."""
    (tmp_path / "feed.yaml").write_text(planted((FOLDER / "service-feed.yaml").read_text(), right, wrong))
    deployment = documents(tmp_path / "feed.yaml")[0]

    (found,) = loose(deployment["metadata"]["name"], deployment["spec"]["template"])

    assert told in found


@pytest.mark.parametrize(("right", "wrong"), AS_IT_IS_AND_MISTAKEN, ids=["as it is", "mistaken"])
def test_nginx_takes_its_configuration(tmp_path: Path, right: str, wrong: str) -> None:
    """`nginx -t` takes what the front's pods get, with this machine's addresses, and refuses a planted mistake."""
    (text,) = [one["data"]["nginx.conf"] for one in ALL if "nginx.conf" in one.get("data", {})]
    (mount,) = [
        one["mountPath"]
        for one in of_kind("Deployment")["rookery-front"]["template"]["spec"]["containers"][0]["volumeMounts"]
        if one["name"] == "tls"
    ]

    code, found = nginx_said(planted(text, right, wrong), tmp_path, f"{mount}/tls.crt", f"{mount}/tls.key")

    assert (code == 0) == (right == ""), found
