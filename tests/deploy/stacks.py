"""The templates for AWS as tests look at them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.deploy.definitions import Document

RUNNING = "RookeryServices"


def resources(stacks: Mapping[str, str], kind: str) -> list[Document]:
    """The properties of every resource of a kind (`ECS::Service`)."""
    found = [one for text in stacks.values() for one in json.loads(text)["Resources"].values()]
    return [one["Properties"] for one in found if one["Type"] == f"AWS::{kind}"]


def processes(stacks: Mapping[str, str]) -> list[Document]:
    """The containers of Rookery itself, with the whole task as `task`."""
    tasks = resources(stacks, "ECS::TaskDefinition")
    return [{**task["ContainerDefinitions"][0], "task": task} for task in tasks]


def environment(process: Document) -> dict[str, str]:
    """Its variables, secrets too; what AWS puts in stands as a word, which fits in all of them."""
    told = {one["Name"]: one["Value"] for one in process["Environment"]}
    told |= {one["Name"]: one["ValueFrom"] for one in process["Secrets"]}
    return {name: value if isinstance(value, str) else "eu-west-1" for name, value in told.items()}


def statements(stacks: Mapping[str, str]) -> Iterator[Document]:
    """Every statement of what a role may do."""
    for role in resources(stacks, "IAM::Role"):
        for policy in role.get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]
    for policy in resources(stacks, "IAM::Policy"):
        yield from policy["PolicyDocument"]["Statement"]


def led(stacks: Mapping[str, str]) -> Sequence[tuple[Sequence[str], str]]:
    """The patterns of each rule and the service it leads to, in the order in which they are asked; the default last."""
    read: Mapping[str, Any] = json.loads(stacks[RUNNING])["Resources"]
    of_targets = {
        balanced["TargetGroupArn"]["Ref"]: service["Properties"]["ServiceName"].removeprefix("rookery-")
        for service in read.values()
        if service["Type"] == "AWS::ECS::Service"
        for balanced in service["Properties"].get("LoadBalancers", [])
    }

    def to(actions: Sequence[Document]) -> str:
        (action,) = actions
        return str(of_targets[action["TargetGroupArn"]["Ref"]])

    rules = resources(stacks, "ElasticLoadBalancingV2::ListenerRule")
    assert len(rules) == len({one["Priority"] for one in rules})
    ordered = [
        (one["Conditions"][0]["PathPatternConfig"]["Values"], to(one["Actions"]))
        for one in sorted(rules, key=lambda one: int(one["Priority"]))
    ]
    listeners = resources(stacks, "ElasticLoadBalancingV2::Listener")
    return [*ordered, (["*"], next(to(one["DefaultActions"]) for one in listeners if one["Port"] == 443))]


def texts(value: object) -> list[object]:
    """What stands there, one or several."""
    return value if isinstance(value, list) else [value]


def through(statement: Document) -> str:
    """The service of AWS that alone may use the key in a role's name."""
    assert "*" not in json.dumps(statement["Resource"])
    via = statement["Condition"]["StringEquals"]["kms:ViaService"]
    return str(via["Fn::Join"][1][0]).rstrip(".")
