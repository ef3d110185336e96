"""Requests made from OpenAPI, right ones and broken ones: every answer is one that OpenAPI describes."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serving import PASSWORD, PATIENCE_S, Person, Server, alone, problem_of, sign_up

EXAMPLES = 8  # of a route, a mode and a person
ALWAYS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
REAL_IDS = 0.7  # the share of ids that are those of something
ENDLESS = "/feed/live"  # tests of its own: test_live.py
ENDS_THE_SESSION = "/account/logout"


@dataclass
class Neighbourhood:
    """Accounts with something to find for the ids that OpenAPI cannot know."""

    ann: Person
    ids: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def around(server: Server) -> Neighbourhood:
    """Ann, who has written and follows, and Bob, who answered her."""
    ann, bob = sign_up(server, "schema_ann"), sign_up(server, "schema_bob")
    own = ann.tweet("one #word of @schema_bob at https://example.org", latitude=1, longitude=2)["tweetId"]
    theirs = bob.tweet("two", quoteOf=own)["tweetId"]
    reply = bob.ok("POST", f"/reply/{own}", {"content": "three"})["tweetId"]
    retweet = bob.ok("POST", f"/retweet/{own}")["tweetId"]
    ann.ok("POST", "/follow", {"userId": bob.id})
    ann.ok("POST", f"/like/{reply}")
    users = [bob.id, f"@{ann.handle}", f"@{bob.handle}"]
    return Neighbourhood(
        ann,
        {
            "tweetId": [own, theirs, reply, retweet],
            "replyId": [reply, own],
            "userId": users,
            "id": users,
            "quoteOf": [own, theirs],
        },
    )


@pytest.fixture(scope="module")
def operations(server: Server) -> list[Any]:
    """Every operation that OpenAPI describes, reads first: they shall find what writes take away."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json", timeout=PATIENCE_S)
    results: Any = schema.get_all_operations()
    found = [result.ok() for result in results]
    return sorted((one for one in found if one.path != ENDLESS), key=lambda one: str(one.method) != "get")


def send(case: Any, who: Person) -> Any:
    """Sends a request that OpenAPI suggests, as somebody."""
    if case.operation.path == ENDS_THE_SESSION and who.token:
        log_in(who)
    return case.call(
        base_url=who.server.url, headers=dict(who.headers) if who.token else {}, timeout=PATIENCE_S
    )


def log_in(who: Person) -> None:
    """Starts another session."""
    form = {"handle": who.handle, "password": PASSWORD}
    who.token = alone("POST", f"{who.server.url}/account/login", json=form).json()["sessionToken"]
    who.headers["Authorization"] = f"Bearer {who.token}"


def check(case: Any, answer: Any, mode: GenerationMode) -> None:
    """Fails where the answer is none of those described, or a broken request succeeded."""
    refused = [negative_data_rejection] if mode is GenerationMode.NEGATIVE else []
    case.validate_response(answer, checks=[*ALWAYS, *refused])
    assert answer.headers["x-request-id"]
    if answer.status_code != 200:
        problem_of(httpx.Response(answer.status_code, headers=dict_of(answer), content=answer.content))


def dict_of(answer: Any) -> dict[str, str]:
    """The headers of an answer."""
    return {name: ", ".join(values) for name, values in answer.headers.items()}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("known", [False, True], ids=["stranger", "ann"])
def test_every_answer_is_described(
    server: Server, around: Neighbourhood, operations: list[Any], mode: GenerationMode, known: bool
) -> None:
    """Status, content type, headers and JSON of each answer are as OpenAPI says; errors are problem documents."""
    who = Person(server, around.ann.handle if known else "")
    if known:
        log_in(who)
    statuses: set[int] = set()
    faults = [fault for one in operations if (fault := explore(one, who, mode, around.ids, statuses))]

    assert [] == faults
    assert ({200, 404} if mode is GenerationMode.POSITIVE else {404, 422}) <= statuses


def explore(
    operation: Any, who: Person, mode: GenerationMode, ids: dict[str, list[str]], statuses: set[int]
) -> str:
    """Sends some requests of an operation; what is wrong with an answer, or nothing. Ids are mostly real ones."""
    chance = Random(0)

    @seed(0)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        for name in case.path_parameters or {}:
            if chance.random() < REAL_IDS:
                case.path_parameters[name] = chance.choice(ids[name])
        answer = send(case, who)
        statuses.add(answer.status_code)
        check(case, answer, mode)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing of it can be broken
    except Exception as fault:  # noqa: BLE001 - told with those of all other operations
        return f"{operation.label}: {fault}"
    return ""
