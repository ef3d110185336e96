"""A Fargate service for each service and each worker of Rookery, and when there are more tasks of it."""

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

from deploy.aws.metering import busy, lag
from deploy.aws.roles import ROWS, WORK, task_role
from deploy.aws.tasks import Place, Tasks
from scripts.deploy.facts import DRAIN_SERVICE_S, DRAIN_WORKER_S, SERVICES, SPARE_S, WORKERS
from scripts.deploy.load import BUSY, CPU_TARGET, LAG_MS, WORKERS_MOST

LEAST, MOST = 2, 40  # tasks of each service
CPU_PERCENT = int(CPU_TARGET.removesuffix("m")) // 10  # of the one core that a task has
START = Duration.minutes(1)  # before the load balancer's opinion counts
COOL_OUT, COOL_IN = Duration.seconds(60), Duration.minutes(5)


def add_services(stack: Stack, place: Place, tasks: Tasks) -> Mapping[str, ecs.FargateService]:
    """The services, by name; they scale by their processors and by what each has to do."""
    role = task_role(stack, "ServiceRole", place.prefix, place.key, ROWS)
    return {name: _add_service(stack, place, tasks, name, role) for name in SERVICES}


def add_workers(stack: Stack, place: Place, tasks: Tasks) -> None:
    """The workers; those that read a stream scale by how late they are with it, of others one stands by."""
    role = task_role(stack, "WorkerRole", place.prefix, place.key, WORK)
    for name in WORKERS:
        _add_worker(stack, place, tasks, name, role)


def _add_service(stack: Stack, place: Place, tasks: Tasks, name: str, role: iam.IRole) -> ecs.FargateService:
    task = tasks.add(
        name, role, ["serve"], drain_s=DRAIN_SERVICE_S + SPARE_S, given={"server.services": name}
    )
    service = _running(stack, place, f"{name.title()}Service", name, task, health_check_grace_period=START)
    scaled = service.auto_scale_task_count(min_capacity=LEAST, max_capacity=MOST)
    scaled.scale_on_cpu_utilization(
        "Cpu",
        target_utilization_percent=CPU_PERCENT,
        scale_out_cooldown=COOL_OUT,
        scale_in_cooldown=COOL_IN,
    )
    for number, (metric, target) in enumerate(BUSY.items()):
        scaled.scale_to_track_custom_metric(
            f"Busy{number}",
            metric=busy(metric, name),
            target_value=target,
            scale_out_cooldown=COOL_OUT,
            scale_in_cooldown=COOL_IN,
        )
    return service


def _add_worker(stack: Stack, place: Place, tasks: Tasks, name: str, role: iam.IRole) -> None:
    role_name = f"{name}-worker"  # a service may have the same name
    task = tasks.add(role_name, role, ["work", name], drain_s=DRAIN_WORKER_S + SPARE_S)
    if name not in LAG_MS:
        _running(stack, place, f"{name.title()}Worker", role_name, task, desired_count=LEAST)
        return
    worker = _running(stack, place, f"{name.title()}Worker", role_name, task)
    worker.auto_scale_task_count(min_capacity=LEAST, max_capacity=WORKERS_MOST).scale_to_track_custom_metric(
        "Lag",
        metric=lag(name),
        target_value=LAG_MS[name],
        scale_out_cooldown=COOL_OUT,
        scale_in_cooldown=COOL_IN,
    )


def _running(
    stack: Stack, place: Place, construct: str, name: str, task: ecs.FargateTaskDefinition, **more: object
) -> ecs.FargateService:
    """Tasks in all zones, none with a public address; a new version that does not come up gives way to the old."""
    return ecs.FargateService(
        stack,
        construct,
        service_name=f"{place.prefix}{name}",
        cluster=place.cluster,
        task_definition=task,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        security_groups=[place.network.tasks],
        assign_public_ip=False,
        circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
        min_healthy_percent=100,
        max_healthy_percent=200,
        propagate_tags=ecs.PropagatedTagSource.SERVICE,
        **more,
    )
