"""The manifests of the cluster engine: a Deployment for each service, each worker and the front, and what they need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scripts.deploy import front
from scripts.deploy.facts import (
    END_S,
    FRONT_PORT,
    METRICS_PORT,
    NGINX_IMAGE,
    NGINX_USER,
    PORT,
    SERVICES,
    TMP,
    WORKERS,
    variable,
    variables,
)
from scripts.deploy.load import BUSY, CPU_TARGET, LAG_METRIC, LAG_MS, WORKERS_MOST, needs
from scripts.deploy.pods import (
    ACCOUNT,
    LEAVE_S,
    PORTS,
    SETTINGS,
    Document,
    chosen,
    document,
    folder,
    pod,
    probes,
    rookery,
    spread,
)

NAMESPACE = "rookery"
CERTIFICATE_SECRET = "rookery-tls"  # noqa: S105 - its name
TLS = "/etc/nginx/tls"
# What differs from the defaults where it is deployed; the operator changes it in settings.yaml.
GIVEN = {
    "data.engine": "cluster",
    "server.host": "0.0.0.0",  # noqa: S104 - of the pod
    "server.trusted_proxies": "10.0.0.0/8",
    "log.format": "json",
}
PER_POD = ("server.services", "server.metrics_host")  # said where each pod is described


@dataclass(frozen=True, slots=True)
class Range:
    """How many pods there are of one kind."""

    least: int = 2
    most: int = 40


def manifests() -> Mapping[str, Sequence[Document]]:
    """The documents by file, in the order in which they are applied."""
    first: dict[str, Sequence[Document]] = {
        "namespace": [_namespace()],
        "settings": [_account(), _settings()],
        "network": _network(),
        "migrate": [_migrate()],
    }
    for one in (one for documents in first.values() for one in documents):
        one["metadata"].setdefault("labels", {})["rookery/step"] = (
            "tables"  # to be applied alone, before the rest
        )
    services = {f"service-{name}": _service(name) for name in SERVICES}
    workers = {f"worker-{name}": _worker(name) for name in WORKERS}
    return {**first, **services, **workers, "front": _front()}


def kustomization() -> Document:
    """What `kubectl apply --kustomize` applies; an overlay changes settings and the image's place in it."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": [f"{name}.yaml" for name in manifests()],
    }


def _namespace() -> Document:
    made = document("v1", "Namespace", NAMESPACE)
    made["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "restricted"}
    return made


def _account() -> Document:
    return document("v1", "ServiceAccount", ACCOUNT, automountServiceAccountToken=False)


def _settings() -> Document:
    own = {variable(key) for key in PER_POD}
    told = {name: value for name, value in variables(GIVEN).items() if name not in own}
    return document("v1", "ConfigMap", SETTINGS, data=told)


def _migrate() -> Document:
    container = rookery(["migrate"], {}, resources=needs()["migrate"].resources())
    template = pod(
        "rookery-migrate",
        "migrate",
        container,
        folders=[folder("tmp", TMP, "64Mi")],
        restartPolicy="Never",
    )
    spec = {"backoffLimit": 6, "ttlSecondsAfterFinished": 86_400, "template": template}
    return document("batch/v1", "Job", "rookery-migrate", spec=spec)


def _service(service: str) -> Sequence[Document]:
    name = front.name_of(service)
    container = rookery(
        ["serve"],
        {variable("server.services"): service},
        ports=PORTS,
        **probes("http"),
        lifecycle={"preStop": {"sleep": {"seconds": LEAVE_S}}},
        resources=needs()[f"{service} service"].resources(),
    )
    return [
        _deployment(name, "service", container, LEAVE_S + END_S),
        _port(name, PORT, "http"),
        _scaled(name, Range(), [_cpu(), *map(_busy, BUSY)]),
        _kept(name),
    ]


def _worker(worker: str) -> Sequence[Document]:
    name = f"rookery-worker-{worker}"
    container = rookery(
        ["work", worker],
        {},
        ports=PORTS[1:],
        **probes("metrics"),
        resources=needs()[f"{worker} worker"].resources(),
    )
    metrics = [_cpu()]
    if worker in LAG_MS:
        metric = {"name": LAG_METRIC, "selector": {"matchLabels": {"group": worker}}}
        target = {"type": "Value", "value": str(LAG_MS[worker])}
        metrics.append({"type": "External", "external": {"metric": metric, "target": target}})
    # Of the sweeper one process does the work and one stands by: more would do nothing.
    range_ = Range(most=WORKERS_MOST) if worker in LAG_MS else Range(most=2)
    return [
        _deployment(name, "worker", container, END_S),
        _scaled(name, range_, metrics),
        _kept(name),
    ]


def _front() -> Sequence[Document]:
    name = "rookery-front"
    probe = {"tcpSocket": {"port": "https"}, "periodSeconds": 5, "timeoutSeconds": 3}
    container = {
        "name": "nginx",
        "image": NGINX_IMAGE,
        "args": front.COMMAND,
        "ports": [{"name": "https", "containerPort": FRONT_PORT}],
        "readinessProbe": probe,
        "livenessProbe": {**probe, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": LEAVE_S}}},
        "resources": needs()["front"].resources(),
    }
    folders = [
        folder("tmp", TMP, "16Mi"),
        folder("cache", front.CACHE, "512Mi"),
        _mounted("configuration", {"configMap": {"name": name}}, front.CONFIGURATION.rpartition("/")[0]),
        _mounted("tls", {"secret": {"secretName": CERTIFICATE_SECRET, "defaultMode": 0o440}}, TLS),
    ]
    data = {"nginx.conf": front.configuration(f"{TLS}/tls.crt", f"{TLS}/tls.key")}
    balancer = _port(name, 443, "https")
    # So that the client's own address is what limits count.
    balancer["spec"] |= {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    return [
        document("v1", "ConfigMap", name, data=data),
        _deployment(name, "front", container, LEAVE_S + END_S, user=NGINX_USER, folders=folders),
        balancer,
        _scaled(name, Range(most=10), [_cpu()]),
        _kept(name),
    ]


def _deployment(
    name: str,
    kind: str,
    container: Document,
    grace_s: int,
    **more: object,
) -> Document:
    """Without a number of pods, which is the autoscaler's."""
    more = {"folders": [folder("tmp", TMP, "64Mi")], **more}
    template = pod(
        name,
        kind,
        container,
        topologySpreadConstraints=spread(name),
        terminationGracePeriodSeconds=grace_s,
        **more,  # type: ignore[arg-type] # the rest of pod's own
    )
    # A pod more and none less while another version comes.
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    spec = {"selector": chosen(name), "strategy": rolling, "template": template}
    return document("apps/v1", "Deployment", name, spec=spec)


def _port(name: str, port: int, target: str) -> Document:
    ports = [{"name": target, "port": port, "targetPort": target}]
    return document("v1", "Service", name, spec={"selector": chosen(name)["matchLabels"], "ports": ports})


def _scaled(name: str, range_: Range, metrics: Sequence[Document]) -> Document:
    return document(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        name,
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": range_.least,
            "maxReplicas": range_.most,
            "metrics": metrics,
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
        },
    )


def _cpu() -> Document:
    target = {"type": "AverageValue", "averageValue": CPU_TARGET}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _busy(metric: str) -> Document:
    target = {"type": "AverageValue", "averageValue": str(BUSY[metric])}
    return {"type": "Pods", "pods": {"metric": {"name": metric}, "target": target}}


def _kept(name: str) -> Document:
    spec = {"maxUnavailable": 1, "selector": chosen(name)}
    return document("policy/v1", "PodDisruptionBudget", name, spec=spec)


def _mounted(name: str, source: Document, path: str) -> tuple[Document, Document]:
    return {"name": name, **source}, {"name": name, "mountPath": path, "readOnly": True}


def _network() -> Sequence[Document]:
    """Nobody reaches a pod, but the front the services, anybody the front, and the monitoring the metrics."""
    watchers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    from_front = [{"podSelector": {"matchLabels": {"rookery/kind": "front"}}}]
    return [
        _allowed("rookery-nobody", {}, []),
        _allowed("rookery-services", {"matchLabels": {"rookery/kind": "service"}}, [_by(from_front, PORT)]),
        _allowed("rookery-front", {"matchLabels": {"rookery/kind": "front"}}, [_by([], FRONT_PORT)]),
        _allowed(
            "rookery-metrics",
            {
                "matchExpressions": [
                    {"key": "rookery/kind", "operator": "In", "values": ["service", "worker"]}
                ]
            },
            [_by(watchers, METRICS_PORT)],
        ),
    ]


def _by(who: Sequence[Document], port: int) -> Document:
    return {**({"from": who} if who else {}), "ports": [{"port": port}]}


def _allowed(name: str, who: Document, rules: Sequence[Document]) -> Document:
    spec = {"podSelector": who, "policyTypes": ["Ingress"], "ingress": rules}
    return document("networking.k8s.io/v1", "NetworkPolicy", name, spec=spec)
