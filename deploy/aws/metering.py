"""The collector beside each task: it asks for the metrics that scaling goes by, and gives them to CloudWatch."""

import json

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs

from scripts.deploy.facts import METRICS_PORT
from scripts.deploy.load import BUSY, LAG_METRIC

IMAGE = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
NAMESPACE = "Rookery"
# Dimensions: which service a task is of; which group of workers a lag is of, whoever tells it.
ROLE, GROUP = "role", "group"
WANTED = {**dict.fromkeys(BUSY, ROLE), LAG_METRIC: GROUP}
SCRAPE_S = 15
MEMORY_MIB = 256
USER = "aoc"  # of the collector's image, which has no rights


def add_collector(definition: ecs.FargateTaskDefinition, role: str, told: logs.ILogGroup) -> None:
    """Adds it. Where it fails the task goes on, and scaling goes by the processor alone."""
    collector = definition.add_container(
        "collector",
        image=ecs.ContainerImage.from_registry(IMAGE),
        essential=False,
        user=USER,
        readonly_root_filesystem=True,
        memory_limit_mib=MEMORY_MIB,
        environment={"AOT_CONFIG_CONTENT": json.dumps(_configuration(role, told.log_group_name))},
        logging=ecs.LogDrivers.aws_logs(log_group=told, stream_prefix="collector"),
        linux_parameters=ecs.LinuxParameters(definition, "CollectorRights"),
    )
    collector.linux_parameters.drop_capabilities(ecs.Capability.ALL)


def busy(name: str, service: str) -> cloudwatch.Metric:
    """One of BUSY, of a task of the service on average."""
    return _metric(name, {ROLE: service}, "Average")


def lag(group: str) -> cloudwatch.Metric:
    """How late a group of workers is, in ms, as whoever sees it latest tells."""
    return _metric(LAG_METRIC, {GROUP: group}, "Maximum")


def _metric(name: str, dimensions: dict[str, str], statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=Duration.minutes(1),
    )


def _configuration(role: str, group: str) -> dict[str, object]:
    """The collector's: from /metrics on the task's loopback to lines of a log that CloudWatch counts by."""
    wanted = "|".join(WANTED)
    scrape = {
        "job_name": "rookery",
        "scrape_interval": f"{SCRAPE_S}s",
        "static_configs": [{"targets": [f"127.0.0.1:{METRICS_PORT}"], "labels": {ROLE: role}}],
        "metric_relabel_configs": [{"source_labels": ["__name__"], "regex": wanted, "action": "keep"}],
    }
    export = {
        "namespace": NAMESPACE,
        "log_group_name": group,
        "log_stream_name": f"metrics/{role}",
        "dimension_rollup_option": "NoDimensionRollup",
        "metric_declarations": [
            {"dimensions": [[dimension]], "metric_name_selectors": [f"^{name}"]}
            for name, dimension in WANTED.items()
        ],
    }
    pipeline = {"receivers": ["prometheus"], "exporters": ["awsemf"]}
    return {
        "receivers": {"prometheus": {"config": {"scrape_configs": [scrape]}}},
        "exporters": {"awsemf": export},
        "service": {"pipelines": {"metrics": pipeline}},
    }
