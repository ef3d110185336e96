"""The network: three zones, tasks and engines where nobody from outside reaches them, and who may speak to whom."""

from dataclasses import dataclass

from aws_cdk import Fn, Stack
from aws_cdk import aws_ec2 as ec2

from scripts.deploy.facts import PORT

ZONES = 3
CIDR = "10.0.0.0/16"
REDIS_PORT = 6379
HTTPS_PORT, HTTP_PORT = 443, 80


@dataclass(frozen=True, slots=True)
class Network:
    """The VPC and a security group for each kind of what is in it."""

    vpc: ec2.Vpc
    front: ec2.SecurityGroup
    tasks: ec2.SecurityGroup
    redis: ec2.SecurityGroup
    search: ec2.SecurityGroup

    @property
    def front_networks(self) -> list[str]:
        """Where the load balancer's own addresses are, as CIDR blocks."""
        return [subnet.ipv4_cidr_block for subnet in self.vpc.public_subnets]

    @property
    def inner_subnets(self) -> list[str]:
        """The ids of the private subnets, one a zone."""
        return [subnet.subnet_id for subnet in self.vpc.private_subnets]


def add_network(stack: Stack) -> Network:
    """Makes it. Public subnets hold the load balancer and the NAT gateways, and give nothing a public address."""
    vpc = ec2.Vpc(
        stack,
        "Vpc",
        ip_addresses=ec2.IpAddresses.cidr(CIDR),
        availability_zones=[Fn.select(zone, Fn.get_azs()) for zone in range(ZONES)],
        restrict_default_security_group=False,  # nothing uses it, and AWS has no resource that would empty it
        subnet_configuration=[
            ec2.SubnetConfiguration(
                name="Front", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24, map_public_ip_on_launch=False
            ),
            ec2.SubnetConfiguration(
                name="Inner", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20
            ),
        ],
        gateway_endpoints={
            "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            "S3": ec2.GatewayVpcEndpointOptions(
                service=ec2.GatewayVpcEndpointAwsService.S3
            ),  # layers of images
        },
    )
    front, tasks, redis, search = (
        ec2.SecurityGroup(stack, f"{name}Group", vpc=vpc, description=about, allow_all_outbound=False)
        for name, about in (
            ("Front", "Load balancer of Rookery"),
            ("Tasks", "Services and workers of Rookery"),
            ("Redis", "Redis of Rookery"),
            ("Search", "OpenSearch of Rookery"),
        )
    )
    anyone = ec2.Peer.any_ipv4()
    front.add_ingress_rule(anyone, ec2.Port.tcp(HTTPS_PORT), "The network itself")
    front.add_ingress_rule(anyone, ec2.Port.tcp(HTTP_PORT), "Sent on to HTTPS")
    tasks.connections.allow_from(front, ec2.Port.tcp(PORT), "Requests")
    redis.connections.allow_from(tasks, ec2.Port.tcp(REDIS_PORT), "Redis")
    search.connections.allow_from(tasks, ec2.Port.tcp(HTTPS_PORT), "OpenSearch")
    tasks.add_egress_rule(
        anyone, ec2.Port.tcp(HTTPS_PORT), "DynamoDB, and the logs, images and secrets of AWS"
    )
    return Network(vpc, front, tasks, redis, search)
