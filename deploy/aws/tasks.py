"""A task: one process of Rookery from the one image, without rights, with the settings of the code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import CfnParameter, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager

from deploy.aws.metering import MEMORY_MIB as COLLECTOR_MIB
from deploy.aws.metering import add_collector
from deploy.aws.network import Network
from deploy.aws.roles import start_role
from deploy.aws.tables import log_group_name
from rookery import __version__
from scripts.deploy.facts import METRICS_PORT, PORT, USER, variable, variables

# A process is one thread that works, so one core at most; Fargate gives no less memory with that.
CPU_UNITS, MEMORY_MIB = 1_024, 2_048
FOLDER = "/data"  # the image's own volume, which is its user's
# Whether it hangs; fails on any answer but 200, or none.
LOOK = f"import urllib.request as one; one.urlopen('http://127.0.0.1:{METRICS_PORT}/livez', timeout=3)"
FILES_MAX = 65_535  # the most of Fargate
LOGS_KEPT = logs.RetentionDays.ONE_MONTH


@dataclass(frozen=True, slots=True)
class Place:
    """What every task shares. `key`: as seen from the stack of the task. `addresses`: the secret settings by key.
    `repository`: of the image. `settings`: what the operator sets otherwise, by key."""

    cluster: ecs.ICluster
    network: Network
    prefix: str
    key: kms.IKey
    addresses: Mapping[str, secretsmanager.ISecret]
    repository: str
    settings: Mapping[str, str]


class Tasks:
    """Makes task definitions of one stack, which share an image and the role by which AWS starts them."""

    def __init__(self, stack: Stack, place: Place) -> None:
        self._stack, self._place = stack, place
        tag = CfnParameter(
            stack,
            "ImageTag",
            default=__version__,
            description="Tag of the image in the repository of the account",
        )
        self._image = ecs.ContainerImage.from_ecr_repository(
            ecr.Repository.from_repository_name(stack, "Repository", place.repository), tag.value_as_string
        )
        self._starts = start_role(stack, place.key)

    def add(
        self,
        name: str,
        role: iam.IRole,
        command: Sequence[str],
        *,
        drain_s: int,
        given: Mapping[str, str] | None = None,
        metered: bool = True,
    ) -> ecs.FargateTaskDefinition:
        """A task that runs a `rookery` command. It is killed where it has not ended `drain_s` after SIGTERM; `given`
        are settings of its own, by key."""
        stack = self._stack
        definition = ecs.FargateTaskDefinition(
            stack,
            f"{name.title()}Task",
            family=f"{self._place.prefix}{name}",
            cpu=CPU_UNITS,
            memory_limit_mib=MEMORY_MIB,
            task_role=role,
            execution_role=self._starts,
            volumes=[ecs.Volume(name="own")],
        )
        told = self._log_group(name)
        process = definition.add_container(
            "rookery",
            image=self._image,
            command=list(command),
            user=f"{USER}:{USER}",
            readonly_root_filesystem=True,
            memory_limit_mib=MEMORY_MIB - COLLECTOR_MIB,
            environment={**variables({**self._settings(), **(given or {})}), "TMPDIR": FOLDER},
            secrets={
                variable(key): ecs.Secret.from_secrets_manager(one)
                for key, one in self._place.addresses.items()
            },
            stop_timeout=Duration.seconds(drain_s),
            logging=ecs.LogDrivers.aws_logs(log_group=told, stream_prefix="rookery"),
            health_check=ecs.HealthCheck(
                command=["CMD", "python", "-c", LOOK],
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                retries=6,
                start_period=Duration.seconds(60),
            )
            if metered
            else None,
            port_mappings=[ecs.PortMapping(container_port=PORT)],
            ulimits=[ecs.Ulimit(name=ecs.UlimitName.NOFILE, soft_limit=FILES_MAX, hard_limit=FILES_MAX)],
            linux_parameters=ecs.LinuxParameters(definition, "Rights"),
        )
        process.linux_parameters.drop_capabilities(ecs.Capability.ALL)
        process.add_mount_points(ecs.MountPoint(container_path=FOLDER, source_volume="own", read_only=False))
        if metered:
            told.grant_write(role)
            add_collector(definition, name, told)
        return definition

    def _settings(self) -> Mapping[str, str]:
        """What differs from the code's defaults here."""
        return {
            "data.engine": "cluster",
            "server.host": "0.0.0.0",  # noqa: S104 - of the task, which only the load balancer reaches
            "server.trusted_proxies": ",".join(self._place.network.front_networks),
            "cluster.region": self._stack.region,
            "cluster.prefix": self._place.prefix,
            "log.format": "json",
            **self._place.settings,
        }

    def _log_group(self, name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self._stack,
            f"{name.title()}Logs",
            log_group_name=log_group_name(self._place.prefix, name),
            encryption_key=self._place.key,
            retention=LOGS_KEPT,
            removal_policy=RemovalPolicy.DESTROY,
        )
