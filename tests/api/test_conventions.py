"""What holds for every route."""

import re
from collections.abc import Callable

import httpx
import pytest

from tests.serving import Person, Server, alone, fields_of, problem_of

Make = Callable[..., Person]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_a_path_answers_the_same_with_and_without_its_slash(person: Make) -> None:
    """No redirect, for reads and writes alike."""
    ann = person()
    for path in ("/tweet", "/tweet/"):
        answer = ann.post(path, json={"content": path})
        assert 200 == answer.status_code
        assert f"/tweet/{answer.json()['tweetId']}" == answer.headers["location"]
    for path in (
        "/feed",
        f"/user/{ann.id}",
        f"/user/@{ann.handle}/tweets",
        "/search/users?token=x",
        "/readyz",
    ):
        bare, _, query = path.partition("?")
        assert ann.get(path).json() == ann.get(f"{bare}/?{query}".rstrip("?")).json()


def test_objects_are_camel_case_with_ids_as_strings_and_utc_times(person: Make) -> None:
    """User and Tweet have exactly the fields of docs/api.md; a stranger sees them without the viewer's own."""
    ann, bob = person("ann"), person("bob")
    tweet = ann.tweet("hello")["tweetId"]
    quote = bob.tweet("see", quoteOf=tweet)
    user_fields = [
        "userId",
        "handle",
        "name",
        "bio",
        "avatarUrl",
        "createdTimeStamp",
        "protected",
        "followerCount",
        "followingCount",
        "tweetCount",
        "following",
        "followedBy",
        "requested",
        "blocking",
        "blockedBy",
        "muting",
    ]
    tweet_fields = [
        "tweetId",
        "ownerId",
        "owner",
        "kind",
        "content",
        "createdTimeStamp",
        "editedTimeStamp",
        "inReplyTo",
        "retweetOf",
        "quoteOf",
        "latitude",
        "longitude",
        "entities",
        "likeCount",
        "replyCount",
        "retweetCount",
        "quoteCount",
        "liked",
        "retweeted",
    ]
    stranger = Person(ann.server)
    assert set(user_fields) == bob.ok("GET", f"/user/{ann.id}").keys()
    assert set(user_fields[:10]) == stranger.ok("GET", f"/user/{ann.id}").keys()
    assert set(tweet_fields) == quote.keys() == quote["quoteOf"].keys()
    assert set(tweet_fields[:-2]) == stranger.ok("GET", f"/tweet/{quote['tweetId']}").keys()
    assert {"userId", "handle", "name", "avatarUrl", "protected"} == quote["owner"].keys()
    assert {"hashtags", "mentions", "urls"} == quote["entities"].keys()
    assert all(isinstance(one, str) and one.isdecimal() for one in (quote["tweetId"], quote["ownerId"]))
    assert TIME.fullmatch(quote["createdTimeStamp"])


@pytest.mark.parametrize(
    "path", ["/feed/public", "/nowhere", "/account/", "/tweet/1", "/openapi.json", "/docs"]
)
def test_every_answer_has_a_request_id_and_the_security_headers(stranger: Person, path: str) -> None:
    """Successes and errors carry the same headers; two requests have different ids."""
    answer, again = stranger.get(path), stranger.get(path)
    assert "" != answer.headers["x-request-id"] != again.headers["x-request-id"]
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "same-origin" == answer.headers["referrer-policy"]
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "access-control-allow-origin" not in answer.headers


def test_a_clients_request_id_is_repeated_where_it_is_harmless(stranger: Person) -> None:
    """A plain id comes back; anything else is replaced by the server's own."""
    given = ("abc-123", "a b", "x" * 500, "<script>")
    told = [stranger.get("/livez", headers={"X-Request-Id": one}).headers["x-request-id"] for one in given]
    assert [True, False, False, False] == [one == other for one, other in zip(given, told, strict=True)]


def test_limited_routes_tell_what_is_left(person: Make, stranger: Person, limited: Server) -> None:
    """RateLimit headers count down, on reads and writes."""
    ann = Person(limited)
    seen = [ann.get("/feed/public").headers for _ in range(2)]
    assert ["1500", "1500"] == [one["ratelimit-limit"] for one in seen]
    assert 1 == int(seen[0]["ratelimit-remaining"]) - int(seen[1]["ratelimit-remaining"])
    assert 0 < int(seen[0]["ratelimit-reset"]) <= 15 * 60


def test_checks_come_in_the_order_401_404_403_422(person: Make, stranger: Person) -> None:
    """Who breaks several rules is told the first one."""
    ann, bob, cat = person(), person(), person()
    tweet = ann.tweet("mine")["tweetId"]
    ann.ok("POST", f"/block/{cat.id}")
    bad = {"content": "", "x": 1}
    assert (401, "not_signed_in") == stranger.refused("PATCH", "/tweet/1", bad)
    assert (404, "not_found") == bob.refused("PATCH", "/tweet/1", bad)
    assert (404, "not_found") == cat.refused("PATCH", f"/tweet/{tweet}", bad)
    assert (403, "not_yours") == bob.refused("PATCH", f"/tweet/{tweet}", bad)
    assert (422, "invalid") == ann.refused("PATCH", f"/tweet/{tweet}", bad)
    ann.ok("PATCH", "/account/", {"protected": True})
    assert (403, "protected") == stranger.refused("GET", f"/user/{ann.id}/tweets?x=1")
    assert (404, "not_found") == stranger.refused("GET", "/user/1/tweets?x=1")
    assert (401, "not_signed_in") == stranger.refused("POST", "/like/1", {"x": 1})
    assert (404, "not_found") == bob.refused("POST", "/like/1", {"x": 1})


def test_unknown_fields_and_parameters_are_refused(person: Make) -> None:
    """A typing mistake is never silently ignored, also on routes that take nothing."""
    ann = person()
    tweet = ann.tweet("mine")["tweetId"]
    assert {"contents"} <= fields_of(ann.post("/tweet/", json={"contents": "x", "content": "x"}))
    assert {"pagesize"} == fields_of(ann.get("/feed/?pagesize=3"))
    assert {"x"} == fields_of(ann.get(f"/tweet/{tweet}?x=1"))
    assert {"x"} == fields_of(ann.post(f"/like/{tweet}", json={"x": 1}))
    assert {"x"} == fields_of(ann.post(f"/like/{tweet}?x=1"))
    assert {"everywhere"} == fields_of(ann.post("/account/logout", json={"everywhere": "yes"}))


def test_a_body_is_json_or_nothing(person: Make) -> None:
    """Another content type is 415; routes without a body take none or `{}`; what is no JSON object is malformed."""
    ann = person()
    tweet = ann.tweet("mine")["tweetId"]
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = ann.post("/tweet/", content=b'{"content":"x"}', headers={"Content-Type": kind})
        assert (415, "unsupported_media_type") == problem_of(answer)
    right = {"Content-Type": "application/json; charset=utf-8"}
    assert 200 == ann.post("/tweet/", content=b'{"content":"x"}', headers=right).status_code
    assert {"liked": True, "likeCount": 1} == ann.ok("POST", f"/like/{tweet}", {})
    for body in (b"[]", b"1", b"null", b'"x"', b"{"):
        assert (400, "malformed") == problem_of(ann.post("/tweet/", content=body, headers=right))


def test_methods_and_paths_that_are_not_there(person: Make) -> None:
    """Another method is 405 with Allow, another path 404; HEAD is GET without its body."""
    ann = person()
    answer = ann.put("/tweet/")
    assert (405, "method_not_allowed") == problem_of(answer)
    assert "POST" in answer.headers["allow"]
    for path in ("/nowhere", "/tweet/1/nothing", "/user//tweets", "/account/x"):
        assert (path, (404, "not_found")) == (path, ann.refused("GET", path))
    head, get = ann.head(f"/user/{ann.id}"), ann.get(f"/user/{ann.id}")
    assert (200, b"", get.headers["content-type"]) == (
        head.status_code,
        head.content,
        head.headers["content-type"],
    )
    assert 404 == ann.head("/tweet/1").status_code


def test_a_cookie_signs_reads_and_same_origin_writes_only(server: Server, person: Make) -> None:
    """A page's cookie is proof for reads; a write with it must come from the server's own pages."""
    ann = person()
    cookie = {"Cookie": f"{server.cookie}={ann.token}"}
    host = {"Host": "rookery.test"}
    own = f"{httpx.URL(server.url).scheme}://rookery.test"

    def write(**headers: str) -> tuple[int, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = alone(
            "POST", f"{server.url}/tweet/", json={"content": "x"}, headers={**cookie, **host, **named}
        )
        return (200, "") if answer.is_success else problem_of(answer)

    refused = (403, "origin_refused")
    assert 200 == alone("GET", f"{server.url}/account/", headers=cookie).status_code
    assert refused == write()
    assert refused == write(Sec_Fetch_Site="cross-site", Origin=own)
    assert refused == write(Sec_Fetch_Site="same-site")
    assert refused == write(Origin="http://evil.test")
    assert refused == write(Origin="null")
    assert (200, "") == write(Sec_Fetch_Site="same-origin")
    assert (200, "") == write(Origin=own)
    assert (401, "token_invalid") == problem_of(
        alone("GET", f"{server.url}/account/", headers={"Cookie": f"{server.cookie}=nonsense"})
    )


def test_openapi_and_docs_describe_the_api(stranger: Person) -> None:
    """OpenAPI names each operation once, and /docs shows every path without anything from elsewhere."""
    openapi = stranger.ok("GET", "/openapi.json")
    operations = [one for path in openapi["paths"].values() for one in path.values()]
    assert len(operations) == len({one["operationId"] for one in operations})
    page = stranger.get("/docs").text
    assert all(path in page for path in openapi["paths"])
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "<script" not in page
