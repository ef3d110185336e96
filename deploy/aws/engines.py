"""Redis and OpenSearch, and the addresses with their passwords, which tasks get from Secrets Manager."""

from collections.abc import Mapping

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import aws_secretsmanager as secretsmanager

from deploy.aws.choices import Choices
from deploy.aws.network import REDIS_PORT, ZONES, Network
from scripts.engines.kinds import OpenSearch

REDIS_VERSION, REDIS_FAMILY = "7.1", "redis7"
SEARCH_USER = "rookery"
PASSWORD_LENGTH = 64
UNSAFE = "\"#$%&'()*+,/:;<=>?@[\\]^`{|}"  # would mean something in an address; !-._~ do not
TLS_POLICY = "Policy-Min-TLS-1-2-PFS-2023-10"


def add_engines(
    stack: Stack, chosen: Choices, key: kms.IKey, network: Network
) -> Mapping[str, secretsmanager.Secret]:
    """Makes both; returns the secret settings by key: the addresses with their passwords."""
    # ElastiCache takes few signs beside letters and digits, OpenSearch asks for one.
    redis = _password(stack, "Redis", key, exclude_punctuation=True)
    search = _password(stack, "Search", key, exclude_characters=UNSAFE, require_each_included_type=True)
    redis_host = _add_redis(stack, chosen, key, network, redis)
    search_host = _add_search(stack, chosen, key, network, search)
    redis_said, search_said = (one.secret_value.unsafe_unwrap() for one in (redis, search))
    return {
        "cluster.redis_url": _address(
            stack, "Redis", key, f"rediss://:{redis_said}@{redis_host}:{REDIS_PORT}/0"
        ),
        "cluster.search_url": _address(
            stack, "Search", key, f"https://{SEARCH_USER}:{search_said}@{search_host}:443"
        ),
    }


def _password(stack: Stack, name: str, key: kms.IKey, **letters: bool | str) -> secretsmanager.Secret:
    return secretsmanager.Secret(
        stack,
        f"{name}Password",
        description=f"Password of {name}",
        encryption_key=key,
        generate_secret_string=secretsmanager.SecretStringGenerator(
            password_length=PASSWORD_LENGTH, **letters
        ),
    )


def _address(stack: Stack, name: str, key: kms.IKey, said: str) -> secretsmanager.Secret:
    """The template holds a reference to the password, which CloudFormation follows as it makes the secret."""
    made = secretsmanager.Secret(
        stack, f"{name}Address", description=f"Address of {name} with its password", encryption_key=key
    )
    plain = made.node.default_child
    plain.generate_secret_string, plain.secret_string = None, said
    return made


def _add_redis(
    stack: Stack, chosen: Choices, key: kms.IKey, network: Network, password: secretsmanager.Secret
) -> str:
    """One shard with replicas in other zones, which take over by themselves; nothing is kept over a restart."""
    subnets = elasticache.CfnSubnetGroup(
        stack, "RedisSubnets", description="Private subnets of Rookery", subnet_ids=network.inner_subnets
    )
    parameters = elasticache.CfnParameterGroup(
        stack,
        "RedisParameters",
        cache_parameter_group_family=REDIS_FAMILY,
        description="Rookery: no stream is evicted, and no key that was just written",
        properties={"maxmemory-policy": "volatile-lru"},
    )
    group = elasticache.CfnReplicationGroup(
        stack,
        "Redis",
        replication_group_description="Event streams, feeds and cached rows of Rookery",
        engine="redis",
        engine_version=REDIS_VERSION,
        cache_node_type=chosen.redis_node,
        cache_parameter_group_name=parameters.ref,
        cache_subnet_group_name=subnets.ref,
        security_group_ids=[network.redis.security_group_id],
        port=REDIS_PORT,
        num_cache_clusters=1 + chosen.redis_replicas,
        automatic_failover_enabled=True,
        multi_az_enabled=True,
        at_rest_encryption_enabled=True,
        kms_key_id=key.key_arn,
        transit_encryption_enabled=True,
        transit_encryption_mode="required",
        auth_token=password.secret_value.unsafe_unwrap(),
        snapshot_retention_limit=0,
        auto_minor_version_upgrade=True,
    )
    return str(group.attr_primary_end_point_address)


def _add_search(
    stack: Stack, chosen: Choices, key: kms.IKey, network: Network, password: secretsmanager.Secret
) -> str:
    """In the private subnets; whoever reaches it there needs the name and the password."""
    name = f"{chosen.prefix}search"
    arn = stack.format_arn(service="es", resource="domain", resource_name=name)
    version = OpenSearch.bundle.coordinates[0].rpartition(":")[2]
    domain = opensearch.CfnDomain(
        stack,
        "Search",
        domain_name=name,
        engine_version=f"OpenSearch_{version.rpartition('.')[0]}",
        cluster_config=opensearch.CfnDomain.ClusterConfigProperty(
            instance_type=chosen.search_node,
            instance_count=chosen.search_nodes,
            dedicated_master_enabled=True,
            dedicated_master_type=chosen.search_manager,
            dedicated_master_count=3,
            zone_awareness_enabled=True,
            zone_awareness_config=opensearch.CfnDomain.ZoneAwarenessConfigProperty(
                availability_zone_count=ZONES
            ),
        ),
        ebs_options=opensearch.CfnDomain.EBSOptionsProperty(
            ebs_enabled=True, volume_type="gp3", volume_size=chosen.search_gib
        ),
        vpc_options=opensearch.CfnDomain.VPCOptionsProperty(
            subnet_ids=network.inner_subnets, security_group_ids=[network.search.security_group_id]
        ),
        encryption_at_rest_options=opensearch.CfnDomain.EncryptionAtRestOptionsProperty(
            enabled=True, kms_key_id=key.key_arn
        ),
        node_to_node_encryption_options=opensearch.CfnDomain.NodeToNodeEncryptionOptionsProperty(
            enabled=True
        ),
        domain_endpoint_options=opensearch.CfnDomain.DomainEndpointOptionsProperty(
            enforce_https=True, tls_security_policy=TLS_POLICY
        ),
        advanced_security_options=opensearch.CfnDomain.AdvancedSecurityOptionsInputProperty(
            enabled=True,
            internal_user_database_enabled=True,
            master_user_options=opensearch.CfnDomain.MasterUserOptionsProperty(
                master_user_name=SEARCH_USER, master_user_password=password.secret_value.unsafe_unwrap()
            ),
        ),
        # Requests with a password are not signed, so to AWS they are anybody's; the domain itself asks who it is.
        access_policies=iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    principals=[iam.AnyPrincipal()], actions=["es:ESHttp*"], resources=[f"{arn}/*"]
                )
            ]
        ),
    )
    domain.apply_removal_policy(RemovalPolicy.RETAIN)
    return str(domain.attr_domain_endpoint)
