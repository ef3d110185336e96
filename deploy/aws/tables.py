"""The truth: DynamoDB's tables as the code describes them, and the key that everything at rest is encrypted with."""

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from rookery.engines.cluster.migrate import description
from rookery.engines.cluster.tables import EXPIRES, TABLES, Table

RECOVERY_DAYS = 35  # the most that AWS keeps


def add_tables(stack: Stack, prefix: str) -> kms.Key:
    """Makes the tables, and returns the key."""
    key = kms.Key(
        stack,
        "Key",
        alias=f"alias/{prefix}data",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN,
    )
    _let_logs_use(stack, key, prefix)
    for table in TABLES:
        _add_table(stack, table, f"{prefix}{table.name}", key)
    return key


def log_group_name(prefix: str, name: str) -> str:
    """The name of a log group; the key's policy rests on how it begins."""
    return f"/{prefix}logs/{name}"


def _add_table(stack: Stack, table: Table, name: str, key: kms.Key) -> None:
    asked = description(table, name)
    expiry = dynamodb.CfnTable.TimeToLiveSpecificationProperty(enabled=True, attribute_name=EXPIRES)
    made = dynamodb.CfnTable(
        stack,
        "Table" + table.name.title().replace("_", ""),
        table_name=asked["TableName"],
        attribute_definitions=[
            dynamodb.CfnTable.AttributeDefinitionProperty(
                attribute_name=one["AttributeName"], attribute_type=one["AttributeType"]
            )
            for one in asked["AttributeDefinitions"]
        ],
        key_schema=[
            dynamodb.CfnTable.KeySchemaProperty(attribute_name=one["AttributeName"], key_type=one["KeyType"])
            for one in asked["KeySchema"]
        ],
        billing_mode=asked["BillingMode"],
        sse_specification=dynamodb.CfnTable.SSESpecificationProperty(
            sse_enabled=asked["SSESpecification"]["Enabled"],
            sse_type=asked["SSESpecification"]["SSEType"],
            kms_master_key_id=key.key_arn,
        ),
        point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
            point_in_time_recovery_enabled=True, recovery_period_in_days=RECOVERY_DAYS
        ),
        time_to_live_specification=expiry if table.expires else None,
        deletion_protection_enabled=True,
    )
    made.apply_removal_policy(RemovalPolicy.RETAIN)


def _let_logs_use(stack: Stack, key: kms.Key, prefix: str) -> None:
    """CloudWatch encrypts logs as itself, so the key's policy must name it; for these log groups alone."""
    groups = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=log_group_name(prefix, "*"),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            resources=["*"],  # in a key's policy: this key
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
    )
