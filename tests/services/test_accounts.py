"""The rules of accounts, through service and routes over real stores."""

import asyncio
import io
import json
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from rookery.core.entities import AccountState
from rookery.core.errors import Invalid, OperatorError, Problem
from rookery.core.limits import Charge, Ticket
from rookery.engines.embedded.database import Tx
from rookery.services.accounts.forms import LogIn, SignUp
from rookery.services.accounts.passwords import Passwords
from rookery.services.accounts.service import DAY_MS, Policy
from rookery.services.accounts.store import NewAccount
from rookery.services.accounts.tokens import AccessTokens
from tests.members import ADDRESS, PASSWORD, Members, code

GOOD = {"handle": "ann", "name": "Ann", "password": PASSWORD}


@pytest.fixture
async def members(tmp_path: Path) -> AsyncIterator[Members]:
    opened = Members(tmp_path, Policy(failures_per_account=3, failures_per_address=6))
    yield opened
    opened.close()


def bad_fields(form: type[Any], values: dict[str, Any]) -> set[str]:
    """The fields that the form refuses."""
    try:
        form.of(values)
    except Invalid as fault:
        return set(fault.errors)
    return set()


@pytest.mark.parametrize(
    ("field", "value", "good"),
    [
        ("handle", "a", True),
        ("handle", "A_9" * 5, True),
        ("handle", "A_9" * 5 + "x", False),
        ("handle", "", False),
        ("handle", "ann\n", False),
        ("handle", "ann-x", False),
        ("handle", "änn", False),
        ("handle", "１２", False),
        ("handle", 7, False),
        ("name", "x" * 50, True),
        ("name", "e\u0301" * 50, True),
        ("name", "x" * 51, False),
        ("name", "👩‍👩‍👧", True),
        ("name", "", False),
        ("name", " \u200b", False),
        ("name", "a\nb", True),
        ("name", "a\x07b", False),
        ("name", "a\ud800b", False),
        ("name", None, False),
        ("password", "12ab56ZZ", True),
        ("password", "seven77", False),
        ("password", "x1" * 512, True),
        ("password", "x1" * 512 + "x", False),
        ("password", "PassWord1", False),
        ("password", "12345678", False),
        ("password", "qwertyuiop", False),
        ("password", "iloveyou123", False),
        ("password", "abc\ud800abcdef", False),
    ],
)
def test_what_a_sign_up_may_hold(field: str, value: object, good: bool) -> None:
    """Handle, name and password follow docs/api.md to the character."""
    assert (set() if good else {field}) == bad_fields(SignUp, {**GOOD, field: value})


def test_every_bad_field_is_named_and_the_handle_is_no_password() -> None:
    """All faults come at once; a password equal to the handle is refused in any case of its letters."""
    assert {"handle", "name", "password", "pass"} == bad_fields(
        SignUp, {"handle": "-", "password": "x", "pass": 1}
    )
    assert {"password"} == bad_fields(SignUp, {**GOOD, "handle": "Long_Handle", "password": "long_handle"})


async def test_signing_up_signs_in(members: Members) -> None:
    """POST /account/ answers the account, a session token and a JWT, and both stand for the account."""
    answer = await members.json("POST", "/account/", body=GOOD)
    user = answer["user"]
    assert {"user", "sessionToken", "accessToken", "expiresIn"} == set(answer)
    assert ("ann", "Ann", "", 900) == (user["handle"], user["name"], user["bio"], answer["expiresIn"])
    for token in (answer["sessionToken"], answer["accessToken"]):
        assert user["userId"] == str((await members.who(token)).viewer)
    assert await code(members.json("POST", "/account/", body={**GOOD, "handle": "ANN"})) == "handle_taken"


async def test_sign_ups_are_limited_before_they_are_hashed(members: Members) -> None:
    """A used-up sign-up limit refuses without the cost of a password hash, and is filled by successes alone."""
    ticket = Ticket(0, (Charge("sign-ups", ADDRESS, 1, 3_600),))
    await members.sign_up("ann", ticket=ticket)
    assert ticket.budget is not None
    assert ticket.budget.remaining == 0
    members.passwords.close()  # now a hash cannot be had
    assert await code(members.sign_up("bob", ticket=Ticket(0, ticket.charges))) == "rate_limited"


async def test_logging_in_takes_handle_and_password(members: Members) -> None:
    """The handle counts in any case; a wrong password, an unknown handle and one that cannot be answer the same."""
    ann = await members.sign_up("Ann")
    assert ann.user_id == (await members.log_in("aNN")).user_id
    faults = []
    for handle, password in (
        ("ann", PASSWORD + "x"),
        ("nobody", PASSWORD),
        ("no body!", ""),
        ("ann", "\ud800"),
    ):
        with pytest.raises(Problem) as caught:
            await members.log_in(handle, password, address=handle + password.replace("\ud800", "?"))
        faults.append((caught.value.status, caught.value.code, caught.value.detail))
    assert [(401, "wrong_credentials", faults[0][2])] * 4 == faults


async def test_the_same_password_in_another_form_of_unicode(members: Members) -> None:
    """A password typed in decomposed characters opens what was set in composed ones."""
    await members.sign_up("ann", "café-au-läit")
    await members.log_in("ann", "cafe\u0301-au-la\u0308it")


async def test_an_unknown_handle_takes_as_long(tmp_path: Path) -> None:
    """A log-in to an unknown handle costs a whole hash, like one with a wrong password."""
    passwords = Passwords(rounds=3, memory_kib=32_768)
    stored = await passwords.hash(PASSWORD)
    took: dict[str | None, list[float]] = {stored: [], None: []}
    for _ in range(7):
        for one, times in took.items():
            begun = time.process_time()  # whatever else the machine does
            assert not await passwords.verify(one, "something else")
            times.append(time.process_time() - begun)
    passwords.close()
    known, unknown = min(took[stored]), min(took[None])
    assert 0.5 < unknown / known < 2


async def test_failed_log_ins_are_limited(members: Members) -> None:
    """After three failures an account is closed to that address, with the right password too, not to another; six
    failures close the address."""
    await members.sign_up("ann")
    for _ in range(3):
        assert await code(members.log_in("ann", "wrong")) == "wrong_credentials"
    assert await code(members.log_in("Ann")) == "rate_limited"
    await members.log_in("ann", address="10.0.0.9")
    for number in range(3):
        assert await code(members.log_in(f"x{number}", "wrong")) == "wrong_credentials"
    assert await code(members.log_in("y", "wrong")) == "rate_limited"


async def test_many_guesses_at_once_are_no_more_than_the_limit(members: Members) -> None:
    """Of twenty concurrent wrong guesses three are tried."""
    await members.sign_up("ann")
    outcomes = await asyncio.gather(*(code(members.log_in("ann", "wrong")) for _ in range(20)))
    assert {"wrong_credentials": 3, "rate_limited": 17} == {one: outcomes.count(one) for one in set(outcomes)}


async def test_successful_log_ins_cost_nothing(members: Members) -> None:
    """Log-ins that succeed leave the limit whole, and the budget told to the client says so."""
    await members.sign_up("ann")
    for _ in range(8):
        ticket = Ticket(0)
        await members.service.log_in(LogIn(handle="ann", password=PASSWORD), ADDRESS, ticket)
        assert ticket.budget is not None
        assert (3, 3) == (ticket.budget.limit, ticket.budget.remaining)


async def test_too_many_hashes_are_refused(tmp_path: Path) -> None:
    """Beyond the queue a log-in is answered 503 at once, and is no failure; at most two hashes run at a time."""
    passwords = Passwords(rounds=4, memory_kib=32_768, waiting_max=1)
    members = Members(tmp_path, Policy(failures_per_account=9, failures_per_address=9), passwords)
    await members.sign_up("ann")
    tries = [members.log_in("ann") for _ in range(8)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    refused = [one.code for one in outcomes if isinstance(one, Problem)]
    assert ["overloaded"] * 5 == refused
    assert [(0,), (0,)] == members.rows("SELECT used FROM rate_windows")
    members.close()


async def test_a_log_in_renews_an_outdated_hash(tmp_path: Path, members: Members) -> None:
    """A hash of other costs is made anew at the next log-in, and the password goes on working."""
    await members.sign_up("ann")
    stronger = Members(tmp_path, passwords=Passwords(rounds=2, memory_kib=16))
    await stronger.log_in("ann")
    ((stored,),) = members.rows("SELECT password_hash FROM credentials")
    assert stored.startswith("$argon2id$v=19$m=16,t=2,p=1$")
    await stronger.log_in("ann")
    stronger.close()


async def test_refresh_needs_the_session_token(members: Members) -> None:
    """POST /account/refresh gives a JWT for the session token, and 401 for a JWT."""
    ann = await members.sign_up("ann")
    answer = await members.json("POST", "/account/refresh", ann)
    assert ann.user_id == (await members.who(answer["accessToken"])).viewer
    by_jwt = type(ann)(ann.user_id, ann.session_id, answer["accessToken"], "", 0)
    assert await code(members.json("POST", "/account/refresh", by_jwt)) == "token_invalid"


async def test_logging_out_ends_tokens_at_once(members: Members) -> None:
    """Log-out ends this session with its JWT, or with `everywhere` all of the account's."""
    first, second, third = (
        await members.sign_up("ann"),
        await members.log_in("ann"),
        await members.log_in("ann"),
    )
    assert await members.json("POST", "/account/logout", first) == {}
    assert ["token_invalid"] * 2 == [
        await code(members.who(token)) for token in (first.session_token, first.access_token)
    ]
    await members.who(second.access_token)
    await members.json("POST", "/account/logout", second, {"everywhere": True})
    for token in (second.session_token, second.access_token, third.session_token, third.access_token):
        assert await code(members.who(token)) == "token_invalid"


async def test_sessions_are_listed_and_ended(members: Members) -> None:
    """One's live sessions are listed newest first, the asking one marked; ending one of another account is 404."""
    old, new, bob = (await members.sign_up("ann"), await members.log_in("ann"), await members.sign_up("bob"))
    listed = await members.json("GET", "/account/sessions", new)
    assert [(str(new.session_id), True), (str(old.session_id), False)] == [
        (one["sessionId"], one["current"]) for one in listed
    ]
    path = "/account/sessions/{id}"
    assert await code(members.json("DELETE", path, bob, id=old.session_id)) == "not_found"
    assert await members.json("DELETE", path, new, id=old.session_id) == {}
    assert await code(members.json("DELETE", path, new, id=old.session_id)) == "not_found"
    assert await code(members.json("DELETE", path, new, id="x")) == "not_found"
    assert 1 == len(await members.json("GET", "/account/sessions", new))


async def test_idle_sessions_are_not_listed(members: Members) -> None:
    """A session that has not been used for 30 days is no session."""
    ann = await members.sign_up("ann")
    await members.database.write(
        lambda tx: tx.execute("UPDATE sessions SET used_ms = used_ms - ?", (31 * DAY_MS,))
    )
    assert [] == list(await members.service.sessions(ann.user_id))


async def test_the_account_changes_field_by_field(members: Members) -> None:
    """PATCH /account/ changes what it names and answers the User; an empty bio is fine, an empty name is not."""
    ann = await members.sign_up("ann")
    assert "hi" == (await members.json("PATCH", "/account/", ann, {"bio": "hi"}))["bio"]
    changed = await members.json("PATCH", "/account/", ann, {"name": "Anna", "protected": True, "bio": ""})
    assert ("Anna", True, "") == (changed["name"], changed["protected"], changed["bio"])
    assert (
        changed
        == await members.json("PATCH", "/account/", ann, {})
        == await members.json("GET", "/account/", ann)
    )
    bad = {"name": "", "bio": "x" * 161, "protected": "yes", "handle": "new"}
    with pytest.raises(Invalid) as caught:
        await members.json("PATCH", "/account/", ann, bad)
    assert set(bad) == set(caught.value.errors)
    assert await code(members.json("PATCH", "/account/", ann, {"name": None})) == "invalid"


async def test_a_new_password_needs_the_old_one(members: Members) -> None:
    """A changed password ends every other session, and the old one opens nothing; wrong ones count as failures."""
    here, there = await members.sign_up("ann"), await members.log_in("ann")
    path, new = "/account/password", "another good one"
    wrong = members.json("POST", path, here, {"current": "wrong", "new": new})
    assert await code(wrong) == "wrong_credentials"
    assert (
        await code(members.json("POST", path, here, {"current": PASSWORD, "new": "password1"})) == "invalid"
    )
    assert await members.json("POST", path, here, {"current": PASSWORD, "new": new}) == {}
    await members.who(here.session_token)
    assert await code(members.who(there.session_token)) == "token_invalid"
    assert await code(members.log_in("ann")) == "wrong_credentials"
    await members.log_in("ann", new)
    assert (
        await code(members.json("POST", path, here, {"current": "wrong", "new": new})) == "wrong_credentials"
    )
    assert await code(members.json("POST", path, here, {"current": new, "new": PASSWORD})) == "rate_limited"


async def test_the_handle_is_no_new_password(members: Members) -> None:
    """A password may not be changed to the handle."""
    ann = await members.sign_up("long_handle")
    body = {"current": PASSWORD, "new": "LONG_handle"}
    assert await code(members.json("POST", "/account/password", ann, body)) == "invalid"


async def test_a_deleted_account_is_gone(members: Members) -> None:
    """DELETE /account/ needs the password; then no token, no log-in and no read knows the account."""
    ann = await members.sign_up("ann")
    assert await code(members.json("DELETE", "/account/", ann, {"password": "x"})) == "wrong_credentials"
    assert await members.json("DELETE", "/account/", ann, {"password": PASSWORD}) == {}
    for token in (ann.session_token, ann.access_token):
        assert await code(members.who(token)) == "token_invalid"
    assert await code(members.log_in("ann", address="elsewhere")) == "wrong_credentials"
    assert await code(members.reader.user(0, ann.user_id)) == "not_found"
    assert await code(members.sign_up("ANN")) == "handle_taken"


async def test_access_tokens_verify_with_the_published_keys(members: Members) -> None:
    """A JWT carries iss, sub, sid, iat and exp, signed with EdDSA by a key of /.well-known/jwks.json, which holds
    nothing private."""
    ann = await members.sign_up("ann")
    key_set = await members.json("GET", "/.well-known/jwks.json")
    assert all("d" not in key for key in key_set["keys"])
    token = jwt.decode(ann.access_token, KeySet.import_key_set(key_set), algorithms=["EdDSA"])
    claims = token.claims
    assert {"iss", "sub", "sid", "iat", "exp"} == set(claims)
    assert (str(ann.user_id), str(ann.session_id), 900) == (
        claims["sub"],
        claims["sid"],
        claims["exp"] - claims["iat"],
    )
    assert token.header["kid"] in {key["kid"] for key in key_set["keys"]}


async def test_keys_rotate_without_a_log_out(tmp_path: Path, members: Members) -> None:
    """A key signs for 30 days; its last token works to its end under the next key, in another process too; then the
    old key is no longer published."""
    neighbour = Members(tmp_path)
    ann = await members.sign_up("ann")
    begun = (await members.keys.keys())[0].created_ms
    members.clock_ms = neighbour.clock_ms = begun + 30 * DAY_MS - 60_000
    last = await members.tokens.issue(ann.user_id, ann.session_id)
    members.clock_ms = neighbour.clock_ms = begun + 30 * DAY_MS + 60_000
    fresh = await neighbour.tokens.issue(ann.user_id, ann.session_id)
    for process in (members, neighbour):
        assert ann.user_id == (await process.tokens.verify(last)).user_id
        assert ann.user_id == (await process.tokens.verify(fresh)).user_id
        assert 2 == len(json.loads(await process.tokens.key_set())["keys"])
    members.clock_ms = begun + 60 * DAY_MS + 600_000
    await members.tokens.issue(ann.user_id, ann.session_id)
    assert 2 == len(json.loads(await members.tokens.key_set())["keys"])
    assert await code(AccessTokens(members.keys, now_ms=members.now_ms).verify(last)) == "token_invalid"
    neighbour.close()


async def test_the_operators_hand(members: Members) -> None:
    """The operator makes, lists, disables and enables accounts, sets passwords and gives tokens."""
    hand = members.service.operator
    ann = await hand.create("@Ann", "Ann", PASSWORD)
    token = await hand.token("ann")
    assert ann == (await members.who(token)).viewer
    await hand.disable("@ANN")
    assert [("Ann", AccountState.DISABLED)] == [(one.handle, one.state) async for one in hand.accounts()]
    assert await code(members.who(token)) == "token_invalid"
    assert await code(members.log_in("ann")) == "wrong_credentials"
    assert await code(members.reader.user(0, ann)) == "not_found"
    assert await code(hand.token("ann")) == "wrong_credentials"
    await hand.enable("ann")
    before = await members.log_in("ann")
    await hand.set_password("ann", "set by the operator")
    assert await code(members.who(before.session_token)) == "token_invalid"
    await members.log_in("ann", "set by the operator")


async def test_the_operators_mistakes_are_told(members: Members) -> None:
    """A handle that is not there and a password that is not good end in a sentence."""
    hand = members.service.operator
    await hand.create("long_handle", "L", PASSWORD)
    for mistake in (hand.disable("nobody"), hand.set_password("long_handle", "short"), hand.token("nobody")):
        with pytest.raises(OperatorError):
            await mistake
    with pytest.raises(OperatorError):
        await hand.set_password("long_handle", "Long_Handle")
    with pytest.raises(Invalid):
        await hand.create("no way", "", "x")


async def test_loaded_accounts_sign_in_with_the_common_hash(members: Members) -> None:
    """Accounts out of a file share one hash, or have no password and cannot sign in; the future begins now."""
    hand = members.service.operator
    stored = await hand.hash_password(PASSWORD)
    await hand.load(NewAccount("u1", "One", "bio", protected=True, created_ms=1_500_000_000_000), stored)
    await hand.load(NewAccount("u2", "Two"), None)
    signed = await members.log_in("u1")
    user = await members.json("GET", "/account/", signed)
    assert ("2017-07-14T02:40:00.000Z", True) == (user["createdTimeStamp"], user["protected"])
    assert await code(members.log_in("u2")) == "wrong_credentials"
    with pytest.raises(ValueError, match=r"U\+0007"):
        await hand.load(NewAccount("u3", "a\x07b"), None)


async def test_no_secret_in_any_text_form(members: Members) -> None:
    """Forms, sign-ins, credentials and keys do not show what they hold, and only hashes are stored."""
    ann = await members.sign_up("ann")
    credentials = await members.accounts.credentials("ann")
    key = (await members.keys.keys())[0]
    for one in (LogIn(handle="ann", password=PASSWORD), SignUp(**GOOD), ann, credentials, key):
        shown = f"{one!r} {one}"
        for secret in (PASSWORD, ann.session_token, ann.access_token, "argon2", '"d"'):
            assert secret not in shown
    stored = repr(members.rows("SELECT * FROM sessions")) + repr(members.rows("SELECT * FROM credentials"))
    assert PASSWORD not in stored
    assert ann.session_token not in stored


async def test_the_export_holds_everything(members: Members) -> None:
    """GET /account/export is a zip of JSON files with all that the account wrote and did, and no more than that."""
    ann, bob = await members.sign_up("ann"), await members.sign_up("bob")
    await members.database.write(lambda tx: fill(tx, ann.user_id, bob.user_id))
    answer = await members.ask("GET", "/account/export", ann)
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        files = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert ("ann", "Ann") == (files["account.json"]["handle"], files["account.json"]["name"])
    assert 1201 == len(files["tweets.json"])
    (edited,) = [one for one in files["tweets.json"] if len(one["versions"]) > 1]
    assert ["now", "before", "first"] == [one["content"] for one in edited["versions"]]
    assert ("now", 1.5, None) == (edited["content"], edited["latitude"], edited["quoteOf"])
    assert [("a reply", "900")] == [(one["content"], one["inReplyTo"]) for one in files["replies.json"]]
    assert ["700"] == [one["retweetOf"] for one in files["retweets.json"]]
    assert ["900"] == [one["tweetId"] for one in files["likes.json"]]
    assert [str(ann.session_id)] == [one["sessionId"] for one in files["sessions.json"]]
    for name in ("following", "followers", "follow-requests-sent", "blocks", "mutes"):
        assert [("bob", str(bob.user_id))] == [
            (one["handle"], one["userId"]) for one in files[f"{name}.json"]
        ]
    assert [] == files["follow-requests-received.json"]


def fill(tx: Tx, ann: int, bob: int) -> None:
    """Something of every kind by ann, and a tweet by bob."""
    links = b'{"hashtags":[],"mentions":[],"urls":[]}'
    tweet = (
        "INSERT INTO tweets (tweet_id, owner_id, original_id, content, links, latitude) VALUES (?,?,?,?,?,?)"
    )
    edited = 0
    for number in range(1201):
        edited = tx.mint()
        tx.execute(tweet, (edited, ann, 0, "now" if number == 1200 else "text", links, 1.5))
    tx.execute("INSERT INTO tweet_versions VALUES (?,1,'first',1), (?,2,'before',2)", (edited, edited))
    tx.execute(tweet, (tx.mint(), ann, 700, "", links, None))
    tx.execute(tweet, (tx.mint(), bob, 0, "by bob", links, None))
    tx.execute(
        "INSERT INTO replies (reply_id, owner_id, parent_id, parent_owner_id, content, links) "
        "VALUES (?, ?, 900, ?, 'a reply', ?)",
        (tx.mint(reply=True), ann, bob, links),
    )
    tx.execute("INSERT INTO likes VALUES (?, 900, ?)", (ann, tx.mint()))
    edge = "INSERT INTO edges (viewer_id, other_id, follow_id, request_id, block_id, mute_id) VALUES (?,?,?,?,?,?)"
    tx.execute(edge, (ann, bob, *(tx.mint() for _ in range(4))))
    tx.execute(edge, (bob, ann, tx.mint(), None, None, None))
