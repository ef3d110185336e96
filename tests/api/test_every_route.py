"""The conventions of docs/api.md, on each route of OpenAPI. Every request is refused: nothing is written."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from rookery.core.errors import STATUS
from tests.serving import Person, Server, fields_of, problem_of, sign_up

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
ALL_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
REFUSED = {"zzz": "1"}  # a parameter of no route
RATE_HEADERS = {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}


@dataclass(frozen=True)
class Operation:
    """A route as OpenAPI describes it."""

    method: str
    path: str
    described: Any

    @property
    def needs_account(self) -> bool:
        """Whether a stranger is refused."""
        return bool(self.described["security"]) and {} not in self.described["security"]

    @property
    def headers(self) -> set[str]:
        """The headers of a success, lower-case."""
        return {name.lower() for name in self.described["responses"]["200"].get("headers", ())}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Scene:
    """Ann, and something of hers for every id in a path."""

    def __init__(self, server: Server) -> None:
        self.ann = sign_up(server, "everyroute")
        tweet = self.ann.tweet("own")["tweetId"]
        reply = self.ann.ok("POST", f"/reply/{tweet}", {"content": "own"})["tweetId"]
        (session,) = self.ann.ok("GET", "/account/sessions")
        self._ids = {"tweetId": tweet, "replyId": reply, "userId": self.ann.id, "id": self.ann.id}
        self._session = session["sessionId"]

    def path(self, operation: Operation) -> str:
        """The path with ids of what is there."""
        ids = {**self._ids, "id": self._session} if "sessions" in operation.path else self._ids
        return operation.path.format(**ids)


def described(server: Server) -> list[Operation]:
    """Every operation of OpenAPI."""
    paths = Person(server).ok("GET", "/openapi.json")["paths"]
    return [
        Operation(method.upper(), path, one) for path, all_ in paths.items() for method, one in all_.items()
    ]


@pytest.fixture(scope="module")
def scene(server: Server) -> Scene:
    """Where the requests are made."""
    return Scene(server)


@pytest.fixture(scope="module")
def operations(server: Server) -> list[Operation]:
    """Every operation of OpenAPI."""
    found = described(server)
    assert len(found) > 50
    return found


def test_a_stranger_is_401_before_all_else(operations: list[Operation], stranger: Person) -> None:
    """Where an account is needed a stranger is told so, whatever else is wrong: ids, parameters, body."""
    needing = [one for one in operations if one.needs_account]
    answers = {
        str(one): problem_of(
            stranger.request(
                one.method, one.path, params=REFUSED, content=b"[", headers={"Content-Type": "a/b"}
            )
        )
        for one in needing
    }
    assert dict.fromkeys(map(str, needing), (401, "not_signed_in")) == answers


def test_404_comes_before_bad_input(operations: list[Operation], scene: Scene) -> None:
    """What a path names is looked at before the input."""
    naming = [one for one in operations if "{" in one.path]
    answers = {
        str(one): problem_of(
            scene.ann.request(one.method, re.sub(r"\{\w+\}", "1", one.path), params=REFUSED, json={"zzz": 1})
        )
        for one in naming
    }
    assert dict.fromkeys(map(str, naming), (404, "not_found")) == answers


def test_unknown_parameters_and_fields_are_named(operations: list[Operation], scene: Scene) -> None:
    """Each route names an unknown parameter and an unknown field of a body in one answer, with either slash form."""
    for one in operations:
        path = scene.path(one)
        for spelled in {path, path.rstrip("/"), path.rstrip("/") + "/"}:
            answer = scene.ann.request(one.method, spelled, params=REFUSED)
            assert (str(one), True) == (str(one), "zzz" in fields_of(answer))
        if str(one) != "POST /tweet/{tweetId}":  # there a body means something else: 400 use_patch_to_edit
            answer = scene.ann.request(one.method, path, params=REFUSED, json={"yyy": 1})
            assert (str(one), True) == (str(one), {"zzz", "yyy"} <= fields_of(answer))


def test_a_body_of_another_type_is_415(operations: list[Operation], scene: Scene) -> None:
    """No route takes a body that is not JSON, nor JSON that is no object."""
    for content, kind, expected in (
        (b"{}", "text/plain", (415, "unsupported_media_type")),
        (b"[]", "application/json", (400, "malformed")),
    ):
        answers = {
            str(one): problem_of(
                scene.ann.request(
                    one.method, scene.path(one), content=content, headers={"Content-Type": kind}
                )
            )
            for one in operations
            if str(one) != "POST /tweet/{tweetId}" or expected[0] == 415
        }
        assert dict.fromkeys(answers, expected) == answers


def test_a_bad_key_is_named_where_keys_count(operations: list[Operation], scene: Scene) -> None:
    """Idempotency-Key is a parameter of every POST outside /account/, and of no other route."""
    for one in operations:
        counts = one.method == "POST" and not one.path.startswith("/account/")
        described = {parameter["name"] for parameter in one.described.get("parameters", ())}
        assert (str(one), counts) == (str(one), "Idempotency-Key" in described)
        answer = scene.ann.request(
            one.method, scene.path(one), params=REFUSED, headers={"Idempotency-Key": "no key"}
        )
        assert (str(one), counts) == (str(one), "Idempotency-Key" in fields_of(answer))


def test_other_methods_are_405(operations: list[Operation], scene: Scene) -> None:
    """A path tells in Allow which methods it takes; HEAD goes with GET, without a body."""
    by_path: dict[str, set[str]] = {}
    for one in operations:
        by_path.setdefault(re.sub(r"\{\w+\}", "1", one.path), set()).add(one.method)
    for path, methods in by_path.items():
        allowed = methods | ({"HEAD"} if "GET" in methods else set())
        for method in ALL_METHODS - methods:
            answer = scene.ann.request(method, path)
            assert (path, (405, "method_not_allowed")) == (path, problem_of(answer))
            assert allowed == set(answer.headers["allow"].split(", "))
        head = scene.ann.head(path, params=REFUSED)
        assert (path, "GET" in methods, b"") == (path, head.status_code in (404, 422), head.content)


def test_limited_routes_tell_what_is_left(operations: list[Operation], limited: Server) -> None:
    """The RateLimit headers are on the answers of exactly the routes that OpenAPI gives them to, refusals too."""
    scene = Scene(limited)
    charged_later = {
        "POST /account/login",
        "POST /account/password",
        "DELETE /account/",
    }  # for a failure alone
    for one in described(limited):
        answer = scene.ann.request(one.method, scene.path(one), params=REFUSED)
        told = RATE_HEADERS & answer.headers.keys()
        expected = RATE_HEADERS & one.headers if str(one) not in charged_later else set()
        assert (str(one), expected) == (str(one), told)
    wrong = scene.ann.post("/account/login", json={"handle": "everyroute", "password": "wrong password"})
    assert ("10", "9") == (wrong.headers["ratelimit-limit"], wrong.headers["ratelimit-remaining"])


def test_the_page_and_the_code_name_the_same_codes(operations: list[Operation]) -> None:
    """The table "Status and code" is what the code knows, and OpenAPI names no other."""
    table = PAGE.partition("\n## Status and code\n")[2].partition("\n## ")[0]
    on_page: dict[str, int] = {}
    for line in table.splitlines():
        cells = re.sub(r"\([^)]*\)", "", line).strip("| ").split(" | ")
        statuses = [int(number) for number in re.findall(r"\b\d{3}\b", cells[0])]
        groups = [re.findall(r"[a-z_]+", group) for group in cells[-1].split(" / ")] if statuses else []
        on_page |= {code: status for status, codes in zip(statuses, groups, strict=True) for code in codes}
    assert {code: status for code, (status, _) in STATUS.items()} == on_page
    in_openapi = {
        code
        for one in operations
        for status, answer in one.described["responses"].items()
        if status != "200"
        for code in answer["content"]["application/problem+json"]["schema"]["properties"]["code"]["enum"]
    }
    assert on_page.keys() - {"method_not_allowed"} == in_openapi


def test_every_answer_is_guarded(operations: list[Operation], scene: Scene) -> None:
    """Security headers and another request id on each, also where no route is; nothing is for other sites."""
    ids: set[str] = set()
    answers: list[httpx.Response] = [
        scene.ann.request(one.method, scene.path(one), params=REFUSED) for one in operations
    ]
    for answer in (*answers, scene.ann.get("/nowhere"), scene.ann.put("/feed/"), scene.ann.get("/docs")):
        ids.add(answer.headers["x-request-id"])
        assert "nosniff" == answer.headers["x-content-type-options"]
        assert "same-origin" == answer.headers["referrer-policy"]
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert not answer.history
    assert len(answers) + 3 == len(ids)
