"""People who write over HTTP all at once, and each knows to the letter what must stand afterwards."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from tests.serving import Person, Server, sign_up


@dataclass
class Held:
    """What stands of one account. Texts are unique; an id is None where its answer never came."""

    tweets: dict[str, str | None] = field(default_factory=dict)
    replies: dict[str, str | None] = field(default_factory=dict)
    likes: set[str] = field(default_factory=set)
    retweets: set[str] = field(default_factory=set)
    following: set[str] = field(default_factory=set)

    def lacks(self, other: "Held") -> str:
        """How the two differ, as far as ids are known; empty where they do not."""
        texts = [_differ(self.tweets, other.tweets), _differ(self.replies, other.replies)]
        sets = [
            f"{name} {getattr(self, name) ^ getattr(other, name)}"
            for name in ("likes", "retweets", "following")
            if getattr(self, name) != getattr(other, name)
        ]
        return "; ".join(filter(None, [*texts, *sets]))


@dataclass(frozen=True)
class Act:
    """One write; `settle` makes of what stood before what stands after it."""

    method: str
    path: str
    body: Any
    settle: Callable[[Held, Any], None]


class Writer:
    """An account that writes one thing after the other; nobody else writes what it holds."""

    def __init__(self, person: Person, anchors: list[str], others: list[str], seed: int) -> None:
        self.person = person
        self.held = Held()
        self.history = [Held()]  # what stood after each write, from the time on that it is asked for
        self.keeps_history = False
        self.acknowledged = 0
        self.refused = 0
        self.in_doubt: tuple[Act, dict[str, str]] | None = None
        self._anchors = anchors
        self._others = others
        self._random = random.Random(seed)
        self._numbers = count(1)

    def next_act(self) -> tuple[Act, dict[str, str]]:
        """What to write next, and the headers that go along."""
        act = self._random.choice(
            [
                self._tweet,
                self._tweet,
                self._reply,
                self._edit,
                self._delete,
                self._mark,
                self._mark,
                self._follow,
            ]
        )()
        key = f"{self.person.handle}-{next(self._numbers)}"
        return act, {"Idempotency-Key": key} if act.method == "POST" else {}

    def write(self) -> int:
        """Makes one write and returns its status; raises httpx.TransportError, and then that write is in doubt."""
        act, headers = self.next_act()
        self.in_doubt = act, headers
        answer = self.person.request(act.method, act.path, json=act.body, headers=headers)
        if answer.status_code == 503:
            self.in_doubt = None
            self.refused += 1
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
            return 503
        assert answer.status_code == 200, (act, answer.status_code, answer.text)
        self.settle(answer)
        return 200

    def settle(self, answer: httpx.Response) -> None:
        """Takes what was in doubt as done."""
        assert self.in_doubt is not None
        act, _ = self.in_doubt
        self.in_doubt = None
        act.settle(self.held, answer.json())
        self.acknowledged += 1
        if self.keeps_history:
            self.history.append(deepcopy(self.held))

    def check(self) -> None:
        """Everything acknowledged stands, and of a write in doubt all or nothing; sent again it is there once."""
        found = self.read()
        if self.in_doubt is None:
            assert "" == self.held.lacks(found)
            return
        act, headers = self.in_doubt
        after = deepcopy(self.held)
        act.settle(after, {})
        assert "" in (self.held.lacks(found), after.lacks(found)), (
            act,
            self.held.lacks(found),
            after.lacks(found),
        )
        answer = self.person.request(act.method, act.path, json=act.body, headers=headers)
        gone = act.method == "DELETE" and answer.status_code == 404
        assert gone or answer.status_code == 200, (act, answer.status_code, answer.text)
        act.settle(self.held, {} if gone else answer.json())
        self.in_doubt = None
        assert "" == self.held.lacks(self.read())

    def read(self) -> Held:
        """What the server shows of the account."""
        who = f"/user/{self.person.id}"
        listed = self.person.walk(f"{who}/tweets", pageSize=100)
        replies = self.person.walk(f"{who}/replies", pageSize=100)
        user = self.person.ok("GET", who)
        assert user["tweetCount"] == len(listed) + len(replies)
        following = {one["userId"] for one in self.person.walk(f"{who}/following", pageSize=100)}
        assert user["followingCount"] == len(following)
        found = Held(
            {one["content"]: one["tweetId"] for one in listed if one["kind"] == "tweet"},
            {one["content"]: one["tweetId"] for one in replies},
            {one["tweetId"] for one in self.person.walk(f"{who}/likes", pageSize=100)},
            {one["retweetOf"]["tweetId"] for one in listed if one["kind"] == "retweet"},
            following,
        )
        assert len(listed) == len(found.tweets) + len(found.retweets), "something is there twice"
        assert len(replies) == len(found.replies), "something is there twice"
        return found

    def _text(self, what: str) -> str:
        return f"{what} {next(self._numbers)} of {self.person.handle}"

    def _tweet(self) -> Act:
        text = self._text("tweet")
        return Act("POST", "/tweet/", {"content": text}, lambda held, told: _put(held.tweets, text, told))

    def _reply(self) -> Act:
        text, anchor = self._text("reply"), self._random.choice(self._anchors)
        return Act(
            "POST", f"/reply/{anchor}", {"content": text}, lambda held, told: _put(held.replies, text, told)
        )

    def _edit(self) -> Act:
        if not self.held.tweets:
            return self._tweet()
        old, new = self._random.choice(list(self.held.tweets)), self._text("edited")

        def settle(held: Held, told: Any) -> None:
            held.tweets[new] = held.tweets.pop(old)

        return Act("PATCH", f"/tweet/{self.held.tweets[old]}", {"content": new}, settle)

    def _delete(self) -> Act:
        if not self.held.tweets:
            return self._tweet()
        text = self._random.choice(list(self.held.tweets))

        def settle(held: Held, told: Any) -> None:
            del held.tweets[text]

        return Act("DELETE", f"/tweet/{self.held.tweets[text]}", None, settle)

    def _mark(self) -> Act:
        """A like or a retweet, or its end."""
        what = self._random.choice(["like", "retweet"])
        anchor = self._random.choice(self._anchors)
        return self._turn(f"{what}s", anchor, f"/{what}/{anchor}", f"/{what}/{anchor}", None)

    def _follow(self) -> Act:
        other = self._random.choice(self._others)
        return self._turn("following", other, "/follow", f"/follow/{other}", {"userId": other})

    def _turn(self, name: str, one: str, begin: str, end: str, body: Any) -> Act:
        if one in getattr(self.held, name):
            return Act("DELETE", end, None, lambda held, told: getattr(held, name).discard(one))
        return Act("POST", begin, body, lambda held, told: getattr(held, name).add(one))


class Crowd:
    """Writers, and one account whose tweets they answer, like and retweet."""

    def __init__(self, server: Server, size: int, kind: type[Writer] = Writer) -> None:
        self.host = sign_up(server, "host")
        anchors = [self.host.tweet(f"anchor {number}")["tweetId"] for number in range(12)]
        people = [sign_up(server, f"writer{number}") for number in range(size)]
        self.writers = [
            kind(one, anchors, [other.id for other in [*people, self.host] if other is not one], seed)
            for seed, one in enumerate(people)
        ]

    @property
    def acknowledged(self) -> int:
        """How many writes were answered with success."""
        return sum(writer.acknowledged for writer in self.writers)

    @property
    def refused(self) -> int:
        """How many writes were answered 503."""
        return sum(writer.refused for writer in self.writers)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All write while the block runs, each until its connection breaks; raises what was no answer of theirs."""
        ended = threading.Event()
        faults: list[BaseException] = []

        def write_on(writer: Writer) -> None:
            try:
                while not ended.is_set():
                    writer.write()
            except httpx.TransportError:
                pass
            except BaseException as fault:  # noqa: BLE001 - raised below, in the test's own thread
                faults.append(fault)

        threads = [threading.Thread(target=write_on, args=(writer,)) for writer in self.writers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        for fault in faults:
            raise fault

    def check(self) -> None:
        """Every writer finds what it was told, over new connections."""
        self.move_to(self.host.server)
        for writer in self.writers:
            writer.check()

    def move_to(self, server: Server) -> None:
        """All go on at this server, over new connections."""
        self.host = moved(self.host, server)
        for writer in self.writers:
            writer.person = moved(writer.person, server)


def moved(person: Person, server: Server) -> Person:
    """The same account over new connections, perhaps at another server."""
    fresh = Person(server, person.handle)
    fresh.id, fresh.token, fresh.access_token = person.id, person.token, person.access_token
    fresh.headers["Authorization"] = person.headers["Authorization"]
    person.close()
    return fresh


def _put(texts: dict[str, str | None], text: str, told: Any) -> None:
    texts[text] = told.get("tweetId")


def _differ(texts: dict[str, str | None], found: dict[str, str | None]) -> str:
    missing = [f"lost {text!r}" for text in texts.keys() - found.keys()]
    more = [f"unexpected {text!r}" for text in found.keys() - texts.keys()]
    other = [f"{text!r} is another" for text, one in texts.items() if one and found.get(text, one) != one]
    return "; ".join([*missing, *more, *other])
