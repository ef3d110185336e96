"""Every request passes the same checks in the same order."""

import asyncio
from typing import Any

import msgspec
import pytest

from rookery.config import Limits, Server
from rookery.core.errors import STATUS, Problem, not_found
from rookery.core.forms import Form
from rookery.core.routes import Answer, Call, Refused
from rookery.gateway import dispatch
from rookery.gateway.app import Gateway, Surroundings
from tests.gateway.front import ANN, client, gateway, route, scope


class Words(Form, frozen=True):
    """A body with one word."""

    word: str


async def take(call: Call) -> Answer:
    """Answers the word."""
    return Answer(msgspec.json.encode(call.body(Words).word))


@pytest.mark.parametrize("path", ["/echo", "/echo/", "/user/@ann/tweets", "/user/@ann/tweets/"])
async def test_a_trailing_slash_changes_nothing(path: str) -> None:
    """A path answers the same with and without its trailing slash."""
    app = gateway(route(), route(path="/user/{id}/tweets"))

    assert 200 == (await client(app).get(path)).status_code


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/echo//",
        "/user//tweets",
        "/user/1/tweets/2",
        "//echo",
        "/user%2F1/tweets",
        "/user/1%2ftweets",
    ],
)
async def test_an_unknown_path_is_not_found(path: str) -> None:
    """A path that no route serves is 404 with a problem document."""
    app = gateway(route(), route(path="/user/{id}/tweets"))
    answer = await client(app).get(path)

    assert (404, "not_found") == (answer.status_code, answer.json()["code"])
    assert "application/problem+json" == answer.headers["content-type"]


async def test_arguments_are_the_segments_of_the_path() -> None:
    """A handler gets the parameters of its own route; a fixed path goes before one with parameters."""
    app = gateway(
        route(path="/follow/{id}"), route("POST", "/follow/{userId}"), route(path="/follow/requests")
    )

    assert "{'id': '@ann'}" == (await client(app).get("/follow/@ann")).json()["args"]
    assert "{'userId': '5'}" == (await client(app).post("/follow/5/")).json()["args"]
    assert "{}" == (await client(app).get("/follow/requests")).json()["args"]


async def test_a_segment_may_begin_with_something_fixed() -> None:
    """`@{handle}` takes what begins so and goes on; fixed segments and other parameters live beside it."""
    app = gateway(
        route(path="/@{handle}"),
        route(path="/@{handle}/{tweetId}"),
        route(path="/@{handle}/likes"),
        route(path="/{other}"),
    )

    assert "{'handle': 'ann'}" == (await client(app).get("/@ann")).json()["args"]
    assert "{'handle': '@ann'}" == (await client(app).get("/@@ann/")).json()["args"]
    assert "{'handle': 'ann', 'tweetId': '5'}" == (await client(app).get("/@ann/5")).json()["args"]
    assert "{'handle': 'ann'}" == (await client(app).get("/@ann/likes")).json()["args"]
    assert "{'other': '@'}" == (await client(app).get("/@")).json()["args"]
    assert "{'other': 'ann@x'}" == (await client(app).get("/ann@x")).json()["args"]
    assert 404 == (await client(app).get("/ann/likes")).status_code


async def test_the_root_is_a_path_like_any_other() -> None:
    """`/` can be served; what is no path is not taken for it."""
    app = gateway(route(path="/", page=True))

    assert 200 == (await client(app).get("/")).status_code
    for path in ("*", "", "//"):
        messages: list[dict[str, Any]] = []

        async def keep(message: Any, messages: list[dict[str, Any]] = messages) -> None:
            messages.append(message)

        await app(scope(path), _nothing_more, keep)
        assert (path, 404) == (path, messages[0]["status"])


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "PATCH", "BREW"])
async def test_another_method_is_not_allowed(method: str) -> None:
    """A method that a path does not take is 405, and Allow names those that it takes."""
    app = gateway(route(), route("POST"))
    answer = await client(app).request(method, "/echo")

    assert (405, "method_not_allowed") == (answer.status_code, answer.json()["code"])
    assert "GET, HEAD, POST" == answer.headers["allow"]


async def test_head_is_get_without_the_body() -> None:
    """HEAD gives the status and headers of GET, its length too, and no body."""
    app = gateway(route())
    got, head = await client(app).get("/echo"), await client(app).head("/echo")

    assert b"" == head.content
    assert got.headers["content-length"] == head.headers["content-length"] == str(len(got.content))


async def test_401_comes_before_all_that_the_handler_says() -> None:
    """A stranger, or a bad token, is 401 before the body is looked at."""
    app = gateway(
        route("POST", handler=take, needs_account=True), route(), route("POST", "/in", limit="login")
    )

    assert "not_signed_in" == (await client(app).post("/echo", content=b"{")).json()["code"]
    bad = {"Authorization": "Bearer nonsense"}
    assert "token_invalid" == (await client(app).get("/echo", headers=bad)).json()["code"]
    assert 200 == (await client(app).post("/in", headers=bad)).status_code


@pytest.mark.parametrize(
    ("body", "media_type", "code"),
    [
        (b"{", "application/json", "malformed"),
        (b"[]", "application/json", "malformed"),
        (b"\xff", "application/json", "malformed"),
        (b'{"word":"a"}', "text/plain", "unsupported_media_type"),
        (b'{"word":1}', "application/json", "invalid"),
        (b"", "application/json", "invalid"),
    ],
)
async def test_bad_bodies_have_their_codes(body: bytes, media_type: str, code: str) -> None:
    """A body that cannot be read says why, with the status of its code."""
    app = gateway(route("POST", handler=take))
    answer = await client(app).post("/echo", content=body, headers={"Content-Type": media_type})

    assert (STATUS[code][0], code) == (answer.status_code, answer.json()["code"])


async def test_field_names_of_a_client_come_back_printable() -> None:
    """A field whose name is no text is refused by a document that is valid JSON."""
    app = gateway(route("POST", handler=take))
    headers = {"Content-Type": "application/json"}
    answer = await client(app).post("/echo", content=b'{"\\ud800":"a"}', headers=headers)

    assert {"\\ud800", "word"} == {one["field"] for one in answer.json()["errors"]}


async def test_a_url_beyond_the_bound_is_too_large() -> None:
    """The bound on the URL counts path and query."""
    app = gateway(route(), limits=Limits(url_bytes_max=1_024))

    assert 413 == (await client(app).get("/echo?" + "a" * 1_020)).status_code
    assert 413 == (await client(app).get("/" + "a" * 1_024)).status_code


class Sending:
    """The receiving side of a request whose body comes in pieces."""

    def __init__(self, *pieces: bytes, then: str = "end") -> None:
        self.pieces = list(pieces)
        self.then = then

    async def __call__(self) -> dict[str, Any]:
        if self.pieces:
            more = len(self.pieces) > 1 or self.then != "end"
            return {"type": "http.request", "body": self.pieces.pop(0), "more_body": more}
        if self.then == "hang":
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}


async def talk(receive: Sending, **headers: str) -> list[dict[str, Any]]:
    """What the gateway sends to a POST of a word."""
    app = gateway(
        route("POST", handler=take), server=Server(body_read_ms_max=100), limits=Limits(body_bytes_max=1_024)
    )
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    given = {"Content-Type": "application/json", **headers}
    await asyncio.wait_for(app(scope("/echo", "POST", given), receive, send), 5)
    return sent


async def test_a_body_in_pieces_is_put_together() -> None:
    """A body may come in any number of pieces."""
    sent = await talk(Sending(b'{"wo', b'rd":', b'"a"}'))

    assert (200, b'"a"') == (sent[0]["status"], sent[1]["body"])


async def test_a_body_beyond_the_bound_is_cut_off() -> None:
    """A body that says that it is too large is not read, one that does not say it only as far as the bound."""
    announced = Sending(b"a" * 2_000)
    unannounced = Sending(*[b"a" * 500] * 10)

    assert 413 == (await talk(announced, **{"Content-Length": "2000"}))[0]["status"]
    assert 1 == len(announced.pieces)
    assert 413 == (await talk(unannounced))[0]["status"]
    assert 7 == len(unannounced.pieces)


async def test_a_slow_body_ends() -> None:
    """A client that stops sending gets an answer when its time is up."""
    sent = await talk(Sending(b"{", then="hang"))

    assert 400 == sent[0]["status"]


async def test_a_body_that_ends_early_is_malformed() -> None:
    """A body that breaks off is answered, for its sender may still be there: so a chunk that is none is told too."""
    sent = await talk(Sending(b"{", then="leave"))

    assert (400, "malformed") == (sent[0]["status"], msgspec.json.decode(sent[1]["body"])["code"])


async def test_a_fault_is_a_500_that_says_nothing() -> None:
    """An unexpected error answers 500 `internal`, without its own words."""

    async def fail(call: Call) -> Answer:
        raise ValueError("secret")

    answer = await client(gateway(route(handler=fail))).get("/echo")

    assert (500, "internal") == (answer.status_code, answer.json()["code"])
    assert "secret" not in answer.text


async def test_input_that_is_not_read_is_a_fault() -> None:
    """A handler that looks at neither body nor query does not answer 200."""

    async def careless(call: Call) -> Answer:
        return Answer()

    assert 500 == (await client(gateway(route(handler=careless))).get("/echo")).status_code


async def test_problems_of_handlers_are_documents() -> None:
    """A refusal says type, title, status, detail and code (RFC 9457)."""

    async def refuse(call: Call) -> Answer:
        raise not_found("account")

    expected = {
        "type": "/docs#not_found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no such account.",
        "code": "not_found",
    }

    assert expected == (await client(gateway(route(handler=refuse))).get("/echo")).json()


async def test_a_write_signed_by_cookie_must_come_from_here() -> None:
    """A cookie alone does not let another site's page write; reading it may."""
    app = gateway(route("POST", needs_account=True), route())
    cookie = {"Cookie": f"rookery_session={ANN}"}
    own = {**cookie, "Sec-Fetch-Site": "same-origin"}
    other = {**cookie, "Origin": "http://elsewhere"}

    assert "origin_refused" == (await client(app).post("/echo", headers=other)).json()["code"]
    assert 200 == (await client(app).post("/echo", headers=own)).status_code
    assert str(ANN) == (await client(app).get("/echo", headers=other)).json()["viewer"]


async def test_writes_wait_while_deliveries_lag() -> None:
    """Beyond the bound on the backlog writes are 503 with Retry-After, reads go on."""
    app = gateway(route(), route("POST"), surroundings=Surroundings(backlogged=lambda: True))
    refused = await client(app).post("/echo")

    assert (503, "overloaded", "1") == (
        refused.status_code,
        refused.json()["code"],
        refused.headers["retry-after"],
    )
    assert 200 == (await client(app).get("/echo")).status_code


async def test_too_many_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound on requests at work further ones are 503 at once; /livez still answers."""
    monkeypatch.setattr(dispatch, "IN_FLIGHT_MAX", 1)
    go = asyncio.Event()

    async def wait(call: Call) -> Answer:
        call.nothing()
        await go.wait()
        return Answer()

    app = gateway(route(handler=wait), route("POST", needs_account=True, limit="none"))
    first = asyncio.ensure_future(client(app).get("/echo"))
    await asyncio.sleep(0.01)
    second = await client(app).get("/echo")
    unlimited = await client(app, ANN).post("/echo")
    alive = await client(app).get("/livez")
    go.set()

    assert [503, 503, 200] == [one.status_code for one in (second, unlimited, alive)]
    assert ("overloaded", "1") == (second.json()["code"], second.headers["retry-after"])
    assert 200 == (await first).status_code
    assert 200 == (await client(app).get("/echo")).status_code


async def test_a_refusal_of_storage_says_when_to_come_back() -> None:
    """503 has Retry-After whoever raised it."""

    async def refuse(call: Call) -> Answer:
        raise Problem("engine_unavailable", "Not now.")

    answer = await client(gateway(route(handler=refuse))).get("/echo")

    assert (503, "1") == (answer.status_code, answer.headers["retry-after"])


def test_two_routes_for_one_address_are_a_mistake() -> None:
    """A method and path that two routes claim is told at start."""
    with pytest.raises(ValueError, match="two routes serve GET /user/"):
        gateway(route(path="/user/{id}"), route(path="/user/{name}"))


async def _nothing_more() -> Any:
    raise AssertionError("nobody reads a body here")


async def _posted(call: Call) -> Answer:
    fields = call.posted()
    return Answer(f"{call.viewer} {dict(fields)}".encode(), (("Location", "/"),), "text/html", status=303)


async def _error_page(refused: Refused) -> Answer:
    problem = refused.problem
    return Answer(f"{refused.method} {refused.path} {problem.code}".encode(), (), "text/html", status=409)


class TestPages:
    """Routes of pages: their forms, what an ended session is, and their errors."""

    def app(self) -> Gateway:
        """A page, its form, and a route of the API."""
        return gateway(
            route(page=True, path="/page", handler=_read),
            route("POST", "/page", page=True, handler=_posted),
            route("POST", "/entry", page=True, handler=_posted, limit="sign_up"),
            route(path="/api"),
            error_page=_error_page,
        )

    async def test_a_form_comes_from_this_site(self) -> None:
        """Also where nobody is signed in, and where the session is not looked at."""
        asking = client(self.app())
        for path in ("/page", "/entry"):
            assert 403 == (await asking.post(path, data={"a": "b"})).status_code
            answer = await asking.post(path, data={"a": "b"}, headers={"Sec-Fetch-Site": "same-origin"})
            assert (303, "0 {'a': 'b'}", "/") == (answer.status_code, answer.text, answer.headers["location"])

    async def test_an_ended_session_is_a_stranger(self) -> None:
        """On a page; the API refuses it."""
        asking = client(self.app())
        old = {"Cookie": "rookery_session=old"}
        assert "0 {}" == (await asking.get("/page", headers=old)).text
        assert 401 == (await asking.get("/api", headers=old)).status_code

    async def test_a_browser_gets_errors_as_pages(self) -> None:
        """On a page's route and on none; with the page's status, and the headers of the problem."""
        asking = client(self.app())
        html = {"Accept": "text/html,*/*"}
        told = await asking.put("/page", headers=html)
        assert (409, "PUT /page method_not_allowed", "GET, HEAD, POST") == (
            told.status_code,
            told.text,
            told.headers["allow"],
        )
        assert "GET /nothing not_found" == (await asking.get("/nothing", headers=html)).text
        assert "application/problem+json" == (await asking.get("/nothing")).headers["content-type"]

    async def test_openapi_does_not_describe_them(self) -> None:
        """They are none of the API."""
        described = (await client(self.app()).get("/openapi.json")).json()["paths"]
        assert "/api" in described
        assert not {"/page", "/entry"} & described.keys()


async def _read(call: Call) -> Answer:
    return Answer(f"{call.viewer} {dict(call.asked())}".encode(), (), "text/html")
