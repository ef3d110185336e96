"""Accounts and sessions as a client sees them."""

import asyncio
import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from rookery.engines.cluster.dynamo import connected
from rookery.engines.cluster.tables import TABLES
from rookery.engines.embedded.connections import Files
from tests.serving import (
    KEY,
    PASSWORD,
    Person,
    Server,
    alone,
    fields_of,
    ids_of,
    problem_of,
    serving,
    sign_up,
    soon,
)
from tests.tabling import REGION

Make = Callable[..., Person]
DAY_MS = 86_400_000


def log_in(server: Server, handle: str, password: str = PASSWORD) -> httpx.Response:
    """An attempt to log in."""
    return Person(server).post("/account/login", json={"handle": handle, "password": password})


def another_session(server: Server, person: Person) -> tuple[Person, Person]:
    """A new session of the account: its session token's client and its access token's."""
    signed = log_in(server, person.handle).json()
    clients = Person(server, person.handle), Person(server, person.handle)
    for client, token in zip(clients, (signed["sessionToken"], signed["accessToken"]), strict=True):
        client.headers["Authorization"] = f"Bearer {token}"
    return clients


def alive(*people: Person) -> list[int]:
    """What each gets for reading its own account."""
    return [one.get("/account/").status_code for one in people]


def test_signing_up_answers_the_account_and_two_tokens(server: Server, person: Make) -> None:
    """Both tokens of a sign-up or log-in work as bearer, and the user is one's own User object."""
    ann = person("Ann")
    signed = log_in(server, ann.handle.upper()).json()
    assert {"user", "sessionToken", "accessToken", "expiresIn"} == signed.keys()
    assert 15 * 60 == signed["expiresIn"]
    assert ann.ok("GET", "/account/") == signed["user"]
    assert (ann.id, ann.handle) == (signed["user"]["userId"], signed["user"]["handle"])
    for token in (signed["sessionToken"], signed["accessToken"]):
        answer = alone("GET", f"{server.url}/account/", headers={"Authorization": f"bearer {token}"})
        assert 200 == answer.status_code


def test_every_bad_field_of_a_sign_up_is_named(stranger: Person) -> None:
    """All faults of a form are told at once."""
    answer = stranger.post(
        "/account/", json={"handle": "no spaces", "name": " ", "password": "short", "x": 1}
    )
    assert {"handle", "name", "password", "x"} == fields_of(answer)
    assert {"handle", "name", "password"} == fields_of(stranger.post("/account/", json={}))


@pytest.mark.parametrize("password", ["password", "12345678", "qwertyuiop", "a" * 7])
def test_weak_passwords_are_refused(stranger: Person, password: str) -> None:
    """At least 8 characters, and none of the well-known ones."""
    answer = stranger.post("/account/", json={"handle": "weak", "name": "Weak", "password": password})
    assert {"password"} == fields_of(answer)


def test_a_handle_is_unique_without_regard_to_case_for_ever(server: Server, person: Make) -> None:
    """A handle is taken in any case, also after its account was deleted."""
    ann = person("Once")
    again = {"handle": ann.handle.upper(), "name": "Again", "password": PASSWORD}
    assert (409, "handle_taken") == Person(server).refused("POST", "/account/", again)
    ann.ok("DELETE", "/account/", {"password": PASSWORD})
    assert (409, "handle_taken") == Person(server).refused("POST", "/account/", again)


def test_a_handle_is_spelt_in_ascii(person: Make, stranger: Person) -> None:
    """Letters of which an ASCII one is the lower case alone find nobody: not the Kelvin sign in place of a k."""
    ann = person("kelvin")
    other = ann.handle.replace("k", "\u212a")
    assert ann.id == stranger.ok("GET", f"/user/@{ann.handle.upper()}")["userId"]
    assert (404, "not_found") == stranger.refused("GET", f"/user/@{other}")
    assert (404, "not_found") == ann.refused("POST", "/follow", {"userId": f"@{other}"})


def test_wrong_credentials_tell_nothing(server: Server, person: Make) -> None:
    """An unknown handle and a wrong password answer the same, in about the same time."""
    ann = person()
    took: dict[str, list[float]] = {ann.handle: [], "nobody_at_all": [], "no handle!": []}
    for _ in range(7):
        for handle, times in took.items():
            began = time.perf_counter()
            assert (401, "wrong_credentials") == problem_of(log_in(server, handle, "wrong password"))
            times.append(time.perf_counter() - began)
    known, *unknown = (min(times) for times in took.values())  # the least disturbed ones
    assert all(known / 3 < one < known * 3 for one in unknown)


def test_the_access_token_is_a_jwt_of_a_published_key(person: Make, stranger: Person) -> None:
    """EdDSA, verified by the key set, with iss, sub, sid, iat and exp 15 minutes on."""
    ann = person()
    keys = KeySet.import_key_set(stranger.ok("GET", "/.well-known/jwks.json"))
    token = jwt.decode(ann.access_token, keys, algorithms=["EdDSA", "Ed25519"])
    assert {"iss", "sub", "sid", "iat", "exp"} <= token.claims.keys()
    assert ann.id == token.claims["sub"]
    assert 15 * 60 == token.claims["exp"] - token.claims["iat"]


def test_only_the_session_token_refreshes(server: Server, person: Make) -> None:
    """A session token gets a new access token; an access token does not."""
    by_session, by_access = another_session(server, person())
    fresh = by_session.ok("POST", "/account/refresh")
    assert {"accessToken", "expiresIn"} == fresh.keys()
    by_session.headers["Authorization"] = f"Bearer {fresh['accessToken']}"
    assert [200, 200] == alive(by_session, by_access)
    assert (401, "token_invalid") == by_access.refused("POST", "/account/refresh")


def test_logging_out_ends_the_session_and_its_jwt(server: Server, person: Make) -> None:
    """Log-out ends one session with its access token within 1 s; everywhere ends them all."""
    ann = person()
    first, first_jwt = another_session(server, ann)
    second, second_jwt = another_session(server, ann)
    first_jwt.ok("POST", "/account/logout")
    soon([401, 401, 200, 200, 200], lambda: alive(first, first_jwt, second, second_jwt, ann), within_s=1)
    assert {} == second.ok("POST", "/account/logout", {"everywhere": True})
    soon([401, 401, 401], lambda: alive(second, second_jwt, ann), within_s=1)


def test_sessions_are_listed_and_ended_one_by_one(server: Server, person: Make) -> None:
    """One sees one's sessions, newest first, and ends any; another's is not there."""
    ann, bob = person(), person()
    other, other_jwt = another_session(server, ann)
    sessions = ann.ok("GET", "/account/sessions")
    assert [False, True] == [one["current"] for one in sessions]
    path = f"/account/sessions/{sessions[0]['sessionId']}"
    assert (404, "not_found") == bob.refused("DELETE", path)
    assert (404, "not_found") == ann.refused("DELETE", "/account/sessions/1")
    assert {} == ann.ok("DELETE", path)
    soon([401, 401, 200], lambda: alive(other, other_jwt, ann), within_s=1)


def test_a_new_password_ends_every_other_session(server: Server, person: Make) -> None:
    """Only the session that changed the password lives on, and the old password is no good."""
    ann = person()
    other, other_jwt = another_session(server, ann)
    new = "another horse battery"
    bad = {"current": "not mine at all", "new": new}
    assert (401, "wrong_credentials") == ann.refused("POST", "/account/password", bad)
    assert {} == ann.ok("POST", "/account/password", {"current": PASSWORD, "new": new})
    soon([401, 401, 200], lambda: alive(other, other_jwt, ann), within_s=1)
    assert [401, 200] == [log_in(server, ann.handle, one).status_code for one in (PASSWORD, new)]


def test_a_profile_changes_in_part(person: Make) -> None:
    """PATCH changes what it names and leaves the rest; bad fields change nothing."""
    ann = person()
    changed = ann.ok("PATCH", "/account/", {"name": "Änn 👩‍🚀", "bio": "one\ntwo"})
    assert ("Änn 👩‍🚀", "one\ntwo", False) == (changed["name"], changed["bio"], changed["protected"])
    assert "Änn 👩‍🚀" == ann.ok("PATCH", "/account/", {"bio": ""})["name"]
    answer = ann.patch(
        "/account/", json={"name": "x" * 51, "bio": "y" * 161, "protected": "yes", "handle": "z"}
    )
    assert {"name", "bio", "protected", "handle"} == fields_of(answer)
    assert "Änn 👩‍🚀" == ann.ok("GET", "/account/")["name"]


def test_tokens_that_are_none(server: Server, person: Make) -> None:
    """No token is 401 where one is needed; a bad one is 401 everywhere a caller is asked for."""
    assert (401, "not_signed_in") == Person(server).refused("GET", "/account/")
    header, claims, _ = person().access_token.split(".")
    for authorization in (
        "Bearer x",
        "Basic eDp5",
        "Bearer",
        f"Bearer {header}.{claims}.AAAA",
        "Bearer a.b.c",
    ):
        for path in ("/account/", "/feed/public"):
            answer = alone("GET", server.url + path, headers={"Authorization": authorization})
            assert (authorization, (401, "token_invalid")) == (authorization, problem_of(answer))
            assert "Bearer" in answer.headers["www-authenticate"]


def test_a_session_ends_30_days_after_its_last_use(tmp_path: Path) -> None:
    """A session whose noted use was 30 days ago works and is used anew: it may have been used until an hour later,
    since uses are noted once an hour. After that it has expired."""
    with serving(tmp_path / "data", {"LIMITS_ENABLED": "false"}) as server:
        ann, bob = sign_up(server, "ann"), sign_up(server, "bob")
        server.stop()
        connection = Files(tmp_path / "data", bytes.fromhex(KEY)).connect("core")
        for person, minutes in ((ann, 59), (bob, 60)):
            used = "UPDATE sessions SET used_ms = used_ms - ? WHERE user_id = ?"
            connection.execute(used, (30 * DAY_MS + minutes * 60_000, int(person.id)))
        connection.close()
        server.start()
        ann.ok("GET", "/account/")
        assert (401, "token_expired") == bob.refused("GET", "/account/")
        (session,) = ann.ok("GET", "/account/sessions")
        times = [datetime.fromisoformat(session[f"{name}TimeStamp"]) for name in ("created", "lastUsed")]
        assert max(times) - min(times) < timedelta(hours=1)


def test_keys_rotate_without_a_log_out(tmp_path: Path) -> None:
    """After 30 days another key signs; JWTs of the old one go on, and both keys are published until they end."""
    with serving(tmp_path / "data", {"LIMITS_ENABLED": "false"}) as server:
        ann = sign_up(server, "ann")
        (old,) = Person(server).ok("GET", "/.well-known/jwks.json")["keys"]
        server.stop()
        connection = Files(tmp_path / "data", bytes.fromhex(KEY)).connect("core")
        connection.execute("UPDATE signing_keys SET created_ms = created_ms - ?", (30 * DAY_MS + 1,))
        connection.close()
        server.start()
        fresh = ann.ok("POST", "/account/refresh")["accessToken"]
        keys = {one["kid"]: one for one in Person(server).ok("GET", "/.well-known/jwks.json")["keys"]}
        assert (2, old) == (len(keys), keys[old["kid"]])
        for token, signed_by_old in ((ann.access_token, True), (fresh, False)):
            told = jwt.decode(token, KeySet.import_key_set({"keys": [*keys.values()]}), algorithms=["EdDSA"])
            assert signed_by_old == (told.header["kid"] == old["kid"])
            ann.headers["Authorization"] = f"Bearer {token}"
            ann.ok("GET", "/account/")


def test_a_disabled_account_is_out_until_it_is_enabled(
    server: Server, person: Make, stranger: Person
) -> None:
    """Its sessions end and it cannot log in, as if the password were wrong; enabled again all of it is back."""
    ann, bob = person("out"), person()
    tweet = ann.tweet("still mine")["tweetId"]
    bob.ok("POST", "/follow", {"userId": ann.id})
    assert 0 == server.run("account", "disable", ann.handle).returncode
    soon([401, 200], lambda: alive(ann, bob), within_s=1)
    assert (401, "wrong_credentials") == problem_of(log_in(server, ann.handle))
    for path in (f"/user/@{ann.handle}", f"/tweet/{tweet}", f"/avatar/{ann.id}"):
        assert (404, "not_found") == stranger.refused("GET", path)
    assert [] == bob.walk("/feed/")
    taken = {"handle": ann.handle, "name": "Again", "password": PASSWORD}
    assert (409, "handle_taken") == stranger.refused("POST", "/account/", taken)
    assert 0 == server.run("account", "enable", ann.handle).returncode
    soon([tweet], lambda: ids_of(bob.walk("/feed/")))
    assert 200 == log_in(server, ann.handle).status_code
    soon(1, lambda: stranger.ok("GET", f"/user/{ann.id}")["followerCount"], server.late_s)


def test_the_export_holds_everything(person: Make) -> None:
    """The zip has what the account wrote, liked, follows, blocks and mutes, as JSON, and no secret."""
    ann, bob, cat = person("ann"), person(), person()
    tweet = ann.tweet("exported first")["tweetId"]
    ann.ok("PATCH", f"/tweet/{tweet}", {"content": "exported later"})
    theirs = bob.tweet("by bob")["tweetId"]
    reply = ann.ok("POST", f"/reply/{theirs}", {"content": "exported reply"})["tweetId"]
    ann.ok("POST", f"/like/{theirs}")
    ann.ok("POST", f"/retweet/{theirs}")
    ann.ok("POST", "/follow", {"userId": bob.id})
    ann.ok("POST", f"/block/{cat.id}")
    answer = ann.get("/account/export")
    assert "application/zip" == answer.headers["content-type"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        told = json.dumps(
            [json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")]
        )
    for held in (
        tweet,
        "exported first",
        "exported later",
        reply,
        "exported reply",
        theirs,
        bob.id,
        cat.id,
        ann.handle,
    ):
        assert held in told
    for secret in (ann.token, PASSWORD, "argon2", "by bob"):
        assert secret not in told


def test_a_deleted_account_is_gone_from_every_read(server: Server, person: Make, stranger: Person) -> None:
    """Deleting needs the password; then all that was of the account is gone everywhere, and counters with it."""
    ann, bob = person("gone"), person()
    tweet = ann.tweet(f"erased {ann.handle}")["tweetId"]
    theirs = bob.tweet("stays")["tweetId"]
    quote = bob.tweet("quoting", quoteOf=tweet)["tweetId"]
    reply = ann.ok("POST", f"/reply/{theirs}", {"content": f"erased {ann.handle}"})["tweetId"]
    answer = bob.ok("POST", f"/reply/{tweet}", {"content": "an answer"})["tweetId"]
    for path in (f"/like/{theirs}", f"/retweet/{theirs}"):
        ann.ok("POST", path)
    bob.ok("POST", f"/retweet/{tweet}")
    bob.ok("POST", "/follow", {"userId": ann.id})
    ann.ok("POST", "/follow", {"userId": bob.id})
    soon(2, lambda: len(stranger.walk("/search/", token=ann.handle)))
    assert (401, "wrong_credentials") == ann.refused("DELETE", "/account/", {"password": "not this one"})
    assert {} == ann.ok("DELETE", "/account/", {"password": PASSWORD})

    assert (401, "token_invalid") == ann.refused("GET", "/account/")
    assert (401, "wrong_credentials") == problem_of(log_in(server, ann.handle))
    for path in (
        f"/user/{ann.id}",
        f"/user/@{ann.handle}",
        f"/avatar/{ann.id}",
        f"/tweet/{tweet}",
        f"/tweet/{reply}",
    ):
        assert (path, (404, "not_found")) == (path, stranger.refused("GET", path))
    assert {"tweetId": tweet, "unavailable": True} == bob.ok("GET", f"/tweet/{quote}")["quoteOf"]
    assert {"tweetId": tweet, "ownerId": None, "handle": None} == bob.ok("GET", f"/tweet/{answer}")[
        "inReplyTo"
    ]
    for path in (f"/reply/{theirs}", f"/like/{theirs}", f"/retweet/{theirs}", f"/user/{bob.id}/followers"):
        assert (path, []) == (path, stranger.walk(path))
    counts = ("likeCount", "replyCount", "retweetCount")
    soon([0, 0, 0], lambda: [stranger.ok("GET", f"/tweet/{theirs}")[one] for one in counts])
    counts = ("followerCount", "followingCount", "tweetCount")
    soon([0, 0, 3], lambda: [stranger.ok("GET", f"/user/{bob.id}")[one] for one in counts])
    soon([], lambda: stranger.walk("/search/", token=ann.handle))
    assert {tweet, reply}.isdisjoint(ids_of(bob.walk("/feed/")))


def test_nothing_that_a_deleted_account_wrote_stays_in_the_truth(server: Server, person: Make) -> None:
    """Texts, their earlier versions, name, bio, places and relations leave the database; the handle stays taken."""
    ann, bob = person("erase"), person()
    word = f"unique{ann.id}"
    tweet = ann.tweet(f"{word} #{word}", latitude=12.507318, longitude=7.5)["tweetId"]
    ann.ok("PATCH", f"/tweet/{tweet}", {"content": f"{word} edited"})
    theirs = bob.tweet("stays")["tweetId"]
    reply = ann.ok("POST", f"/reply/{theirs}", {"content": word})["tweetId"]
    ann.ok("PATCH", f"/reply/{reply}", {"content": f"{word} edited"})
    ann.ok("PATCH", "/account/", {"name": word, "bio": word})
    for path in (f"/like/{theirs}", f"/retweet/{theirs}", f"/mute/{bob.id}"):
        ann.ok("POST", path)
    bob.ok("POST", "/follow", {"userId": ann.id})
    bob.ok("POST", f"/like/{tweet}")
    versions = {"versions"} if server.on_cluster else {"tweet_versions", "reply_versions"}
    assert {"users", "tweets", "replies"} | versions <= tables_with(server, word)
    ann.ok("DELETE", "/account/", {"password": PASSWORD})
    soon(set[str](), lambda: tables_with(server, word))
    kept = {"users", "tweets", "replies", "tweet_authors", "reply_authors", "follow_counts", "outbox"}
    if server.on_cluster:
        kept = {
            "users",
            "handles",
            "credentials",
            "tweets",
            "replies",
            "counts",
            "deltas",
            "most_followed",
            "outbox",
        }
    soon(kept, lambda: tables_with(server, ann.id) | kept)
    assert not tables_with(server, "12.507318")


def tables_with(server: Server, text: str) -> set[str]:
    """The tables of the truth that hold a text in any column."""
    if server.on_cluster:
        return asyncio.run(tables_in_dynamodb_with(server, text))
    connection = Files(server.folder, bytes.fromhex(KEY)).connect("core")
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    rows = {name: repr(connection.execute(f'SELECT * FROM "{name}"').fetchall()) for name in names}
    connection.close()
    return {name for name, held in rows.items() if text in held}


async def tables_in_dynamodb_with(server: Server, text: str) -> set[str]:
    """The same on the cluster engine."""
    given = server.environment()
    url, prefix = given["ROOKERY_CLUSTER_DYNAMODB_URL"], given["ROOKERY_CLUSTER_PREFIX"]
    async with connected(url, REGION, prefix) as dynamo:
        return {table.name for table in TABLES if text in repr([row async for row in dynamo.scan(table)])}
