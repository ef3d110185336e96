"""What people wrote, and what opens their accounts, is nowhere in the clear: not on the disk, in backups or in logs."""

import base64
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from rookery.engines.embedded.connections import Files, rows_of
from tests.serving import KEY, PASSWORD, Person, Server, ids_of, serving, sign_up, soon

WRITTEN = {
    "public": "qublorwint",
    "protected": "zendrifolk",
    "edited away": "marquoltish",
    "edited": "vexilomant",
    "reply": "hydrawumple",
    "name": "Ozpendrake",
    "bio": "krillowase",
}
SPOKEN = {
    "deleted": "tumbriskal",
    "searched": "glenthworpy",
    "searched handle": "wick_ofarn",
    "refused": "splonderjax",
    "faulty": "brindlequoy",
    "password": PASSWORD,
    "second password": "umber-locket-forty",
    "wrong password": "nettle-grotto-nine",
}
REQUEST_ID = "control-of-the-log"
JSON = {"Content-Type": "application/json"}
Secrets = Mapping[str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that a server left behind: data, copies of it while open, a backup, what was printed."""
    return tmp_path_factory.mktemp("plain")


@pytest.fixture(scope="module")
def secrets(place: Path) -> Secrets:
    """Everything that must not be found, once it was told to a server in every way."""
    settings = {"LIMITS_ENABLED": "false", "LOG_LEVEL": "debug"}
    with serving(place / "data", settings) as server:
        ann = sign_up(server, "teller")
        told = {**WRITTEN, **SPOKEN, "session token": ann.token, "JWT": ann.access_token}
        write(ann)
        fail(ann)
        stranger = Person(server)
        told["second session token"] = sign_in_anew(ann, stranger)
        shutil.copytree(server.folder, place / "open")
        done = server.run("backup", "backup.file")
        assert 0 == done.returncode
        break_inside(server, ann)
        checked = server.run("check")
        for name, result in (("backup", done), ("check", checked)):
            (place / f"{name}.printed").write_text(result.stdout + result.stderr)
        assert 0 == server.stop()
    return told


def write(ann: Person) -> None:
    """Tweets of every fate."""
    ann.ok("PATCH", "/account/", {"name": WRITTEN["name"], "bio": WRITTEN["bio"]})
    first = ann.tweet(WRITTEN["public"])["tweetId"]
    ann.ok("POST", f"/reply/{first}", {"content": WRITTEN["reply"]})
    edited = ann.tweet(WRITTEN["edited away"])["tweetId"]
    ann.ok("PATCH", f"/tweet/{edited}", {"content": WRITTEN["edited"]})
    deleted = ann.tweet(SPOKEN["deleted"])["tweetId"]
    soon([deleted], lambda: ids_of(ann.ok("GET", f"/search/?token={SPOKEN['deleted']}")))
    ann.ok("DELETE", f"/tweet/{deleted}")
    bob = sign_up(ann.server, "hidden")
    bob.ok("PATCH", "/account/", {"protected": True})
    bob.tweet(WRITTEN["protected"])
    soon(1, lambda: len(ann.ok("GET", f"/search/?token={WRITTEN['edited']}")))


def fail(ann: Person) -> None:
    """Requests that are refused for many reasons, secrets all over them."""
    word = SPOKEN["refused"]
    ann.ok("GET", f"/search/?token={SPOKEN['searched']}")
    ann.ok("GET", f"/search/users?token={SPOKEN['searched handle']}")
    assert (
        404
        == ann.get(f"/user/@{SPOKEN['searched handle']}", headers={"X-Request-Id": REQUEST_ID}).status_code
    )
    wrong = {"handle": ann.handle, "password": SPOKEN["wrong password"]}
    assert 401 == ann.post("/account/login", json=wrong).status_code
    assert 422 == ann.post("/tweet/", json={"content": word * 60, word: word}).status_code
    assert 400 == ann.post("/tweet/", content=f'{{"content": "{word}', headers=JSON).status_code
    assert 415 == ann.post("/tweet/", content=word).status_code
    assert 422 == ann.get(f"/feed/?{word}={ann.token}").status_code
    assert 404 == ann.get(f"/{word}/{ann.token}").status_code
    assert 413 == ann.post("/tweet/", content=word.encode() * 20_000, headers=JSON).status_code
    stale = ann.access_token[:-8] + "AAAAAAAA"
    assert 401 == ann.get("/feed/", headers={"Authorization": f"Bearer {stale}"}).status_code


def sign_in_anew(ann: Person, stranger: Person) -> str:
    """Changes the password and signs in with it; the new session's token."""
    ann.ok("POST", "/account/password", {"current": PASSWORD, "new": SPOKEN["second password"]})
    body = {"handle": ann.handle, "password": SPOKEN["second password"]}
    return str(stranger.ok("POST", "/account/login", body)["sessionToken"])


def break_inside(server: Server, ann: Person) -> None:
    """Faults in the middle of a write, a search and a projection, by tables that are not what the code expects."""
    tweet = ann.tweet("before it breaks")["tweetId"]
    files = Files(server.folder, bytes.fromhex(KEY))
    core, search = files.connect("core"), files.connect("search")
    core.execute("ALTER TABLE tweet_versions RENAME TO elsewhere")
    word = SPOKEN["faulty"]
    assert 500 == ann.patch(f"/tweet/{tweet}", json={"content": word}).status_code
    core.execute("ALTER TABLE elsewhere RENAME TO tweet_versions")
    search.execute("ALTER TABLE people RENAME TO elsewhere")
    ann.ok("PATCH", "/account/", {"bio": f"{WRITTEN['bio']} {word}"})
    assert 500 == ann.get(f"/search/users?token={word}").status_code
    soon(True, lambda: "projection_fault" in server.log.read_text())
    search.execute("ALTER TABLE elsewhere RENAME TO people")
    core.close()
    search.close()


def found_in(folder: Path, secrets: Secrets) -> set[str]:
    """Which of the secrets are in a file below the folder, or in a file's name, in some usual spelling."""
    contents = [path.read_bytes().lower() for path in folder.rglob("*") if path.is_file()]
    contents.append(" ".join(str(path) for path in folder.rglob("*")).lower().encode())
    return {
        name
        for name, secret in secrets.items()
        if any(one in content for one in spellings(secret) for content in contents)
    }


def spellings(secret: str) -> set[bytes]:
    """A secret as it may stand in a file; of a long one its first part is enough."""
    raw = secret.encode()
    parts = {raw[:20], *raw.split(b".")}
    encoded = {base64.b64encode(raw)[:16], raw.hex().encode()[:32], secret.encode("utf-16-le")}
    return {one.lower() for one in parts | encoded if len(one) >= 8}


def test_no_secret_is_in_any_file(place: Path, secrets: Secrets) -> None:
    """Data folder, open and closed, backup, log and what commands print hold none of it."""
    assert {"data", "open", "backup.file", "data.log"} < {path.name for path in place.iterdir()}
    assert {"core.db", "core.db-wal", "search.db"} < {path.name for path in (place / "open").iterdir()}

    assert set() == found_in(place, secrets)


def test_the_log_tells_of_what_failed(place: Path, secrets: Secrets) -> None:
    """The log above was not empty: it has each request at debug, and the faults inside with their places."""
    log = (place / "data.log").read_text()

    assert REQUEST_ID in log
    assert 2 == log.count("status=500")
    assert "SQLError: " in log
    assert "projection_fault" in log
    assert log.count("[debug") > 20
    assert "Traceback" not in log


def test_the_search_would_find_them(place: Path, secrets: Secrets, tmp_path: Path) -> None:
    """The same search over the same files without their encryption finds what was written and not deleted, in core.db,
    in search.db and in the backup; and over a text with all of them finds all."""
    key = bytes.fromhex(KEY)
    for name, file in (("core", "data/core.db"), ("search", "data/search.db"), ("backup", "backup.file")):
        plain = tmp_path / name
        plain.mkdir()
        shutil.copy(place / file, plain / f"{name}.db")
        connection = Files(plain, key).open_file(plain / f"{name}.db")
        rows_of(connection, "PRAGMA journal_mode = DELETE")
        rows_of(connection, "PRAGMA rekey = ''")
        connection.close()
    indexed = WRITTEN.keys() - {"edited away", "bio"}

    assert WRITTEN.keys() <= found_in(tmp_path / "core", secrets)
    assert WRITTEN.keys() <= found_in(tmp_path / "backup", secrets)
    assert indexed <= found_in(tmp_path / "search", secrets)
    assert not {"session token", "JWT", "password"} & found_in(tmp_path, secrets)  # kept as hashes alone

    (tmp_path / "all.txt").write_text(", ".join(secrets.values()))
    assert secrets.keys() == found_in(tmp_path, secrets)
