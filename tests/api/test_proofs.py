"""Broken, forged and misplaced proofs of who one is, over HTTP."""

import base64
import json
import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from rookery.gateway.auth import cookie_name
from tests.api.wire import one, request
from tests.serving import Person, Server, alone, problem_of, sign_up

INVALID_TOKEN = (401, "token_invalid")
UNREADABLE = (400, "malformed")  # what a proxy in front says to headers of a form that it does not pass on
PROXIED_BYTES_MAX = 16_384
PROOFS = [
    *(
        b"",
        b"Bearer",
        b"Bearer ",
        b"bearer x",
        b"Basic YTpi",
        b"Token {}",
        b"{}",
        b"Bearer\t{}",
        b"Bearer {} x",
    ),
    *(b"Bearer {}, Bearer {}", b"Bearer \xff\xfe", b"Bearer " + b"." * 5_000, b"Bearer " + b"x" * 50_000),
    *(b"Bearer a.b.c", b"Bearer null", b'Bearer "{}"'),
]


@pytest.fixture(scope="module")
def ann(server: Server) -> Person:
    """Someone whose proofs are tampered with."""
    return sign_up(server, "proven")


@pytest.mark.parametrize("header", PROOFS)
def test_broken_proofs_are_401(ann: Person, header: bytes) -> None:
    """What is not Bearer, a space and a token of this server is 401 on every route that looks at it, reads without
    an account too; signing in does not look at it. A proxy in front refuses one that is too large by itself."""
    value = header.replace(b"{}", ann.token.encode())
    stranger = Person(ann.server)
    if ann.server.proxied and len(value) > PROXIED_BYTES_MAX:
        assert UNREADABLE == problem_of(_send(stranger, "GET", "/account/", [(b"Authorization", value)]))
        return
    for method, path in (("GET", "/account/"), ("GET", "/feed/public"), ("POST", "/tweet/")):
        answer = _send(stranger, method, path, [(b"Authorization", value)])
        assert (path, INVALID_TOKEN) == (path, problem_of(answer))
        assert "Bearer" == answer.headers["www-authenticate"]
    assert (422, "invalid") == problem_of(
        _send(stranger, "POST", "/account/login", [(b"Authorization", value)])
    )


def test_two_authorization_headers_are_401(ann: Person) -> None:
    """Two proofs are none, also where both are right; a proxy in front passes no such request on."""
    twice = [(b"Authorization", b"Bearer " + ann.token.encode())] * 2
    expected = UNREADABLE if ann.server.proxied else INVALID_TOKEN
    assert expected == problem_of(_send(Person(ann.server), "GET", "/account/", twice))


def _send(person: Person, method: str, path: str, headers: list[tuple[bytes, bytes]]) -> httpx.Response:
    """Sends headers as they are, where a library would mend or refuse them."""
    lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    reply = one(person.server, request(path.encode(), method.encode(), lines))
    return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)


def _encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_forged_access_tokens_are_401(ann: Person) -> None:
    """Tampered, unsigned, signed by another key, with the public key as a shared secret or under a foreign kid: no
    token that this server did not sign is taken."""
    (public,) = ann.ok("GET", "/.well-known/jwks.json")["keys"]
    head, claims, signature = ann.access_token.split(".")
    now = int(time.time())
    good = {"iss": "rookery", "sub": ann.id, "sid": "5", "iat": now, "exp": now + 900}
    header = {"alg": "EdDSA", "kid": public["kid"]}
    other = OKPKey.generate_key("Ed25519")
    forged = [
        f"{head}.{_encoded(good)}.{signature}",
        f"{head}.{claims}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        f"{head}.{claims}.",
        f"{head}.{claims}",
        f"{_encoded({**header, 'alg': 'none'})}.{claims}.",
        f"{_encoded({**header, 'alg': 'None'})}.{claims}.{signature}",
        f"{_encoded({'alg': 'EdDSA'})}.{claims}.{signature}",
        f"{_encoded({**header, 'kid': '../../etc/passwd'})}.{claims}.{signature}",
        f"{_encoded({**header, 'kid': 5})}.{claims}.{signature}",
        f"{_encoded({**header, 'kid': None, 'jwk': public})}.{claims}.{signature}",
        f"{_encoded([])}.{claims}.{signature}",
        f"{_encoded({**header, 'crit': ['x']})}.{claims}.{signature}",
        jwt.encode(header, good, other, algorithms=["EdDSA"]),
        jwt.encode({**header, "kid": "foreign"}, good, other, algorithms=["EdDSA"]),
        jwt.encode({**header, "jwk": other.as_dict(private=False)}, good, other, algorithms=["EdDSA"]),
        jwt.encode({**header, "alg": "HS256"}, good, OctKey.import_key(public["x"]), algorithms=["HS256"]),
    ]
    for token in forged:
        answer = alone("GET", f"{ann.server.url}/account/", headers={"Authorization": f"Bearer {token}"})
        assert (token, INVALID_TOKEN) == (token, problem_of(answer))
    assert (
        ann.id
        == Person(ann.server).ok("GET", "/account/", headers={"Authorization": f"Bearer {ann.access_token}"})[
            "userId"
        ]
    )


def test_an_access_token_gets_no_other(ann: Person) -> None:
    """Only the session token renews an access token, as bearer; an access token is none in a cookie either."""
    stranger = Person(ann.server)
    as_bearer = {"Authorization": f"Bearer {ann.access_token}"}
    as_cookie = {"Cookie": f"{ann.server.cookie}={ann.access_token}", "Sec-Fetch-Site": "same-origin"}
    for headers in (as_bearer, as_cookie):
        assert INVALID_TOKEN == stranger.refused("POST", "/account/refresh", headers=headers)
    assert INVALID_TOKEN == stranger.refused("GET", "/account/", headers=as_cookie)


@pytest.mark.parametrize("number", [0, 1])
def test_cookies_are_read_by_their_name_alone(ann: Person, number: int) -> None:
    """Cookies in one header or several, with others around; the name of TLS means nothing over plain http, nor
    the plain one over TLS."""
    name, foreign = (cookie_name(secure=tls) for tls in (ann.server.over_tls, not ann.server.over_tls))
    cookie = f"{name}={ann.token}"
    several = [[("Cookie", "a=b"), ("Cookie", cookie)], [("Cookie", f"a=b;{cookie} ; c")]][number]
    assert 200 == alone("GET", f"{ann.server.url}/account/", headers=several).status_code
    for other in (
        f"{foreign}={ann.token}",
        f"Rookery_Session={ann.token}",
        f"x{cookie}",
        ";;;=;",
    ):
        answer = alone("GET", f"{ann.server.url}/account/", headers={"Cookie": other})
        assert (other, (401, "not_signed_in")) == (other, problem_of(answer))
