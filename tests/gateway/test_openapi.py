"""The description of the API follows from the routes."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
import pytest

from rookery.core.errors import STATUS
from rookery.core.forms import Check, Form, TweetPaging
from rookery.core.objects import Tweet
from rookery.core.routes import Answer, Call
from rookery.gateway import openapi
from tests.gateway.front import client, gateway, route

WORD_MAX = 9


def check_word(word: str) -> str:
    """Check: a word of at most WORD_MAX letters. Raises nothing."""
    return word


class NewNote(Form, frozen=True, rename="camel"):
    """A note to be made."""

    checks: ClassVar[Mapping[str, Check]] = {"one_word": check_word}
    one_word: str
    radius_km: Annotated[float, msgspec.Meta(ge=0.1, le=500)] = 25


async def replay(call: Call, note_id: int) -> Answer:
    """Shows a note again."""
    return Answer()


ROUTES = [
    route("POST", "/note/", body=NewNote, returns=Tweet, needs_account=True, limit="tweets", replay=replay),
    route(path="/note/{noteId}/more", query=TweetPaging, returns=list[Tweet], codes=("protected",)),
    route("POST", "/login", body=NewNote, limit="login", codes=("wrong_credentials",)),
    route(path="/live", media_type="text/event-stream", takes={"Last-Event-ID": "The last one."}),
    route("POST", "/made", gives={"Location": "Where it is."}),
]


@pytest.fixture
def document() -> dict[str, Any]:
    """The description of these routes."""
    return openapi.document(ROUTES, "1.2.3")


def operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """One operation of it."""
    found: dict[str, Any] = document["paths"][path][method]
    return found


def test_every_route_is_described(document: dict[str, Any]) -> None:
    """Each method and path is there, under an id of its own."""
    found = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]

    assert {(one.method, one.path) for one in ROUTES} == found
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """No $ref names a schema that is not there."""
    text = msgspec.json.encode(document).decode()
    named = {piece.split('"')[0] for piece in text.split('"$ref":"#/components/schemas/')[1:]}

    assert named
    assert named <= set(document["components"]["schemas"])


def test_parameters_come_from_path_query_and_key(document: dict[str, Any]) -> None:
    """Path segments are required, query fields as their form says; Idempotency-Key where a repetition is known."""
    listed = operation(document, "get", "/note/{noteId}/more")["parameters"]
    written = operation(document, "post", "/note/")["parameters"]

    assert [("noteId", True), ("cursor", False), ("pageSize", False)] == [
        (one["name"], one["required"]) for one in listed
    ]
    assert {"type": "string", "pattern": openapi.ID_PATTERN, "description": "a decimal id"} == listed[1][
        "schema"
    ]
    assert (1, 100, 20) == tuple(listed[2]["schema"][name] for name in ("minimum", "maximum", "default"))
    assert ["Idempotency-Key"] == [one["name"] for one in written]
    (resumed,) = operation(document, "get", "/live")["parameters"]
    assert ("Last-Event-ID", "header") == (resumed["name"], resumed["in"])


def test_headers_of_a_success_are_described(document: dict[str, Any]) -> None:
    """The request id everywhere, what is left of a limit where one holds, and what the route itself gives."""
    made = operation(document, "post", "/made")["responses"]["200"]["headers"]
    listed = operation(document, "get", "/note/{noteId}/more")["responses"]["200"]["headers"]

    assert {"X-Request-Id", "Location"} == made.keys()
    assert made["Location"]["required"]
    assert {
        "X-Request-Id",
        "Link",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
    } == listed.keys()


def test_bodies_say_their_rules(document: dict[str, Any]) -> None:
    """A form's schema refuses unknown fields and tells bounds and checks."""
    schema = document["components"]["schemas"]["NewNote"]

    assert schema["additionalProperties"] is False
    assert ["oneWord"] == schema["required"]
    assert "a word of at most 9 letters" == schema["properties"]["oneWord"]["description"]
    assert (0.1, 500) == (
        schema["properties"]["radiusKm"]["minimum"],
        schema["properties"]["radiusKm"]["maximum"],
    )


def test_codes_stand_under_their_status(document: dict[str, Any]) -> None:
    """Each error that a route gives is named under its status, and none that it cannot give."""
    written = operation(document, "post", "/note/")["responses"]
    login = operation(document, "post", "/login")["responses"]

    def codes(response: dict[str, Any]) -> set[str]:
        schema = response["content"]["application/problem+json"]["schema"]
        return set(schema["properties"]["code"]["enum"])

    assert {"not_signed_in", "token_expired", "token_invalid"} == codes(written["401"])
    assert {"invalid", "idempotency_mismatch"} == codes(written["422"])
    assert {"wrong_credentials"} == codes(login["401"])
    assert "403" not in login
    assert all(
        STATUS[code][0] == int(status)
        for status in written
        if status != "200"
        for code in codes(written[status])
    )


def test_security_says_who_may(document: dict[str, Any]) -> None:
    """A token is required, possible, or of no use."""
    assert [{"bearer": []}] == operation(document, "post", "/note/")["security"]
    assert [{}, {"bearer": []}] == operation(document, "get", "/live")["security"]
    assert [] == operation(document, "post", "/login")["security"]


async def test_the_gateway_describes_itself() -> None:
    """/openapi.json holds the services' routes and the gateway's own, but no style sheet."""
    document = (await client(gateway(*ROUTES)).get("/openapi.json")).json()

    assert {*(one.path for one in ROUTES), "/livez", "/readyz", "/openapi.json", "/docs"} == set(
        document["paths"]
    )
    assert "3.1.0" == document["openapi"]


async def test_docs_show_every_route_without_a_script() -> None:
    """/docs names each route and error code, and brings nothing that the policy refuses."""
    page = await client(gateway(*ROUTES)).get("/docs")
    style = await client(gateway(*ROUTES)).get("/docs.css")

    assert "text/html; charset=utf-8" == page.headers["content-type"]
    assert all(f"<code>{one.path}</code>" in page.text for one in ROUTES)
    assert all(f'id="{code}"' in page.text for code in STATUS)
    assert not any(word in page.text for word in ("<script", "<style", "style=", "http://", "https://"))
    assert (200, "text/css") == (style.status_code, style.headers["content-type"])


async def test_docs_escape_what_they_show() -> None:
    """A summary is text, never markup."""
    page = await client(gateway(route(summary="Less < more & <b>"))).get("/docs")

    assert "Less &lt; more &amp; &lt;b&gt;" in page.text
