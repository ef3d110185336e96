"""Two server processes on one data folder: what one answered holds for the other's next read."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from tests.api.streams import listening
from tests.serving import (
    PASSWORD,
    PATIENCE_S,
    Person,
    Server,
    all_answer,
    ids_of,
    process_of,
    serving,
    sign_up,
    soon,
)

TRIES_MAX = 200  # fresh connections until each process has had one


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of two processes."""
    folder = tmp_path_factory.mktemp("pair") / "data"
    with serving(folder, {"LIMITS_ENABLED": "false"}, "--workers", "2") as server:
        all_answer(server, 2)
        yield server


def at_each_process(person: Person) -> tuple[Person, Person]:
    """Two clients of the account, each with a connection to another process."""
    found: dict[str, Person] = {}
    for _ in range(TRIES_MAX):
        client = again(person)
        found.setdefault(process_of(client.get("/account/")), client)
        if len(found) == 2:
            one, other = found.values()
            return one, other
    raise AssertionError("every connection came to the same process")


def again(person: Person) -> Person:
    """The same account over new connections."""
    client = Person(person.server, person.handle)
    client.id = person.id
    client.headers.update(person.headers)
    return client


class Watch:
    """What somebody who follows the author reads at both processes, in every place where a tweet shows."""

    def __init__(self, author: Person, watcher: Person) -> None:
        self._author = author
        self._readers = at_each_process(watcher)

    def sees(self, tweet: str) -> None:
        """Waits until the tweet shows everywhere, so that every cache holds it."""
        for reader in self._readers:
            soon([True] * 6, lambda reader=reader: self._shown(reader, tweet))  # type: ignore[misc]

    def sees_no_more(self, tweet: str) -> None:
        """The next read of each process is without the tweet."""
        for reader in self._readers:
            assert [False] * 6 == self._shown(reader, tweet)

    def _shown(self, reader: Person, tweet: str) -> list[bool]:
        lists = (
            "/feed/",
            "/feed/public",
            f"/search/?token=from:{self._author.handle}",
            f"/user/{reader.id}/likes",
            f"/user/{self._author.id}/tweets",
        )
        shown = [tweet in listed(reader, path) for path in lists]
        return [*shown, reader.get(f"/tweet/{tweet}").status_code == 200]


def listed(reader: Person, path: str) -> list[str]:
    """The ids of a list; none where the reader may not see it."""
    answer = reader.get(path)
    return ids_of(answer.json()) if answer.status_code == 200 else []


def test_a_delete_is_gone_from_the_other_processs_next_read(pair: Server) -> None:
    """With the caches of both warm, no read begun after the 200 shows the tweet."""
    ann, bob = sign_up(pair, "deleting"), sign_up(pair, "watching")
    bob.ok("POST", "/follow", {"userId": ann.id})
    writers, watch = at_each_process(ann), Watch(ann, bob)
    for number in range(16):
        tweet = writers[number // 2 % 2].tweet(str(number))["tweetId"]
        bob.ok("POST", f"/like/{tweet}")
        watch.sees(tweet)
        writers[number % 2].ok("DELETE", f"/tweet/{tweet}")
        watch.sees_no_more(tweet)


@pytest.mark.parametrize("how", ["block", "be blocked", "protect"])
def test_a_block_and_a_protection_hold_for_the_other_processs_next_read(pair: Server, how: str) -> None:
    """What either answered is so at both at once, forth and back."""
    ann, bob = sign_up(pair, f"hiding_{how[:2]}"), sign_up(pair, f"seeking_{how[:2]}")
    tweet = ann.tweet("to be hidden")["tweetId"]
    bob.ok("POST", "/follow", {"userId": ann.id})
    bob.ok("POST", f"/like/{tweet}")
    authors, readers, watch = at_each_process(ann), at_each_process(bob), Watch(ann, bob)
    for number in range(8):
        one = number % 2
        readers[one].ok("POST", "/follow", {"userId": ann.id})
        watch.sees(tweet)
        if how == "block":
            authors[one].ok("POST", f"/block/{bob.id}")
            watch.sees_no_more(tweet)
            authors[1 - one].ok("DELETE", f"/block/{bob.id}")
        elif how == "be blocked":
            readers[one].ok("POST", f"/block/{ann.id}")
            watch.sees_no_more(tweet)
            readers[1 - one].ok("DELETE", f"/block/{ann.id}")
        else:
            readers[1 - one].ok("DELETE", f"/follow/{ann.id}")
            authors[one].ok("PATCH", "/account/", {"protected": True})
            watch.sees_no_more(tweet)
            authors[1 - one].ok("PATCH", "/account/", {"protected": False})
        for reader in readers:
            assert "to be hidden" == reader.ok("GET", f"/tweet/{tweet}")["content"]


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


def test_a_stream_hears_what_the_other_process_wrote(pair: Server) -> None:
    """Tweets, edits and deletes of either process come to a stream, and the end of its session ends it."""
    ann, bob = sign_up(pair, "speaking"), sign_up(pair, "listening")
    bob.ok("POST", "/follow", {"userId": ann.id})
    writers = at_each_process(ann)
    with listening(bob) as heard:
        tweets = [writers[number % 2].tweet(str(number))["tweetId"] for number in range(6)]
        expected = [("tweet", one) for one in tweets]
        soon(expected, heard.names)
        for number, writer in enumerate(writers):
            edited, deleted = tweets[2 * number : 2 * number + 2]
            writer.ok("PATCH", f"/tweet/{edited}", {"content": "edited"})
            writer.ok("DELETE", f"/tweet/{deleted}")
            expected += [("edit", edited), ("delete", deleted)]
            soon(expected, heard.names)
        at_each_process(bob)[0].ok("POST", "/account/logout", {"everywhere": True})
        soon(True, lambda: heard.ended)


def holders(server: Server, name: str) -> set[int]:
    """The processes that hold the lock on a file of the data folder (Linux: /proc/locks)."""
    inode = (server.folder / name).stat().st_ino
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" not in line]
    return {int(line[4]) for line in lines if int(line[5].rpartition(":")[2]) == inode}


class Writing:
    """Somebody who goes on tweeting while processes die: a request without an answer is repeated under its key."""

    def __init__(self, author: Person) -> None:
        self.written: list[str] = []
        self._author = author
        self._stop = Event()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def stop(self) -> list[str]:
        """Ends it; what was acknowledged, newest first."""
        self._stop.set()
        self._thread.join()
        return self.written[::-1]

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self.written.append(self._tweet(f"{self._author.handle} {number}"))
            self._stop.wait(0.01)

    def _tweet(self, content: str) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = again(self._author).post(
                    "/tweet/",
                    json={"content": content},
                    headers={"Idempotency-Key": content.replace(" ", "-")},
                )
            except httpx.TransportError:
                assert time.monotonic() < deadline, "nobody answers"
                time.sleep(0.02)
            else:
                assert 200 == answer.status_code, answer.text
                return str(answer.json()["tweetId"])


def test_what_a_killed_process_did_goes_on_in_another(pair: Server) -> None:
    """The process that sweeps is killed while somebody tweets: feeds, search and sweeps go on, and everything that was
    acknowledged is in them once. Projecting is no worker's business: the process that watches over them does it."""
    ann, bob, cat = (sign_up(pair, handle) for handle in ("going_on", "following_on", "swept"))
    for one in (bob, cat):
        one.ok("POST", "/follow", {"userId": ann.id})
    writing = Writing(ann)
    for _ in range(2):
        known = len(writing.written)
        soon(True, lambda known=known: len(writing.written) > known + 20)  # type: ignore[misc]
        soon(1, lambda: len(holders(pair, "upkeep.lock")))
        (sweeping,) = holders(pair, "upkeep.lock")
        soon(1, lambda: len(holders(pair, "feed.lock")))
        soon(holders(pair, "feed.lock"), lambda: holders(pair, "search.lock"))
        assert {sweeping} != holders(pair, "feed.lock")
        os.kill(sweeping, signal.SIGKILL)
        soon(True, moved(pair, "upkeep.lock", sweeping))
    expected = writing.stop()
    bob = again(bob)
    soon(expected, lambda: ids_of(bob.walk("/feed/", pageSize=100)))
    soon(expected, lambda: ids_of(bob.walk("/search/", token="from:going_on", pageSize=100)))
    again(cat).ok("DELETE", "/account/", {"password": PASSWORD})
    ann = again(ann)
    soon(1, lambda: ann.ok("GET", "/account/")["followerCount"])


def moved(server: Server, name: str, holder: int) -> Callable[[], bool]:
    """Asks whether another process than that one holds a lock."""

    def asked() -> bool:
        found = holders(server, name)
        return len(found) == 1 and holder not in found

    return asked
