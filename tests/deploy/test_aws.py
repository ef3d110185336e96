"""The stacks for AWS: the linter takes them, all that the code has is in them, and nothing in them is open."""

import json
import re
import shutil
from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from rookery.bootstrap import network
from rookery.config import SERVICES, Data, Settings, catalogue
from rookery.engines.cluster import WORKERS
from rookery.engines.cluster.tables import EXPIRES, TABLES
from rookery.gateway.nginx import OWN, Front
from scripts.deploy.facts import DRAIN_SERVICE_S, DRAIN_WORKER_S, EMBEDDED, UNSET, USER
from scripts.deploy.load import BUSY, LAG_METRIC, LAG_MS
from tests.conftest import left_out
from tests.deploy.definitions import planted, settings
from tests.deploy.stacks import environment, led, processes, resources, statements, texts, through

KEY = b"k" * 32
LINTED = ManualArgs(regions=["us-east-1"])
DATA = "RookeryData"


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The templates by stack, as JSON: made once, with node and without AWS."""
    if shutil.which("node") is None:
        left_out("needs node, which is absent: apt-get install nodejs")
    from deploy.aws.app import build
    from deploy.aws.choices import context

    made = build(context(), str(tmp_path_factory.mktemp("aws"))).synth()
    return {stack.stack_name: json.dumps(stack.template) for stack in made.stacks}


def test_the_linter_takes_the_templates(stacks: Mapping[str, str]) -> None:
    """cfn-lint has nothing to say of any of them, not even a warning."""
    assert [] == [str(one) for text in stacks.values() for one in lint(text, config=LINTED)]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"AttributeType": "N"', '"AttributeType": "Number"'),
        ('"PointInTimeRecoveryEnabled"', '"PointInTimeRecovery"'),
        ('", "Arn"]', '", "Address"]'),
    ],
)
def test_the_linter_finds_a_planted_mistake(stacks: Mapping[str, str], right: str, wrong: str) -> None:
    """A value, a name or a reference that AWS would refuse does not pass, in a template that passes without."""
    template = json.loads(stacks[DATA])
    few = dict(
        islice(template["Resources"].items(), 4)
    )  # the whole takes seconds, and other tests look at it
    text = json.dumps({"Resources": few})

    assert [] == lint(text, config=LINTED)
    assert lint(planted(text, right, wrong), config=LINTED)


def test_every_table_is_there_with_its_keys_and_its_expiry(stacks: Mapping[str, str]) -> None:
    """The tables, their keys and the time after which rows go are those of the code, and there are no others."""
    expected = {
        f"rookery-{one.name}": (
            [(one.key, "HASH", one.key_type)] + ([(one.sort, "RANGE", one.sort_type)] if one.sort else []),
            EXPIRES if one.expires else None,
        )
        for one in TABLES
    }
    found = {}
    for table in resources(stacks, "DynamoDB::Table"):
        kinds = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
        keys = [
            (one["AttributeName"], one["KeyType"], kinds[one["AttributeName"]]) for one in table["KeySchema"]
        ]
        expiry = table.get("TimeToLiveSpecification", {"Enabled": True, "AttributeName": None})
        assert expiry["Enabled"]
        found[table["TableName"]] = (keys, expiry["AttributeName"])
    assert expected == found


def test_tables_are_encrypted_can_be_restored_and_cannot_be_removed_by_mistake(
    stacks: Mapping[str, str],
) -> None:
    """Each has the key of this deployment, restores to any second, protection, and pays by use."""
    for table in resources(stacks, "DynamoDB::Table"):
        name = table["TableName"]
        assert "KMS" == table["SSESpecification"]["SSEType"], name
        assert "Fn::GetAtt" in table["SSESpecification"]["KMSMasterKeyId"], name
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name
        assert table["DeletionProtectionEnabled"], name
        assert "PAY_PER_REQUEST" == table["BillingMode"], name
    assert all(one["EnableKeyRotation"] for one in resources(stacks, "KMS::Key"))
    kept = json.loads(stacks[DATA])["Resources"].values()
    assert {"Retain"} == {one["DeletionPolicy"] for one in kept if one["Type"] != "AWS::KMS::Alias"}


def test_redis_and_opensearch_are_encrypted_and_survive_a_zone(stacks: Mapping[str, str]) -> None:
    """Both encrypt at rest and on the way, ask for a password from Secrets Manager, and stand in several zones."""
    (redis,) = resources(stacks, "ElastiCache::ReplicationGroup")
    assert redis["TransitEncryptionEnabled"]
    assert "required" == redis["TransitEncryptionMode"]
    assert redis["AtRestEncryptionEnabled"]
    assert redis["KmsKeyId"]
    assert "{{resolve:secretsmanager:" in json.dumps(redis["AuthToken"])
    assert redis["AutomaticFailoverEnabled"]
    assert redis["MultiAZEnabled"]
    assert 2 <= redis["NumCacheClusters"]
    assert 0 == redis["SnapshotRetentionLimit"]
    (parameters,) = resources(stacks, "ElastiCache::ParameterGroup")
    assert parameters["Properties"]["maxmemory-policy"].endswith(("lru", "noeviction"))
    (search,) = resources(stacks, "OpenSearchService::Domain")
    assert search["EncryptionAtRestOptions"]["Enabled"]
    assert search["EncryptionAtRestOptions"]["KmsKeyId"]
    assert search["NodeToNodeEncryptionOptions"]["Enabled"]
    assert search["DomainEndpointOptions"]["EnforceHTTPS"]
    assert "Min-TLS-1-2" in search["DomainEndpointOptions"]["TLSSecurityPolicy"]
    assert search["AdvancedSecurityOptions"]["Enabled"]
    password = search["AdvancedSecurityOptions"]["MasterUserOptions"]["MasterUserPassword"]
    assert "{{resolve:secretsmanager:" in json.dumps(password)
    assert 3 == search["ClusterConfig"]["ZoneAwarenessConfig"]["AvailabilityZoneCount"]
    assert 3 == len(search["VPCOptions"]["SubnetIds"])


def test_secrets_and_logs_are_encrypted_and_logs_end(stacks: Mapping[str, str]) -> None:
    """Every secret and log group has the key, no secret's text is in a template, and no log is kept for ever."""
    for secret in resources(stacks, "SecretsManager::Secret"):
        assert secret["KmsKeyId"]
        assert ("GenerateSecretString" in secret) != ("resolve" in json.dumps(secret.get("SecretString", "")))
    groups = resources(stacks, "Logs::LogGroup")
    assert len(processes(stacks)) == len(groups)
    assert all(one["KmsKeyId"] and one["RetentionInDays"] <= 31 for one in groups)


def test_every_service_and_worker_runs(stacks: Mapping[str, str]) -> None:
    """There is a task of each service and each worker of the code, one that migrates, and no other."""
    found = []
    for process in processes(stacks):
        command, told = process["Command"], environment(process)
        found.append((*command, told["ROOKERY_SERVER_SERVICES"]) if command == ["serve"] else tuple(command))
    expected = [("serve", one) for one in SERVICES] + [("work", one) for one in WORKERS] + [("migrate",)]
    assert sorted(expected) == sorted(found)
    running = resources(stacks, "ECS::Service")
    assert len(SERVICES) + len(WORKERS) == len(running)
    for one in running:
        breaker = one["DeploymentConfiguration"]["DeploymentCircuitBreaker"]
        assert {"Enable": True, "Rollback": True} == breaker, one["ServiceName"]
        where = one["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert "DISABLED" == where["AssignPublicIp"], one["ServiceName"]


def test_every_setting_is_told_and_taken(stacks: Mapping[str, str], tmp_path: Path) -> None:
    """Each task has every setting of the cluster engine that can be said, secrets as such, and the code takes all."""
    needed = {
        one.variable
        for key, one in catalogue().items()
        if not key.startswith(EMBEDDED) and key not in UNSET - {"server.trusted_proxies"}
    }
    secret = {one.variable for one in catalogue().values() if one.secret} & needed
    for process in processes(stacks):
        told = {name: value for name, value in environment(process).items() if name.startswith("ROOKERY_")}
        assert needed == set(told) - {"ROOKERY_SERVER_SERVICES"}
        assert secret == {one["Name"] for one in process["Secrets"]}
        taken = settings(told, tmp_path)
        assert "cluster" == taken.data.engine
        assert "rookery-" == taken.cluster.prefix


def test_tasks_have_no_rights_on_their_machine(stacks: Mapping[str, str]) -> None:
    """No container is root, writes into its own files or has a capability, and Rookery has time to drain."""
    for process in processes(stacks):
        for container in process["task"]["ContainerDefinitions"]:
            assert container["ReadonlyRootFilesystem"]
            assert not container["User"].startswith(("0", "root"))
            assert ["ALL"] == container["LinuxParameters"]["Capabilities"]["Drop"]
        assert f"{USER}:{USER}" == process["User"]
        drain_s = {"serve": DRAIN_SERVICE_S, "work": DRAIN_WORKER_S, "migrate": 0}[process["Command"][0]]
        assert drain_s < process["StopTimeout"] <= 120, process["task"]["Family"]
        (mounted,) = process["MountPoints"]
        assert environment(process)["TMPDIR"] == mounted["ContainerPath"]


def test_roles_reach_the_tables_and_the_key_alone(stacks: Mapping[str, str]) -> None:
    """Nothing is allowed on everything, but a sign-in at the registry, which AWS knows no other way."""
    open_to_all = [one["Action"] for one in statements(stacks) if "*" in texts(one["Resource"])]
    assert ["ecr:GetAuthorizationToken"] * 2 == open_to_all
    tables = [one for one in statements(stacks) if "dynamodb:" in json.dumps(one["Action"])]
    names = {f"table/rookery-{one.name}" for one in TABLES}
    for statement in tables:
        assert names == {one["Fn::Join"][1][-1].lstrip(":") for one in statement["Resource"]}
    assert not [one for one in tables if "DeleteTable" in json.dumps(one)]
    keys = [one for one in statements(stacks) if "kms:" in json.dumps(one["Action"])]
    assert {"dynamodb", "secretsmanager"} == {through(one) for one in keys}


def test_only_the_load_balancer_is_reached_from_outside(stacks: Mapping[str, str]) -> None:
    """Addresses of anybody reach ports 443 and 80 of the load balancer's group, and no other group has such a rule."""
    groups = resources(stacks, "EC2::SecurityGroup")
    from_anyone = [
        (group["GroupDescription"], rule["FromPort"], rule["ToPort"])
        for group in groups
        for rule in group.get("SecurityGroupIngress", [])
        if rule.get("CidrIp") == "0.0.0.0/0" or "CidrIpv6" in rule
    ]
    assert [("Load balancer of Rookery", port, port) for port in (443, 80)] == from_anyone
    assert not [
        one for one in resources(stacks, "EC2::SecurityGroupIngress") if "SourceSecurityGroupId" not in one
    ]
    assert not any(one.get("MapPublicIpOnLaunch") for one in resources(stacks, "EC2::Subnet"))
    services = [one["ServiceName"] for one in resources(stacks, "EC2::VPCEndpoint")]
    assert any(".dynamodb" in json.dumps(one) for one in services)


def test_the_load_balancer_speaks_tls_alone(stacks: Mapping[str, str]) -> None:
    """HTTPS has a policy of TLS 1.2 and 1.3 and the given certificate; HTTP is sent on to it."""
    listeners = {one["Port"]: one for one in resources(stacks, "ElasticLoadBalancingV2::Listener")}
    assert {80, 443} == set(listeners)
    assert re.fullmatch(r"ELBSecurityPolicy-TLS13-1-2-(Res-)?(PQ-)?[-0-9]+", listeners[443]["SslPolicy"])
    assert [{"CertificateArn": {"Ref": "CertificateArn"}}] == listeners[443]["Certificates"]
    (action,) = listeners[80]["DefaultActions"]
    assert ("redirect", "HTTPS", "HTTP_301") == (
        action["Type"],
        action["RedirectConfig"]["Protocol"],
        action["RedirectConfig"]["StatusCode"],
    )
    for group in resources(stacks, "ElasticLoadBalancingV2::TargetGroup"):
        assert "/readyz" == group["HealthCheckPath"]


async def test_every_route_goes_to_its_service(stacks: Mapping[str, str], tmp_path: Path) -> None:
    """The rule of the least number whose pattern fits a path, else the default, leads to the service that serves it;
    no rule has more patterns than AWS takes."""
    ways = led(stacks)
    assert all(len(patterns) <= 5 for patterns, _ in ways)
    async with network(Settings(data=Data(dir=tmp_path / "data", key=KEY.hex())), KEY, works=False) as net:
        for service in SERVICES:
            for route in net.routes([service]):
                for path in {route.path, route.path.rstrip("/") or "/"}:
                    found = next(
                        to for patterns, to in ways if any(fnmatchcase(path, one) for one in patterns)
                    )
                    assert service == found, path


def test_there_are_more_where_there_is_more_to_do(stacks: Mapping[str, str]) -> None:
    """Services follow their processors and what they have to do, workers the lag of their streams, by metrics that
    the collector beside them gives."""
    followed = []
    for policy in resources(stacks, "ApplicationAutoScaling::ScalingPolicy"):
        asked = policy["TargetTrackingScalingPolicyConfiguration"]
        if "PredefinedMetricSpecification" in asked:
            followed.append(
                (asked["PredefinedMetricSpecification"]["PredefinedMetricType"], asked["TargetValue"])
            )
        else:
            metric = asked["CustomizedMetricSpecification"]
            (dimension,) = metric["Dimensions"]
            followed.append((metric["MetricName"], *dimension.values(), asked["TargetValue"]))
    expected: list[tuple[object, ...]] = [("ECSServiceAverageCPUUtilization", 60)] * len(SERVICES)
    expected += [(name, "role", one, most) for one in SERVICES for name, most in BUSY.items()]
    expected += [(LAG_METRIC, "group", one, lag_ms) for one, lag_ms in LAG_MS.items()]
    assert sorted(expected, key=str) == sorted(followed, key=str)
    for process in processes(stacks):
        collectors = process["task"]["ContainerDefinitions"][1:]
        assert (process["Command"] != ["migrate"]) == (len(collectors) == 1)
        for one in collectors:
            assert all(name in json.dumps(one) for name in (*BUSY, LAG_METRIC))
            assert f"127.0.0.1:{environment(process)['ROOKERY_SERVER_METRICS_PORT']}" in json.dumps(one)


def test_an_address_is_limited_as_by_nginx(stacks: Mapping[str, str]) -> None:
    """As many requests of one address pass as nginx lets through, and beyond that it hears the same."""
    (wall,) = resources(stacks, "WAFv2::WebACL")
    (rule,) = wall["Rules"]
    rate = rule["Statement"]["RateBasedStatement"]
    assert Front(upstreams={}).requests_per_s == rate["Limit"] / rate["EvaluationWindowSec"]
    refused = rule["Action"]["Block"]["CustomResponse"]
    (body,) = wall["CustomResponseBodies"].values()
    told = json.loads(body["Content"])
    assert (429, OWN["429"].detail) == (refused["ResponseCode"], told["detail"])
    assert 1 == len(resources(stacks, "WAFv2::WebACLAssociation"))
