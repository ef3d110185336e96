"""docs/api.md, OpenAPI and what is served are the same list of routes, and each of them is used here over HTTP."""

import copy
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.promised import RouteName, described, disagreements, plain, promised
from tests.conftest import PROJECT
from tests.serving import PASSWORD, Person, Server, sign_up

PAGE = (PROJECT / "docs" / "api.md").read_text()


class Scene:
    """People and texts for a request to act on; `ann` is signed in, `bob` follows her and wrote `tweet`."""

    def __init__(self, server: Server, number: int) -> None:
        self.ann = sign_up(server, f"ann_{number}")
        self.bob = sign_up(server, f"bob_{number}")
        self.server = server
        self.bob.ok("POST", "/follow", {"userId": self.ann.id})
        self.tweet = self.bob.tweet("a tweet")["tweetId"]
        self.own = self.ann.tweet("my own")["tweetId"]
        self.reply = self.ann.ok("POST", f"/reply/{self.tweet}", {"content": "a reply"})["tweetId"]

    def asked(self) -> None:
        """Bob asks to follow Ann, who is protected by now."""
        self.bob.ok("DELETE", f"/follow/{self.ann.id}")
        self.ann.ok("PATCH", "/account/", {"protected": True})
        self.bob.ok("POST", "/follow", {"userId": self.ann.id})

    def session(self) -> str:
        """Another session of Ann."""
        self.ann.ok("POST", "/account/login", {"handle": self.ann.handle, "password": PASSWORD})
        sessions = self.ann.ok("GET", "/account/sessions")
        return str(next(one["sessionId"] for one in sessions if not one["current"]))


def _simple(method: str, path: str, body: Any = None, **query: Any) -> Callable[[Scene], httpx.Response]:
    """Ann's request; `{bob}`, `{tweet}`, `{own}` and `{reply}` in the path are ids."""

    def send(scene: Scene) -> httpx.Response:
        ids = {"bob": scene.bob.id, "tweet": scene.tweet, "own": scene.own, "reply": scene.reply}
        sent = {
            key: value.format(**ids) if isinstance(value, str) else value
            for key, value in (body or {}).items()
        }
        return scene.ann.request(method, path.format(**ids), json=sent or None, params=query)

    return send


def _sign_up(scene: Scene) -> httpx.Response:
    body = {"handle": f"{scene.ann.handle}x", "name": "New", "password": PASSWORD}
    return Person(scene.server).post("/account/", json=body)


def _log_in(scene: Scene) -> httpx.Response:
    return Person(scene.server).post(
        "/account/login", json={"handle": scene.ann.handle, "password": PASSWORD}
    )


def _request(method: str) -> Callable[[Scene], httpx.Response]:
    def send(scene: Scene) -> httpx.Response:
        scene.asked()
        return scene.ann.request(method, f"/follow/requests/{scene.bob.id}")

    return send


def _live(scene: Scene) -> httpx.Response:
    with scene.ann.stream("GET", "/feed/live") as answer:
        next(answer.iter_raw())
    return answer


EXAMPLES: dict[tuple[str, str], Callable[[Scene], httpx.Response]] = {
    ("POST", "/account"): _sign_up,
    ("POST", "/account/login"): _log_in,
    ("POST", "/account/refresh"): _simple("POST", "/account/refresh"),
    ("POST", "/account/logout"): _simple("POST", "/account/logout"),
    ("GET", "/account"): _simple("GET", "/account/"),
    ("PATCH", "/account"): _simple("PATCH", "/account/", {"bio": "new"}),
    ("POST", "/account/password"): _simple(
        "POST", "/account/password", {"current": PASSWORD, "new": PASSWORD[::-1]}
    ),
    ("GET", "/account/sessions"): _simple("GET", "/account/sessions"),
    ("DELETE", "/account/sessions/{id}"): lambda scene: scene.ann.delete(
        f"/account/sessions/{scene.session()}"
    ),
    ("DELETE", "/account"): _simple("DELETE", "/account/", {"password": PASSWORD}),
    ("GET", "/account/export"): _simple("GET", "/account/export"),
    ("GET", "/user/{id}"): _simple("GET", "/user/{bob}"),
    ("GET", "/user/{id}/tweets"): _simple("GET", "/user/{bob}/tweets"),
    ("GET", "/user/{id}/replies"): _simple("GET", "/user/{bob}/replies"),
    ("GET", "/user/{id}/likes"): _simple("GET", "/user/{bob}/likes"),
    ("GET", "/user/{id}/followers"): _simple("GET", "/user/{bob}/followers"),
    ("GET", "/user/{id}/following"): _simple("GET", "/user/{bob}/following"),
    ("GET", "/avatar/{id}"): _simple("GET", "/avatar/{bob}"),
    ("POST", "/tweet"): _simple("POST", "/tweet/", {"content": "hello"}),
    ("GET", "/tweet/{id}"): _simple("GET", "/tweet/{tweet}"),
    ("PATCH", "/tweet/{id}"): _simple("PATCH", "/tweet/{own}", {"content": "better"}),
    ("GET", "/tweet/{id}/history"): _simple("GET", "/tweet/{tweet}/history"),
    ("DELETE", "/tweet/{id}"): _simple("DELETE", "/tweet/{own}"),
    ("POST", "/tweet/{id}"): _simple("POST", "/tweet/{own}"),
    ("GET", "/tweet/{id}/quotes"): _simple("GET", "/tweet/{tweet}/quotes"),
    ("POST", "/like/{id}"): _simple("POST", "/like/{tweet}"),
    ("DELETE", "/like/{id}"): _simple("DELETE", "/like/{tweet}"),
    ("GET", "/like/{id}"): _simple("GET", "/like/{tweet}"),
    ("POST", "/retweet/{id}"): _simple("POST", "/retweet/{tweet}"),
    ("DELETE", "/retweet/{id}"): _simple("DELETE", "/retweet/{tweet}"),
    ("GET", "/retweet/{id}"): _simple("GET", "/retweet/{tweet}"),
    ("POST", "/reply/{id}"): _simple("POST", "/reply/{tweet}", {"content": "yes"}),
    ("GET", "/reply/{id}"): _simple("GET", "/reply/{tweet}"),
    ("GET", "/reply/{id}/ancestors"): _simple("GET", "/reply/{reply}/ancestors"),
    ("PATCH", "/reply/{id}"): _simple("PATCH", "/reply/{reply}", {"content": "no"}),
    ("DELETE", "/reply/{id}"): _simple("DELETE", "/reply/{reply}"),
    ("POST", "/follow"): _simple("POST", "/follow", {"userId": "{bob}"}),
    ("DELETE", "/follow/{id}"): _simple("DELETE", "/follow/{bob}"),
    ("GET", "/follow/requests"): _simple("GET", "/follow/requests"),
    ("POST", "/follow/requests/{id}"): _request("POST"),
    ("DELETE", "/follow/requests/{id}"): _request("DELETE"),
    ("GET", "/follow/suggestions"): _simple("GET", "/follow/suggestions"),
    ("POST", "/block/{id}"): _simple("POST", "/block/{bob}"),
    ("DELETE", "/block/{id}"): _simple("DELETE", "/block/{bob}"),
    ("GET", "/block"): _simple("GET", "/block"),
    ("POST", "/mute/{id}"): _simple("POST", "/mute/{bob}"),
    ("DELETE", "/mute/{id}"): _simple("DELETE", "/mute/{bob}"),
    ("GET", "/mute"): _simple("GET", "/mute"),
    ("GET", "/feed"): _simple("GET", "/feed/"),
    ("GET", "/feed/public"): _simple("GET", "/feed/public"),
    ("GET", "/feed/live"): _live,
    ("GET", "/search"): _simple("GET", "/search/", token="tweet"),
    ("GET", "/search/users"): _simple("GET", "/search/users", token="bob"),
    ("GET", "/search/trends"): _simple("GET", "/search/trends"),
    ("GET", "/livez"): _simple("GET", "/livez"),
    ("GET", "/readyz"): _simple("GET", "/readyz"),
    ("GET", "/openapi.json"): _simple("GET", "/openapi.json"),
    ("GET", "/docs"): _simple("GET", "/docs"),
    ("GET", "/.well-known/jwks.json"): _simple("GET", "/.well-known/jwks.json"),
}
EXERCISED: set[RouteName] = {(method, plain(path)) for method, path in EXAMPLES}
MEDIA_TYPES = {
    "/account/export": "application/zip",
    "/avatar/{id}": "image/svg+xml",
    "/feed/live": "text/event-stream",
    "/docs": "text/html",
}


@pytest.fixture(scope="module")
def openapi(server: Server) -> Any:
    """What the server says of itself."""
    return Person(server).ok("GET", "/openapi.json")


def test_page_openapi_and_tests_name_the_same_routes(openapi: Any) -> None:
    """Every route of docs/api.md is in OpenAPI and used by a test, and there is no other."""
    assert [] == disagreements(promised(PAGE), described(openapi), EXERCISED)


@pytest.mark.parametrize(("method", "path"), EXAMPLES)
def test_each_route_is_served(server: Server, numbers: Any, method: str, path: str) -> None:
    """A right request to each route succeeds, in the media type that the page names."""
    answer = EXAMPLES[method, path](Scene(server, next(numbers)))
    assert (200, "ok") == (answer.status_code, "ok" if answer.is_success else answer.text)
    assert MEDIA_TYPES.get(path, "application/json") == answer.headers["content-type"].partition(";")[0]
    assert answer.request.method == method
    assert len(plain(path).split("/")) == len(answer.request.url.path.rstrip("/").split("/"))


def test_a_route_without_openapi_is_seen(openapi: Any) -> None:
    """A route that is promised and used but not described makes the comparison fail."""
    doctored = copy.deepcopy(openapi)
    del doctored["paths"]["/like/{tweetId}"]["delete"]
    assert ["DELETE /like/{} is missing in OpenAPI"] == disagreements(
        promised(PAGE), described(doctored), EXERCISED
    )


def test_a_route_without_a_test_is_seen(openapi: Any) -> None:
    """A route that is served but that no test uses makes the comparison fail."""
    doctored = copy.deepcopy(openapi)
    doctored["paths"]["/planted/{id}"] = {"get": {}}
    page = PAGE.replace(
        "| GET /avatar/{userId} |", "| GET /planted/{id} | | 200 | |\n| GET /avatar/{userId} |"
    )
    assert ["GET /planted/{} is missing in the tests"] == disagreements(
        promised(page), described(doctored), EXERCISED
    )


def test_a_route_that_the_page_lacks_is_seen(openapi: Any) -> None:
    """A route that is served and used but not promised makes the comparison fail."""
    page = "\n".join(line for line in PAGE.splitlines() if not line.startswith("| GET /search/trends"))
    assert ["GET /search/trends is missing in docs/api.md"] == disagreements(
        promised(page), described(openapi), EXERCISED
    )


def test_the_table_is_read_as_it_is_meant() -> None:
    """The table's short forms mean the routes that a reader takes them for."""
    page = """
## Routes
| method and path | body |
|---|---|
| GET /a/ , PATCH /a/ | x |
| GET /u/{id}/x , /y , /z | |
| POST /like/{tweetId} , DELETE | |
| GET /f/r , POST and DELETE /f/r/{userId} | |
| POST /block/{userId} , DELETE, GET /block | |
| GET /docs , /.well-known/jwks.json | | 200 | `/metrics` elsewhere |

## Next
"""
    expected = """GET /a|PATCH /a|GET /u/{}/x|GET /u/{}/y|GET /u/{}/z|POST /like/{}|DELETE /like/{}|GET /f/r|
        POST /f/r/{}|DELETE /f/r/{}|POST /block/{}|DELETE /block/{}|GET /block|GET /docs|GET /.well-known/jwks.json"""
    assert {tuple(one.split()) for one in expected.split("|")} == promised(page)
