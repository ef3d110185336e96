"""`rookery account` beside a running server."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import PASSWORD, Person, Server, serving, sign_up


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a data folder of its own."""
    with serving(tmp_path_factory.mktemp("accounts") / "data", {"LIMITS_ENABLED": "false"}) as running:
        yield running


def run(server: Server, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """An `account` command, with what it reads."""
    return server.run("account", *arguments, given=given)


def log_in(server: Server, handle: str, password: str) -> int:
    """The status of a log-in."""
    return Person(server).post("/account/login", json={"handle": handle, "password": password}).status_code


def test_an_account_is_made_and_signs_in(server: Server) -> None:
    """It has the name it was given, else its handle's, and the password of standard input."""
    made = run(server, "create", "@Made_one", "--name", "Made One", "--json", given=f"{PASSWORD}\n")

    assert (0, "Made_one") == (made.returncode, json.loads(made.stdout)["handle"])
    assert 200 == log_in(server, "made_one", PASSWORD)
    assert "Made One" == Person(server).ok("GET", f"/user/{json.loads(made.stdout)['userId']}")["name"]
    assert PASSWORD not in made.stdout + made.stderr


@pytest.mark.parametrize(
    ("handle", "given", "told"),
    [
        ("taken_one", PASSWORD, "has this handle"),
        ("bad-handle", PASSWORD, "handle: must be 1 to 15"),
        ("weak", "password", "password: "),
        ("silent", "", "No password was given"),
    ],
)
def test_an_account_that_cannot_be_is_refused(server: Server, handle: str, given: str, told: str) -> None:
    """The same rules as for a sign-up hold, told in a sentence."""
    run(server, "create", "taken_one", given=PASSWORD)
    done = run(server, "create", handle, given=given)
    assert 1 == done.returncode
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_new_password_ends_every_session(server: Server) -> None:
    """The old one is wrong from then on."""
    ann = sign_up(server, "forgetful")
    new = PASSWORD[::-1]
    assert 0 == run(server, "password", "@Forgetful", given=f"{new}\n").returncode
    assert (401, "token_invalid") == ann.refused("GET", "/account/")
    assert (401, 200) == (log_in(server, "forgetful", PASSWORD), log_in(server, "forgetful", new))


def test_a_disabled_account_is_gone_until_it_is_enabled(server: Server) -> None:
    """Its page is 404, its session ends and its log-in is wrong; then all is as before, but for the session."""
    ann = sign_up(server, "hidden_one")
    tweet = ann.tweet("here")["tweetId"]
    stranger = Person(server)
    assert 0 == run(server, "disable", "hidden_one").returncode
    assert (404, "not_found") == stranger.refused("GET", "/user/@hidden_one")
    assert (404, "not_found") == stranger.refused("GET", f"/tweet/{tweet}")
    assert 401 == ann.get("/account/").status_code
    assert 401 == log_in(server, "hidden_one", PASSWORD)
    refused = run(server, "token", "hidden_one")
    assert (1, "") == (refused.returncode, refused.stdout)
    assert 0 == run(server, "enable", "hidden_one").returncode
    assert "here" == stranger.ok("GET", f"/tweet/{tweet}")["content"]
    assert 200 == log_in(server, "hidden_one", PASSWORD)


def test_a_token_stands_alone_on_standard_output(server: Server) -> None:
    """A script can use it as it is."""
    sign_up(server, "scripted")
    printed = run(server, "token", "scripted").stdout
    person = Person(server)
    person.headers["Authorization"] = f"Bearer {printed.strip()}"
    assert "scripted" == person.ok("GET", "/account/")["handle"]
    assert f"{printed.strip()}\n" == printed


def test_the_list_has_every_account_that_is_not_deleted(server: Server) -> None:
    """By handle, with its state."""
    gone = sign_up(server, "listed_gone")
    sign_up(server, "listed_a").ok("PATCH", "/account/", {"protected": True})
    sign_up(server, "Listed_b")
    run(server, "disable", "listed_b")
    gone.ok("DELETE", "/account/", {"password": PASSWORD})
    rows = [
        one for one in json.loads(run(server, "list", "--json").stdout) if one["handle"].lower() > "listed"
    ]
    assert [("listed_a", "active", True), ("Listed_b", "disabled", False)] == [
        (one["handle"], one["state"], one["protected"])
        for one in rows
        if one["handle"].lower().startswith("listed")
    ]
    assert "@listed_a" in run(server, "list").stdout


@pytest.mark.parametrize("command", ["password", "disable", "enable", "token"])
def test_an_unknown_handle_is_told(server: Server, command: str) -> None:
    """The sentence says where to look."""
    done = run(server, command, "nobody_at_all", given=PASSWORD)
    assert (1, "") == (done.returncode, done.stdout)
    assert "There is no account @nobody_at_all: `rookery account list` shows all." in done.stderr


def test_no_folder_is_made_for_a_mistyped_one(tmp_path: Path) -> None:
    """An absent data folder is an error, not a new network."""
    server = Server(tmp_path / "absent", {})
    done = run(server, "list")
    assert 1 == done.returncode
    assert "There is no data in" in done.stderr
    assert not server.folder.exists()
