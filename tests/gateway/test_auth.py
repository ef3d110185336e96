"""Who sends a request."""

import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from rookery.core.clock import now_ms
from rookery.core.errors import Problem
from rookery.gateway.auth import NOBODY, check_origin, session_cookie
from rookery.services.accounts.service import DAY_MS
from tests.members import Members, code


@pytest.fixture
async def members(tmp_path: Path) -> AsyncIterator[Members]:
    opened = Members(tmp_path)
    yield opened
    opened.close()


async def test_a_stranger_is_nobody(members: Members) -> None:
    """A request without a token is nobody's; a cookie of another name is no token."""
    for headers in ({}, {"cookie": "theme=dark; rookery_sessions=x"}):
        assert NOBODY == await members.authenticator.who(headers, secure=False)


async def test_session_token_and_jwt_stand_for_the_account(members: Members) -> None:
    """Both tokens name account and session; the scheme is read in any case."""
    ann = await members.sign_up("ann")
    for token in (ann.session_token, ann.access_token):
        for scheme in ("Bearer", "bearer", "BEARER"):
            headers = {"authorization": f"{scheme} {token}"}
            assert (ann.user_id, ann.session_id, False) == await members.authenticator.who(
                headers, secure=False
            )


async def test_the_cookie_counts_under_its_name_alone(members: Members) -> None:
    """Over TLS only the __Host- cookie signs a request, over plain http only the other; Authorization goes first."""
    ann, bob = await members.sign_up("ann"), await members.sign_up("bob")
    for secure in (True, False):
        cookie = session_cookie(ann.session_token, secure=secure, max_age_s=60).partition(";")[0]
        headers = {"cookie": f"a=b; {cookie}; c=d"}
        assert (ann.user_id, ann.session_id, True) == await members.authenticator.who(headers, secure=secure)
        assert NOBODY == await members.authenticator.who(headers, secure=not secure)
        headers["authorization"] = f"Bearer {bob.session_token}"
        assert (bob.user_id, bob.session_id, False) == await members.authenticator.who(headers, secure=secure)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    """The session cookie has the flags of docs/api.md, over plain http without Secure."""
    assert "__Host-rookery_session=t; Path=/; Max-Age=9; HttpOnly; SameSite=Lax; Secure" == session_cookie(
        "t", secure=True, max_age_s=9
    )
    assert "rookery_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" == session_cookie(
        "", secure=False, max_age_s=0
    )


async def test_an_access_token_is_no_cookie(members: Members) -> None:
    """A cookie signs with the session token alone, so that an access token cannot be renewed by its thief."""
    ann = await members.sign_up("ann")
    headers = {"cookie": f"rookery_session={ann.access_token}"}
    assert await code(members.authenticator.who(headers, secure=False)) == "token_invalid"


async def test_garbage_is_refused(members: Members) -> None:
    """Whatever is no token of this server is 401 token_invalid, never another fault."""
    ann = await members.sign_up("ann")
    head, body, tail = ann.access_token.split(".")
    swapped = (
        base64.urlsafe_b64encode(b'{"iss":"rookery","sub":"1","sid":"1","exp":9999999999}')
        .decode()
        .rstrip("=")
    )
    garbage = [
        "",
        "x",
        "\ud800",
        "ä" * 43,
        ann.session_token[:-1],
        ann.session_token + "x",
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{head}.{body}.{tail[:-4]}AAAA",
        f"{head}.{swapped}.{tail}",
        f"{swapped}.{body}.{tail}",
        "..",
        "a.b.c",
        "é.é.é",
        "." * 7_000,
        f"{base64.urlsafe_b64encode(b'[' * 5_000).decode()}.{body}.{tail}",
    ]
    for token in garbage:
        assert await code(members.who(token)) == "token_invalid", token
    for header in ("Basic YTpi", "Bearer", "", ann.session_token):
        who = members.authenticator.who({"authorization": header}, secure=False)
        assert await code(who) == "token_invalid", header


async def test_forged_tokens_are_refused(members: Members) -> None:
    """A JWT without a signature, signed by another key, or with the public key as a shared secret is no token."""
    ann = await members.sign_up("ann")
    good = {
        "iss": "rookery",
        "sub": str(ann.user_id),
        "sid": str(ann.session_id),
        "exp": int(time.time()) + 900,
    }
    (public,) = (await members.json("GET", "/.well-known/jwks.json"))["keys"]
    header = {"alg": "EdDSA", "kid": public["kid"]}
    forged = [
        jwt.encode(header, good, OKPKey.generate_key("Ed25519"), algorithms=["EdDSA"]),
        jwt.encode({**header, "alg": "HS256"}, good, OctKey.import_key(public["x"]), algorithms=["HS256"]),
        ".".join([*(encoded(one) for one in ({**header, "alg": "none"}, good)), ""]),
    ]
    for token in forged:
        assert await code(members.who(token)) == "token_invalid"


async def test_claims_of_another_issuer_or_without_end_are_refused(members: Members) -> None:
    """A token that this server's key signed for something else is no access token."""
    ann = await members.sign_up("ann")
    kept = (await members.keys.keys())[0]
    key = OKPKey.import_key(json.loads(kept.private_jwk))
    good = {
        "iss": "rookery",
        "sub": str(ann.user_id),
        "sid": str(ann.session_id),
        "exp": int(time.time()) + 900,
    }
    changes: list[dict[str, object]] = [
        {"iss": "other"},
        {"exp": None},
        {"exp": "soon"},
        {"sub": "-1"},
        {"sub": 7},
        {"sid": []},
    ]
    header = {"alg": "EdDSA", "kid": kept.key_id}
    for change in changes:
        token = jwt.encode(header, {**good, **change}, key, algorithms=["EdDSA"])
        assert await code(members.who(token)) == "token_invalid", change


async def test_a_jwt_expires_and_says_so(members: Members) -> None:
    """A JWT works for 15 minutes, also where it is remembered; then it is token_expired and the session goes on."""
    ann = await members.sign_up("ann")
    begun = now_ms()
    for later_s, expected in ((0, ""), (890, ""), (901, "token_expired"), (905, "token_expired")):
        members.clock_ms = begun + later_s * 1_000
        if expected:
            assert await code(members.who(ann.access_token)) == expected
        else:
            assert ann.user_id == (await members.who(ann.access_token)).viewer
    assert ann.user_id == (await members.who(ann.session_token)).viewer


async def test_a_session_lasts_30_days_from_its_last_use(members: Members) -> None:
    """Each use within 30 days keeps a session alive; unused for longer it is token_expired, its JWTs too."""
    ann = await members.sign_up("ann")
    begun = now_ms()
    for days in (29, 58, 87):
        members.clock_ms = begun + days * DAY_MS
        assert ann.user_id == (await members.who(ann.session_token)).viewer
    members.clock_ms = begun + 118 * DAY_MS
    late = await members.tokens.issue(ann.user_id, ann.session_id)
    for token in (ann.session_token, late):
        assert await code(members.who(token)) == "token_expired"


async def test_a_use_is_written_once_an_hour(members: Members) -> None:
    """Requests within the hour write nothing; the first after it does."""
    ann = await members.sign_up("ann")
    used = members.rows("SELECT used_ms FROM sessions")
    begun = used[0][0]
    for minutes, written in ((1, False), (59, False), (61, True), (62, False)):
        members.clock_ms = begun + minutes * 60_000
        await members.who(ann.session_token)
        now = members.rows("SELECT used_ms FROM sessions")
        assert written == (now != used)
        used = now


async def test_a_known_caller_is_recalled_without_waiting(members: Members, tmp_path: Path) -> None:
    """After the first request a caller is known at once, until the session ends in another process."""
    neighbour = Members(tmp_path)
    ann = await members.sign_up("ann")
    for token in (ann.session_token, ann.access_token):
        headers = {"authorization": f"Bearer {token}"}
        members.authenticator.recall(headers, secure=False)
        await members.who(token)
        assert (ann.user_id, ann.session_id, False) == members.authenticator.recall(headers, secure=False)
    await neighbour.sessions.end(ann.user_id, ann.session_id)
    for token in (ann.session_token, ann.access_token):
        assert members.authenticator.recall({"authorization": f"Bearer {token}"}, secure=False) is None
        assert await code(members.who(token)) == "token_invalid"
    neighbour.close()


@pytest.mark.parametrize(
    ("headers", "secure", "allowed"),
    [
        ({"sec-fetch-site": "same-origin"}, False, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True, True),
        ({"sec-fetch-site": "same-site", "origin": "https://here"}, True, False),
        ({"sec-fetch-site": "cross-site"}, False, False),
        ({"sec-fetch-site": "none"}, False, False),
        ({"origin": "https://here"}, True, True),
        ({"origin": "https://HERE"}, True, True),
        ({"origin": "https://here"}, False, False),
        ({"origin": "http://here:81"}, False, False),
        ({"origin": "https://here.evil"}, True, False),
        ({"origin": "null"}, False, False),
        ({}, False, False),
    ],
)
def test_a_write_of_a_page_comes_from_this_site(headers: dict[str, str], secure: bool, allowed: bool) -> None:
    """Sec-Fetch-Site decides; where it is absent, an Origin equal to scheme and host of the request."""
    if allowed:
        check_origin({"host": "here", **headers}, secure=secure)
    else:
        with pytest.raises(Problem) as caught:
            check_origin({"host": "here", **headers}, secure=secure)
        assert caught.value.code == "origin_refused"


def encoded(part: dict[str, object]) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
