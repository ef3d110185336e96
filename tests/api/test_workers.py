"""Two server processes on one data folder: what one answered holds for the other's next read."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving import PASSWORD, Person, Server, ids_of, serving, sign_up, soon

TRIES_MAX = 200  # fresh connections until each process has had one


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of two processes."""
    folder = tmp_path_factory.mktemp("pair") / "data"
    with serving(folder, {"LIMITS_ENABLED": "false"}, "--workers", "2") as server:
        yield server


def process_of(answer: httpx.Response) -> str:
    """Which process answered: its request ids begin alike."""
    return str(answer.headers["x-request-id"]).partition("-")[0]


def at_each_process(person: Person) -> tuple[Person, Person]:
    """Two clients of the account, each with a connection to another process."""
    found: dict[str, Person] = {}
    for _ in range(TRIES_MAX):
        client = Person(person.server, person.handle)
        client.id = person.id
        client.headers.update(person.headers)
        found.setdefault(process_of(client.get("/account/")), client)
        if len(found) == 2:
            one, other = found.values()
            return one, other
    raise AssertionError("every connection came to the same process")


def test_a_delete_is_gone_from_the_other_processs_next_read(pair: Server) -> None:
    """With the caches of both warm, no read begun after the 200 shows the tweet."""
    ann, bob = sign_up(pair, "deleting"), sign_up(pair, "watching")
    bob.ok("POST", "/follow", {"userId": ann.id})
    writers, readers = at_each_process(ann), at_each_process(bob)
    for number in range(20):
        tweet = ann.tweet(str(number))["tweetId"]
        for reader in readers:
            soon(True, lambda reader=reader: tweet in ids_of(reader.ok("GET", "/feed/")))  # type: ignore[misc]
            reader.ok("GET", f"/tweet/{tweet}")
        writers[number % 2].ok("DELETE", f"/tweet/{tweet}")
        for reader in readers:
            assert tweet not in ids_of(reader.ok("GET", "/feed/"))
            assert (404, "not_found") == reader.refused("GET", f"/tweet/{tweet}")
            assert tweet not in ids_of(reader.ok("GET", f"/user/{ann.id}/tweets"))


def test_a_block_and_a_protection_hold_for_the_other_processs_next_read(pair: Server) -> None:
    """Feeds, tweets and accounts change on both processes at once, forth and back."""
    ann, bob = sign_up(pair, "blocking"), sign_up(pair, "blocked")
    tweet = ann.tweet("to be hidden")["tweetId"]
    writers, readers = at_each_process(ann), at_each_process(bob)
    for number in range(10):
        readers[number % 2].ok("POST", "/follow", {"userId": ann.id})
        for reader in readers:
            assert [tweet] == ids_of(reader.ok("GET", "/feed/"))
        writers[number % 2].ok("POST", f"/block/{bob.id}")
        for reader in readers:
            assert [] == reader.ok("GET", "/feed/")
            assert (404, "not_found") == reader.refused("GET", f"/tweet/{tweet}")
            assert reader.ok("GET", f"/user/{ann.id}")["blockedBy"]
        writers[1 - number % 2].ok("DELETE", f"/block/{bob.id}")
        for reader in readers:
            assert "to be hidden" == reader.ok("GET", f"/tweet/{tweet}")["content"]
        writers[number % 2].ok("PATCH", "/account/", {"protected": True})
        for reader in readers:
            assert (404, "not_found") == reader.refused("GET", f"/tweet/{tweet}")
        writers[number % 2].ok("PATCH", "/account/", {"protected": False})


def test_a_log_out_holds_for_the_other_process(pair: Server) -> None:
    """A session that one process ended is dead at the other, with its JWT within a second."""
    ann = sign_up(pair, "leaving")
    one, other = at_each_process(ann)
    by_jwt = Person(pair)
    by_jwt.headers["Authorization"] = f"Bearer {ann.access_token}"
    jwts = at_each_process(by_jwt)
    one.ok("POST", "/account/logout")
    assert (401, "token_invalid") == other.refused("GET", "/account/")
    for client in jwts:
        soon(401, lambda client=client: client.get("/account/").status_code, within_s=1)  # type: ignore[misc]


def holders(server: Server, name: str) -> set[int]:
    """The processes that hold the lock on a file of the data folder (Linux: /proc/locks)."""
    inode = (server.folder / name).stat().st_ino
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" not in line]
    return {int(line[4]) for line in lines if int(line[5].rpartition(":")[2]) == inode}


def test_the_projector_moves_over_when_its_process_is_killed(pair: Server) -> None:
    """The process that fills feeds is killed: feeds, search and sweeps go on in another, and nothing is lost."""
    ann, bob = sign_up(pair, "going_on"), sign_up(pair, "following_on")
    bob.ok("POST", "/follow", {"userId": ann.id})
    expected = [ann.tweet("first going_on")["tweetId"]]
    soon(expected, lambda: ids_of(bob.walk("/feed/")))
    for _ in range(2):
        (holder,) = holders(pair, "feed.lock")
        os.kill(holder, signal.SIGKILL)
        soon(False, lambda: httpx_ok(pair) is None, within_s=10)
        ann, bob = again(ann), again(bob)
        expected.insert(0, ann.tweet("next going_on")["tweetId"])
        soon(expected, lambda: ids_of(bob.walk("/feed/")), within_s=10)
        soon(expected, lambda: ids_of(bob.walk("/search/", token="going_on")), within_s=10)
        soon(True, lambda: holders(pair, "feed.lock") not in ({holder}, set()), within_s=10)
    cat = sign_up(pair, "swept")
    cat.ok("POST", "/follow", {"userId": ann.id})
    cat.ok("DELETE", "/account/", {"password": PASSWORD})
    soon(1, lambda: ann.ok("GET", "/account/")["followerCount"], within_s=10)


def again(person: Person) -> Person:
    """The same account over new connections."""
    client = Person(person.server, person.handle)
    client.id = person.id
    client.headers.update(person.headers)
    return client


def httpx_ok(server: Server) -> int | None:
    """The status of a read over a new connection, or None where nobody answers."""
    try:
        return httpx.get(f"{server.url}/livez", timeout=2).status_code
    except httpx.TransportError:
        return None
