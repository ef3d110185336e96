"""What tasks may do on AWS: use the tables, by the one key, and nothing else."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from rookery.engines.cluster.tables import TABLES

# TransactWriteItems asks for the rights of what is in it.
ROWS = (
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
)
WORK = (*ROWS, "dynamodb:Scan")  # the sweeper, and whoever makes the index anew
# `rookery migrate` asks for every table, and hears that it is there.
MIGRATE = ("dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateTimeToLive")
_USES = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")


def task_role(stack: Stack, name: str, prefix: str, key: kms.IKey, may: Sequence[str]) -> iam.Role:
    """The role of tasks that may do this with every table."""
    tables = [
        stack.format_arn(service="dynamodb", resource="table", resource_name=f"{prefix}{table.name}")
        for table in TABLES
    ]
    return _role(
        stack,
        name,
        iam.PolicyStatement(actions=list(may), resources=tables),
        _through(stack, "dynamodb", key, _USES),
    )


def start_role(stack: Stack, key: kms.IKey) -> iam.Role:
    """The role by which AWS starts tasks; what it may read is added with each task."""
    return _role(stack, "TaskStart", _through(stack, "secretsmanager", key, ("kms:Decrypt",)))


def _role(stack: Stack, name: str, *statements: iam.PolicyStatement) -> iam.Role:
    return iam.Role(
        stack,
        name,
        assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        inline_policies={"Own": iam.PolicyDocument(statements=list(statements))},
    )


def _through(stack: Stack, service: str, key: kms.IKey, may: Sequence[str]) -> iam.PolicyStatement:
    """The key, where a service of AWS uses it in the name of a task: a task itself encrypts nothing with it."""
    via = {"StringEquals": {"kms:ViaService": f"{service}.{stack.region}.amazonaws.com"}}
    return iam.PolicyStatement(actions=list(may), resources=[key.key_arn], conditions=via)
