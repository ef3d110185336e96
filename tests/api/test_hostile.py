"""Bad input of every kind, over HTTP: each has its status and code, and the server goes on."""

import base64
import json
import time

import pytest

from tests.serving import Person, Server, fields_of, problem_of, sign_up

JSON = {"Content-Type": "application/json"}
MALFORMED, INVALID = (400, "malformed"), (422, "invalid")
ID_MAX = (1 << 63) - 1
NO_IDS = [
    "0",
    "-1",
    "+5",
    "5.0",
    "1e3",
    "0x5",
    "٣",
    "²",
    "five",
    str(ID_MAX + 1),
    "9" * 40,
    "007",
    "5%20",
    "%00",
]


TOKENS = [
    *(
        '"' * 300,
        "(" * 300,
        "a OR b AND NOT",
        "NEAR(a b)",
        "a*",
        "{a}:b",
        "col:x",
        "--",
        "-",
        "#",
        "@",
        "from:",
    ),
    *(
        "null",
        "since:never",
        "since:9999-99-99",
        "until:0000-00-00",
        "\0",
        "a\0b",
        "'; DROP TABLE tweets; --",
        "\\",
        "^",
    ),
]


@pytest.fixture(scope="module")
def ann(server: Server) -> Person:
    """Someone who tries everything."""
    return sign_up(server, "hostile")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", INVALID),
        (b" \r\n", INVALID),
        (b"{}", INVALID),
        (b"[]", MALFORMED),
        (b'[{"content":"x"}]', MALFORMED),
        (b'"x"', MALFORMED),
        (b"null", MALFORMED),
        (b"{", MALFORMED),
        (b'{"content":"x"} {}', MALFORMED),
        (b'{"content":"x",}', MALFORMED),
        (b"{'content':'x'}", MALFORMED),
        (b"content=x", MALFORMED),
        (b'\xef\xbb\xbf{"content":"x"}', MALFORMED),
        ('{"content":"x"}'.encode("utf-16"), MALFORMED),
        (b'{"content":"\xff"}', MALFORMED),
        (b'{"content":"\xc0\xaf"}', MALFORMED),
        (b'{"content":"\xed\xa0\x80"}', MALFORMED),
        (b'{"content":"a\x00b"}', MALFORMED),
        (b'{"content":"a\\u0000b"}', INVALID),
        (b'{"content":"\\ud800"}', INVALID),
        (b'{"content":"\\udc00\\ud800"}', INVALID),
        (b'{"content":null}', INVALID),
        (b'{"content":1}', INVALID),
        (b'{"content":true}', INVALID),
        (b'{"content":["x"]}', INVALID),
        (b'{"content":{"content":"x"}}', INVALID),
        (b'{"content":NaN}', MALFORMED),
        (b'{"content":"x","latitude":NaN,"longitude":1}', MALFORMED),
        (b'{"content":"x","latitude":-Infinity,"longitude":1}', MALFORMED),
        (b'{"content":"x","latitude":1e999,"longitude":1}', INVALID),
        (b'{"content":"x","latitude":1e308,"longitude":1}', INVALID),
        (b'{"content":"x","latitude":' + b"9" * 400 + b',"longitude":1}', INVALID),
        (b'{"content":"x","latitude":' + b"9" * 9_000 + b',"longitude":1}', MALFORMED),
        (b'{"content":"x","latitude":"1","longitude":"1"}', INVALID),
        (b'{"content":"x","latitude":true,"longitude":1}', INVALID),
        (b'{"content":"x","latitude":90.0001,"longitude":180}', INVALID),
        (b'{"content":"x","quoteOf":5}', INVALID),
        (b'{"content":"x","quoteOf":"-5"}', INVALID),
        (b'{"content":"x","quoteOf":"05"}', INVALID),
        (b'{"content":"x","quoteOf":"5"}', (404, "not_found")),
        (b"[" * 60_000, MALFORMED),
        (b'{"a":' * 12_000, MALFORMED),
        (b'{"content":' + b"[" * 30_000 + b"]" * 30_000 + b"}", MALFORMED),
        (b'{"content":"' + b"x" * 65_000 + b'"}', INVALID),
        (b'{"content":"' + "\N{COMBINING ACUTE ACCENT}".encode() * 30_000 + b'"}', INVALID),
        (b'{"":1}', INVALID),
        (b'{"__class__":"x","__proto__":{}}', INVALID),
    ],
)
def test_bad_bodies_have_their_codes(ann: Person, body: bytes, expected: tuple[int, str]) -> None:
    """What cannot be read is 400, what can be read and not be taken 422; nothing is written."""
    assert expected == problem_of(ann.post("/tweet/", content=body, headers=JSON))
    assert 0 == ann.ok("GET", "/account/")["tweetCount"]


def test_every_bad_field_is_named_at_once(ann: Person) -> None:
    """Unknown fields and parameters, fields given twice, wrong types and what does not go together: all in one answer,
    each with a sentence that names no programming language's types."""
    body = b'{"content":1,"latitude":"x","quoteOf":{},"extra":1,"twice":1,"twice":2}'
    answer = ann.post("/tweet/?query=1&query=2&other=%ff", content=body, headers=JSON)

    expected = {"content", "latitude", "longitude", "quoteOf", "extra", "twice", "query", "other"}
    assert expected == fields_of(answer)
    told = {one["field"]: one["message"] for one in answer.json()["errors"]}
    assert ("must be a string", "must be a number") == (told["content"], told["latitude"])
    assert "is given twice" == told["twice"] == told["query"]
    assert "must be UTF-8" == told["other"]


def test_a_field_given_twice_is_refused(ann: Person) -> None:
    """Neither of two values is taken in silence; a value that reads like the name is no second one."""
    twice = ann.post("/tweet/", content=b'{"content":"x","content":"y"}', headers=JSON)
    assert {"content"} == fields_of(twice)
    cat = sign_up(ann.server, "twice")
    assert "content" == cat.tweet("content")["content"]
    assert '"content"' == cat.tweet('"content"')["content"]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("pageSize=1&pageSize=1", {"pageSize"}),
        ("pageSize=1&pageSize=2&x=1&cursor=y", {"pageSize", "x", "cursor"}),
        ("pageSize=1e1", {"pageSize"}),
        ("pageSize=5.0", {"pageSize"}),
        ("pageSize=%2B5", {"pageSize"}),
        ("pageSize=true", {"pageSize"}),
        ("pageSize=%00&cursor=%00", {"pageSize", "cursor"}),
        ("pageSize=%ff", {"pageSize"}),
        ("pageSize", {"pageSize"}),
        ("pagesize=5;cursor=5", {"pagesize"}),
        ("=5", {""}),
        ("since=0&cursor=05", {"since", "cursor"}),
        ("cursor=abc", {"cursor"}),
        ("&".join(f"a{number}=1" for number in range(65)), {"query"}),
        ("&".join(f"a{number}=1" for number in range(64)), {f"a{number}" for number in range(64)}),
    ],
)
def test_bad_parameters_are_named(ann: Person, query: str, fields: set[str]) -> None:
    """A parameter that is unknown, given twice, of another type or no text is a bad field."""
    assert fields == fields_of(ann.get(f"/feed/?{query}"))


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {"token"}),
        ("token=", {"token"}),
        (f"token={'x' * 301}", {"token"}),
        ("token=%ed%a0%80", {"token"}),
        ("latitude=1", {"longitude"}),
        ("longitude=1&token=x", {"latitude"}),
        ("latitude=nan&longitude=inf", {"latitude", "longitude"}),
        ("latitude=1e400&longitude=0x1", {"latitude", "longitude"}),
        ("latitude=null&longitude=NULL", {"latitude", "longitude"}),
        ("latitude=91&longitude=-181", {"latitude", "longitude"}),
        ("latitude=1_0&longitude=٣", {"latitude", "longitude"}),
        ("latitude=1&longitude=1&radiusKm=0", {"radiusKm"}),
        ("token=x&sort=best", {"sort"}),
        ("token=x&radiusKm=5", {"radiusKm"}),
    ],
)
def test_bad_searches_are_named(ann: Person, query: str, fields: set[str]) -> None:
    """A search that cannot be is 422 naming what is wrong."""
    assert fields == fields_of(ann.get(f"/search/?{query}"))


@pytest.mark.parametrize("token", TOKENS)
def test_any_token_is_plain_text(ann: Person, token: str) -> None:
    """Nothing that is searched for is an error or an engine's own syntax."""
    for path in ("/search/", "/search/users"):
        assert 200 == ann.get(path, params={"token": token}).status_code
    assert 200 == ann.get("/search/", params={"token": token, "sort": "top"}).status_code


def test_cursors_of_other_lists_are_refused_or_end(ann: Person) -> None:
    """A cursor that another list gave never fails: it is a bad field, or the position of another list."""
    tweet = ann.ok(
        "POST", "/reply/" + sign_up(ann.server, "cursored").tweet("x")["tweetId"], {"content": "y"}
    )
    frozen = base64.urlsafe_b64encode(b"\0" * 17).decode().rstrip("=")
    for path in ("/search/?token=x&sort=top", f"/reply/{tweet['tweetId']}?sort=top"):
        assert {"cursor"} == fields_of(ann.get(f"{path}&cursor={tweet['tweetId']}"))
        assert {"cursor"} == fields_of(ann.get(f"{path}&cursor={'A' * 7_000}"))
        assert 200 == ann.get(f"{path}&cursor={frozen}").status_code
    for path in ("/search/?token=x", "/feed/?", "/block?", f"/like/{tweet['tweetId']}?", "/feed/public?"):
        assert {"cursor"} == fields_of(ann.get(f"{path}&cursor={frozen}"))
        for cursor in ("1", ID_MAX, tweet["tweetId"]):
            assert 200 == ann.get(f"{path}&cursor={cursor}").status_code
    assert {"cursor"} == fields_of(ann.get("/search/users?token=x&cursor=AAAA"))


@pytest.mark.parametrize("given", NO_IDS)
def test_what_is_no_id_is_not_found(ann: Person, given: str) -> None:
    """An id is written in one way: without sign, leading zero or other digits, within 63 bits."""
    paths = (
        "/tweet/{}",
        "/tweet/{}/history",
        "/reply/{}",
        "/like/{}",
        "/retweet/{}",
        "/user/{}",
        "/avatar/{}",
    )
    for path in paths:
        assert (path, (404, "not_found")) == (path, ann.refused("GET", path.format(given)))
    for path in ("/like/{}", "/follow/{}", "/block/{}", "/account/sessions/{}", "/reply/{}"):
        assert (path, (404, "not_found")) == (path, ann.refused("DELETE", path.format(given)))


@pytest.mark.parametrize(
    "given", ["@", "@@a", "@" + "a" * 16, "@a b", "@ä", "@a%0a", "@a%00", "@%", "@..", "ann"]
)
def test_what_is_no_handle_is_not_found(ann: Person, given: str) -> None:
    """Whatever cannot be a handle names nobody."""
    assert (404, "not_found") == ann.refused("GET", f"/user/{given}")
    assert (404, "not_found") == ann.refused("POST", f"/block/{given}")


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/json", "application/jsonx", "application/json, text/plain", ""]
)
def test_another_content_type_is_415(ann: Person, kind: str) -> None:
    """A body must say that it is JSON, on reads and on routes without a body too."""
    tweet = sign_up(ann.server, "kind" + str(time.monotonic_ns() % 10**9)).tweet("x")["tweetId"]
    routes = (("POST", "/tweet/"), ("POST", f"/like/{tweet}"), ("GET", "/feed/"), ("GET", "/livez"))
    for method, path in routes:
        answer = ann.request(method, path, content=b"{}", headers={"Content-Type": kind})
        assert (path, (415, "unsupported_media_type")) == (path, problem_of(answer))


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", "application/json;x=y"]
)
def test_json_may_say_more_of_itself(ann: Person, kind: str) -> None:
    """The media type is read in any case, its parameters mean nothing: JSON is UTF-8."""
    answer = ann.request("GET", "/feed/", content=b"{}", headers={"Content-Type": kind})
    assert 200 == answer.status_code
    assert {"x"} == fields_of(
        ann.request("GET", "/feed/", content=b'{"x":1}', headers={"Content-Type": kind})
    )


@pytest.mark.parametrize("path", ["/follow", "/account/", "/account/login", "/account/logout"])
def test_other_forms_hold_to_the_same_rules(ann: Person, path: str) -> None:
    """Arrays, wrong types and unknown fields are refused wherever a body is taken."""
    assert MALFORMED == problem_of(ann.post(path, content=b"[]", headers=JSON))
    assert "x" in fields_of(ann.post(path, json={"x": 1, "everywhere": [], "userId": 5, "handle": {}}))


@pytest.mark.parametrize(
    "user_id", ["0", "-1", "007", "@", "@a b", "٣", "x" * 1_000, str(ID_MAX + 1), "\ud800"]
)
def test_a_follow_of_nobody_is_refused(ann: Person, user_id: str) -> None:
    """An id or handle that cannot be is a bad field or names nobody."""
    body = json.dumps({"userId": user_id}).encode()
    assert problem_of(ann.post("/follow", content=body, headers=JSON)) in (INVALID, (404, "not_found"))


@pytest.mark.parametrize(
    "text", ["", "x" * 20_000, "\0", "\ud800", "\u202e", "é" * 300, "🐦", "' OR 1=1 --", "ann\n"]
)
def test_strange_credentials_are_wrong_ones(server: Server, ann: Person, text: str) -> None:
    """Whatever is typed as handle or password, signing in says the same, and signing up names the field."""
    for form in ({"handle": text, "password": text}, {"handle": ann.handle, "password": text}):
        body = json.dumps(form).encode()
        answer = Person(server).post("/account/login", content=body, headers=JSON)
        assert (401, "wrong_credentials") == problem_of(answer)
    body = json.dumps({"handle": text, "name": text, "password": "\ud800" + text}).encode()
    assert {"handle", "password"} <= fields_of(Person(server).post("/account/", content=body, headers=JSON))
