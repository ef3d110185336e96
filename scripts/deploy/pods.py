"""What every pod has: no rights, a root file system that cannot be written, where it may run, and who may reach it."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.deploy.facts import IMAGE, METRICS_PORT, PORT, SECRETS, USER, variable

Document = dict[str, Any]
ENGINES_SECRET = "rookery-engines"  # noqa: S105 - its name
SETTINGS = "rookery-settings"
ACCOUNT = "rookery"
LEAVE_S = 5  # in which nobody sends to a pod any more that is about to end
WITHOUT_RIGHTS: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def labels(name: str, kind: str) -> dict[str, str]:
    """The labels of what belongs to one process; `kind` is service, worker, front or migrate."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "rookery", "rookery/kind": kind}


def chosen(name: str) -> dict[str, dict[str, str]]:
    """What finds the pods of that name."""
    return {"matchLabels": {"app.kubernetes.io/name": name}}


def folder(name: str, path: str, size: str) -> tuple[Document, Document]:
    """A folder that can be written, and where it is."""
    return {"name": name, "emptyDir": {"sizeLimit": size}}, {"name": name, "mountPath": path}


def document(api: str, kind: str, name: str, **fields: object) -> Document:
    """A document with a name."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **fields}


def pod(
    name: str,
    kind: str,
    container: Document,
    *,
    user: int = USER,
    folders: Sequence[tuple[Document, Document]] = (),
    **more: object,
) -> Document:
    """The template of a pod with this container."""
    volumes, mounts = [one[0] for one in folders], [one[1] for one in folders]
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": str(METRICS_PORT)}
    return {
        "metadata": {"labels": labels(name, kind), "annotations": annotations if user == USER else {}},
        "spec": {
            "serviceAccountName": ACCOUNT,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": user,
                "runAsGroup": user,
                "fsGroup": user,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{**container, "securityContext": WITHOUT_RIGHTS, "volumeMounts": mounts}],
            "volumes": volumes,
            **more,
        },
    }


def rookery(arguments: Sequence[str], environment: Mapping[str, str], **more: object) -> Document:
    """A container that runs a `rookery` command with the settings; a secret that is missing keeps it from starting."""
    secrets = [
        {"name": one.variable, "valueFrom": {"secretKeyRef": {"name": ENGINES_SECRET, "key": one.variable}}}
        for one in SECRETS.values()
    ]
    # An address that stands for all of the machine's is refused for metrics: they go to the pod's own alone.
    own = {"name": variable("server.metrics_host"), "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    given = [{"name": name, "value": value} for name, value in environment.items()]
    return {
        "name": "rookery",
        "image": IMAGE,
        "args": list(arguments),
        "envFrom": [{"configMapRef": {"name": SETTINGS}}],
        "env": [*given, own, *secrets],
        **more,
    }


def spread(name: str) -> Sequence[Document]:
    """Over zones and machines alike, so that the loss of one takes few of them."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": chosen(name),
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def probes(port: str) -> Document:
    """Of a process that says at this port whether it lives and is ready; it may take two minutes to start."""
    ready, live = asked("/readyz", port), asked("/livez", port)
    return {
        "startupProbe": {**live, "periodSeconds": 2, "failureThreshold": 60},
        "readinessProbe": {**ready, "failureThreshold": 1},
        "livenessProbe": {**live, "failureThreshold": 6},
    }


def asked(path: str, port: str) -> Document:
    """A probe of an HTTP path."""
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": 5, "timeoutSeconds": 3}


PORTS = [{"name": "http", "containerPort": PORT}, {"name": "metrics", "containerPort": METRICS_PORT}]
