"""An account becomes too widely followed for fan-out, and is less so again, while it tweets and others read it."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.serving import Person, ids_of, serving, sign_up, soon

THRESHOLD = 4
ROUNDS = 3
SETTINGS = {
    "LIMITS_ENABLED": "false",
    "FEED_CELEBRITY_FOLLOWERS": str(THRESHOLD),
    "FEED_KEEP": "100",  # so that what is stored ends above what is read
    "FEED_TRUST": "100",
}


class Author:
    """Somebody who goes on writing tweets, and replies to a friend."""

    def __init__(self, person: Person, friend: Person | None = None) -> None:
        self.person = person
        self.written: list[str] = []
        self._friend = friend

    def write(self, stop: Event) -> None:
        """Writes until told to stop."""
        while not stop.is_set():
            self.write_one()
            stop.wait(0.01)

    def write_one(self) -> None:
        """A tweet, or now and then a reply to the friend's newest."""
        newest = self._friend.ok("GET", f"/user/{self._friend.id}/tweets?pageSize=1") if self._friend else []
        path = f"/reply/{newest[0]['tweetId']}" if newest and len(self.written) % 4 == 0 else "/tweet/"
        self.written.append(self.person.ok("POST", path, {"content": "again"})["tweetId"])

    def wait_for_more(self, count: int) -> None:
        """Returns when so many more were written."""
        goal = len(self.written) + count
        soon(True, lambda: len(self.written) >= goal)


class Fan:
    """A reader of the feed, whose walks are judged when everything that was written is known."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._walks: list[tuple[list[str], list[Author]]] = []

    def walk(self, authors: list[Author]) -> None:
        """Reads the feed to its end while one follows these authors."""
        shown = self.person.walk("/feed/", pageSize=random.choice([7, 20, 100]))
        self._walks.append((ids_of(shown), authors))

    def read(self, authors: list[Author], stop: Event) -> None:
        """Reads again and again."""
        while not stop.is_set():
            self.walk(authors)

    def come_and_go(self, star: Author, other: Author, stop: Event) -> None:
        """Follows the star and ends it, forth and back, and reads after each of it."""
        while not stop.is_set():
            self.person.ok("POST", "/follow", {"userId": star.person.id})
            for _ in range(3):
                self.walk([star, other])
            self.person.ok("DELETE", f"/follow/{star.person.id}")
            self.walk([other])

    def faults(self) -> Iterator[tuple[str, list[str], list[str]]]:
        """Where a walk is not all that its authors wrote, down from the newest that it shows."""
        for shown, authors in self._walks:
            expected = [one for one in all_of(*authors) if shown and int(one) <= int(shown[0])]
            if expected != shown:
                yield self.person.handle, expected, shown


def all_of(*authors: Author) -> list[str]:
    """All that they wrote, newest first."""
    return sorted((one for author in authors for one in author.written), key=int, reverse=True)


@contextmanager
def running(*works: Callable[[Event], None]) -> Iterator[None]:
    """Works besides, each in a thread that is told to stop at the end."""
    stop = Event()
    threads = [Thread(target=work, args=(stop,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def cross(star: Author, fans: list[Fan]) -> None:
    """The fans follow the star one by one, most of them go again, and so forth: above the threshold and below it."""
    for round_ in range(ROUNDS):
        for fan in fans:
            fan.person.ok("POST", "/follow", {"userId": star.person.id})
            star.wait_for_more(1)
        assert star.person.ok("GET", "/account/")["followerCount"] >= THRESHOLD
        star.wait_for_more(10)
        if round_ < ROUNDS - 1:
            for fan in fans[1:]:
                fan.person.ok("DELETE", f"/follow/{star.person.id}")
                star.wait_for_more(1)
            assert star.person.ok("GET", "/account/")["followerCount"] < THRESHOLD
            star.wait_for_more(10)


@pytest.mark.parametrize(
    ("grace_ms", "arguments"),
    [("0", ()), ("300", ("--workers", "2")), ("3600000", ())],
    ids=["no grace", "short grace, two processes", "long grace"],
)
def test_no_feed_has_a_hole_or_a_double_while_the_threshold_is_crossed(
    tmp_path: Path, grace_ms: str, arguments: tuple[str, ...]
) -> None:
    """Upwards, downwards and upwards again, all the while tweeting: whoever reads a feed, page by page to its end,
    finds each tweet once, down from the newest that shows."""
    settings = {**SETTINGS, "FEED_CELEBRITY_GRACE_MS": grace_ms}
    with serving(tmp_path / "data", settings, *arguments) as server:
        people = [sign_up(server, f"bird{number}") for number in range(THRESHOLD + 4)]
        other, star = Author(people[0]), Author(people[1], people[0])
        crowd = [Fan(one) for one in people[2 : THRESHOLD + 2]]
        steady, moody = (Fan(one) for one in people[THRESHOLD + 2 :])
        for one in (*crowd, steady, moody):
            one.person.ok("POST", "/follow", {"userId": other.person.id})
        steady.person.ok("POST", "/follow", {"userId": star.person.id})
        for author in (other, star) * 55:
            author.write_one()
        with running(
            star.write,
            other.write,
            lambda stop: steady.read([star, other], stop),
            lambda stop: moody.come_and_go(star, other, stop),
        ):
            cross(star, crowd)
        for one in (*crowd, steady):
            soon(all_of(star, other), lambda one=one: ids_of(one.person.walk("/feed/", pageSize=100)))  # type: ignore[misc]
            one.walk([star, other])
        assert [] == [fault for one in (*crowd, steady, moody) for fault in one.faults()]
