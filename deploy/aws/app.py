"""The cluster engine on AWS, as four stacks: `cdk deploy` in this folder, see README.md.

app -> tables, network -> engines, tasks -> services -> front
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms

from deploy.aws.choices import Choices, choices, context
from deploy.aws.engines import add_engines
from deploy.aws.front import add_front
from deploy.aws.network import Network, add_network
from deploy.aws.roles import MIGRATE, task_role
from deploy.aws.services import add_services, add_workers
from deploy.aws.tables import add_tables
from deploy.aws.tasks import Place, Tasks
from scripts.deploy.facts import SPARE_S

STACKS = DATA, ENGINES, MIGRATION, SERVICES = (
    "RookeryData",
    "RookeryEngines",
    "RookeryMigration",
    "RookeryServices",
)


def build(given: Mapping[str, Any] | None = None, outdir: str | None = None) -> App:
    """The app, of no account and no region in particular; `given` is context, before that of the command line."""
    app = App(context=given, outdir=outdir, analytics_reporting=False)
    chosen = choices({name: app.node.try_get_context(name) for name in Choices.__dataclass_fields__})
    data = Stack(app, DATA, description="Rookery: tables and key", termination_protection=True)
    key_arn = add_tables(data, chosen.prefix).key_arn
    engines = Stack(
        app, ENGINES, description="Rookery: network, Redis, OpenSearch", termination_protection=True
    )
    network = add_network(engines)
    addresses = add_engines(engines, chosen, _known(engines, key_arn), network)
    cluster = ecs.Cluster(
        engines,
        "Cluster",
        cluster_name=f"{chosen.prefix}cluster",
        vpc=network.vpc,
        container_insights_v2=ecs.ContainerInsights.ENABLED,
    )
    CfnOutput(engines, "Network", value=_where(network), description="Of tasks, for `aws ecs run-task`")
    migration = Stack(app, MIGRATION, description="Rookery: the task that makes what a version needs")
    services = Stack(app, SERVICES, description="Rookery: services, workers and the load balancer")

    def place(stack: Stack) -> Place:
        return Place(
            cluster,
            network,
            chosen.prefix,
            _known(stack, key_arn),
            addresses,
            chosen.repository,
            chosen.settings,
        )

    _add_migration(migration, place(migration))
    at = place(services)
    tasks = Tasks(services, at)
    serving = add_services(services, at, tasks)
    add_workers(services, at, tasks)
    add_front(services, network, serving, limited=chosen.limits_by_address)
    return app


def _known(stack: Stack, arn: str) -> kms.IKey:
    """The key, seen from another stack: what may use it there is said in roles, not in the key's policy."""
    return kms.Key.from_key_arn(stack, "Key", arn)


def _add_migration(stack: Stack, place: Place) -> None:
    role = task_role(stack, "MigrationRole", place.prefix, place.key, MIGRATE)
    Tasks(stack, place).add("migrate", role, ["migrate"], drain_s=SPARE_S, metered=False)


def _where(network: Network) -> str:
    """The network configuration of a task, in the short form of AWS's command line."""
    subnets = ",".join(network.inner_subnets)
    groups = network.tasks.security_group_id
    return f"awsvpcConfiguration={{subnets=[{subnets}],securityGroups=[{groups}],assignPublicIp=DISABLED}}"


if __name__ == "__main__":
    build(context()).synth()
