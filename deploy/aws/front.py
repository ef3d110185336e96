"""The load balancer: TLS, and each path to the service that serves it, by the table that nginx is configured from."""

from collections.abc import Iterator, Mapping, Sequence

from aws_cdk import CfnOutput, CfnParameter, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_wafv2 as waf

from deploy.aws.network import Network
from rookery.gateway import nginx, problems
from scripts.deploy.facts import DRAIN_SERVICE_S, PORT

PATTERNS_MAX = 5  # of one rule: AWS counts the values of its conditions
IDLE_S = 60  # live streams say something every 15 s
WINDOW_S = 60
BLOCKED = "rate_limited"
LATE = nginx.OWN["429"]


def add_front(
    stack: Stack, network: Network, services: Mapping[str, ecs.FargateService], *, limited: bool
) -> None:
    """Makes it, over the services by name; `limited` adds a limit of requests by address."""
    balancer = elb.ApplicationLoadBalancer(
        stack,
        "Front",
        vpc=network.vpc,
        internet_facing=True,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        security_group=network.front,
        idle_timeout=Duration.seconds(IDLE_S),
        drop_invalid_header_fields=True,
        preserve_host_header=True,
        desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
        deletion_protection=True,
    )
    certificate = CfnParameter(
        stack,
        "CertificateArn",
        description="Certificate of the network's name, in ACM and of the same region",
        allowed_pattern="arn:[^:]+:acm:[^:]+:[0-9]+:certificate/.+",
    )
    balancer.add_listener(
        "Http",
        port=80,
        open=False,
        default_action=elb.ListenerAction.redirect(protocol="HTTPS", port="443", permanent=True),
    )
    targets = {name: _targets(stack, network, name, service) for name, service in services.items()}
    listener = balancer.add_listener(
        "Https",
        port=443,
        open=False,
        certificates=[elb.ListenerCertificate.from_arn(certificate.value_as_string)],
        ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
        default_target_groups=[targets[nginx.DEFAULT]],
    )
    for priority, (service, patterns) in enumerate(rules(), 1):
        elb.ApplicationListenerRule(
            stack,
            f"Path{priority}",
            listener=listener,
            priority=priority,
            conditions=[elb.ListenerCondition.path_patterns(list(patterns))],
            target_groups=[targets[service]],
        )
    if limited:
        _limit(stack, balancer)
    CfnOutput(stack, "Address", value=balancer.load_balancer_dns_name, description="Let the name point here")


def rules() -> Iterator[tuple[str, Sequence[str]]]:
    """The services with patterns of their paths, no more at once than one rule may have."""
    for service in dict.fromkeys(nginx.SEGMENTS.values()):
        segments = [segment for segment, of in nginx.SEGMENTS.items() if of == service]
        patterns = [pattern for segment in segments for pattern in (f"/{segment}", f"/{segment}/*")]
        for start in range(0, len(patterns), PATTERNS_MAX):
            yield service, patterns[start : start + PATTERNS_MAX]


def _targets(
    stack: Stack, network: Network, name: str, service: ecs.FargateService
) -> elb.ApplicationTargetGroup:
    return elb.ApplicationTargetGroup(
        stack,
        f"{name.title()}Targets",
        vpc=network.vpc,
        port=PORT,
        protocol=elb.ApplicationProtocol.HTTP,
        target_type=elb.TargetType.IP,
        targets=[service.load_balancer_target(container_name="rookery", container_port=PORT)],
        load_balancing_algorithm_type=elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
        deregistration_delay=Duration.seconds(DRAIN_SERVICE_S),
        health_check=elb.HealthCheck(
            path="/readyz",
            healthy_http_codes="200",
            interval=Duration.seconds(5),
            timeout=Duration.seconds(3),
            healthy_threshold_count=2,
            unhealthy_threshold_count=3,
        ),
    )


def _limit(stack: Stack, balancer: elb.ApplicationLoadBalancer) -> None:
    """As many requests of one address as nginx lets through, answered beyond that as nginx does."""
    seen = waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name="RookeryRate", sampled_requests_enabled=False
    )
    answer = problems.answer(LATE)
    refused = waf.CfnWebACL.CustomResponseProperty(
        response_code=answer.status,
        custom_response_body_key=BLOCKED,
        response_headers=[
            waf.CfnWebACL.CustomHTTPHeaderProperty(name=name, value=value) for name, value in answer.headers
        ],
    )
    rate = waf.CfnWebACL.RateBasedStatementProperty(
        aggregate_key_type="IP",
        limit=nginx.Front(upstreams={}).requests_per_s * WINDOW_S,
        evaluation_window_sec=WINDOW_S,
    )
    wall = waf.CfnWebACL(
        stack,
        "Wall",
        scope="REGIONAL",
        default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
        visibility_config=seen,
        custom_response_bodies={
            BLOCKED: waf.CfnWebACL.CustomResponseBodyProperty(
                content=answer.body.decode(), content_type="APPLICATION_JSON"
            )
        },
        rules=[
            waf.CfnWebACL.RuleProperty(
                name="Rate",
                priority=0,
                action=waf.CfnWebACL.RuleActionProperty(
                    block=waf.CfnWebACL.BlockActionProperty(custom_response=refused)
                ),
                statement=waf.CfnWebACL.StatementProperty(rate_based_statement=rate),
                visibility_config=seen,
            )
        ],
    )
    waf.CfnWebACLAssociation(
        stack, "WallBeforeFront", resource_arn=balancer.load_balancer_arn, web_acl_arn=wall.attr_arn
    )
