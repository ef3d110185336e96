"""A small network with everything in it that can be moved, and all that people read of it."""

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

from tests.serving import PASSWORD, Person, Server, ids_of, sign_up, soon

CELEBRITY_FOLLOWERS = 4
HANDLES = ("ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal", "ida")
VIEWERS = ("ann", "bob", "dan", "eve", "hal", "")
CLOSE_VIEWERS = ("bob",)  # who look at everything that hangs on a tweet
KEY = "made-once"
LEVELS = 22  # of a conversation
Read = dict[tuple[str, str], Any]  # by viewer and path
OF_ALL = (
    "/feed/public",
    "/search/trends",
    "/search/trends?latitude=52.5&longitude=13.4",
    "/search/?token=birds",
    "/search/?token=birds&sort=top",
    "/search/?token=%23owls",
    "/search/?token=from:ann",
    "/search/?latitude=52.5&longitude=13.4&radiusKm=5",
    "/search/users?token=a",
    "/search/users?token=e",
    "/.well-known/jwks.json",
)
OF_ONESELF = (
    "/account/",
    "/feed/",
    "/feed/?pageSize=3",
    "/follow/requests",
    "/follow/suggestions",
    "/block",
    "/mute",
)
OF_USER = ("", "/tweets", "/replies", "/likes", "/followers", "/following")
OF_TWEET = (
    "/tweet/{}",
    "/tweet/{}/history",
    "/tweet/{}/quotes",
    "/like/{}",
    "/retweet/{}",
    "/reply/{}?sort=latest",
    "/reply/{}?sort=oldest",
    "/reply/{}?sort=top",
    "/reply/{}/ancestors",
)


@dataclass(frozen=True)
class Network:
    """People by handle, and what was written in the order of writing; the last was written with KEY by @bob."""

    people: dict[str, Person]
    written: list[str]

    def on(self, server: Server, handle: str, *, jwt: bool = False) -> Person:
        """Somebody, or nobody (""), as a client of a server, with the session of long ago or its JWT."""
        person = Person(server, handle)
        if handle:
            known = self.people[handle]
            person.headers["Authorization"] = f"Bearer {known.access_token if jwt else known.token}"
        return person


class Writer:
    """Writes what there is to move."""

    def __init__(self, server: Server) -> None:
        self.people = {handle: sign_up(server, handle) for handle in HANDLES}
        self.written: list[str] = []

    def act(self, handle: str, method: str, path: str, body: Any = None) -> Any:
        """Somebody does something."""
        return self.people[handle].ok(method, path, body)

    def tweet(self, handle: str, content: str, **more: Any) -> str:
        """A tweet or quote."""
        return self._wrote(self.people[handle].tweet(content, **more))

    def reply(self, handle: str, to: str, content: str) -> str:
        """A reply."""
        return self._wrote(self.act(handle, "POST", f"/reply/{to}", {"content": content}))

    def retweet(self, handle: str, tweet_id: str) -> str:
        """A retweet."""
        return self._wrote(self.act(handle, "POST", f"/retweet/{tweet_id}"))

    def _wrote(self, told: Any) -> str:
        self.written.append(told["tweetId"])
        return self.written[-1]


def made(server: Server) -> Network:
    """Everything there can be, by few people: @ann is a celebrity, @eve protected, @fay disabled, @gus deleted."""
    writer = Writer(server)
    _relate(writer)
    _write(writer)
    ann, bob, gus = (writer.people[handle] for handle in ("ann", "bob", "gus"))
    followers = [one for one in ids_of(ann.walk(f"/user/{ann.id}/followers")) if one != gus.id]
    _end(writer)
    assert 0 == server.run("account", "disable", "fay").returncode
    soon(followers, lambda: ids_of(ann.walk(f"/user/{ann.id}/followers")))
    writer.written.append(written_once(bob))
    soon(writer.written[-1:], lambda: ids_of(bob.walk("/search/", token="once")))
    return Network(writer.people, writer.written)


def written_once(bob: Person) -> str:
    """What @bob writes with KEY."""
    told: str = bob.ok("POST", "/tweet/", {"content": "once"}, headers={"Idempotency-Key": KEY})["tweetId"]
    return told


def _relate(writer: Writer) -> None:
    act, people = writer.act, writer.people
    act("eve", "PATCH", "/account/", {"protected": True})
    act("bob", "PATCH", "/account/", {"name": "Bob B.", "bio": "of the birds"})
    for follower, followee in (
        *((one, "ann") for one in ("bob", "cat", "dan", "eve", "gus", "ida")),
        *((one, "bob") for one in ("ann", "cat", "ida")),
        *((one, "eve") for one in ("ann", "dan", "hal")),
        *((one, "fay") for one in ("ann", "bob")),
        *((one, "gus") for one in ("ann", "bob")),
        ("hal", "cat"),
    ):
        act(follower, "POST", "/follow", {"userId": people[followee].id})
    act("eve", "POST", f"/follow/requests/{people['dan'].id}")
    act("eve", "DELETE", f"/follow/requests/{people['ann'].id}")
    act("ida", "DELETE", f"/follow/{people['ann'].id}")
    act("ann", "POST", f"/block/{people['hal'].id}")
    act("cat", "POST", f"/block/{people['dan'].id}")
    act("cat", "DELETE", f"/block/{people['dan'].id}")
    act("bob", "POST", f"/mute/{people['cat'].id}")
    act("bob", "POST", f"/mute/{people['eve'].id}")
    act("bob", "DELETE", f"/mute/{people['eve'].id}")


def _write(writer: Writer) -> None:
    act = writer.act
    first = writer.tweet("ann", "all the birds #owls @bob", latitude=52.5, longitude=13.4)
    for number in range(5):
        writer.tweet("ann", f"more birds {number}")
        writer.tweet("bob", f"and more {number} #owls", latitude=52.51, longitude=13.0 + number / 10)
        writer.tweet("cat", f"not so many {number}")
    edited = writer.tweet("bob", "birds, once")
    for number in range(3):
        act("bob", "PATCH", f"/tweet/{edited}", {"content": f"birds, for the {number}th time"})
    hidden = writer.tweet("eve", "for followers")
    quote = writer.tweet("cat", "see this", quoteOf=first)
    nested = writer.tweet("bob", "and that", quoteOf=quote)
    writer.retweet("dan", first)
    writer.retweet("ida", nested)
    writer.retweet("hal", edited)
    writer.retweet("ida", edited)
    act("ida", "DELETE", f"/retweet/{edited}")
    answer = writer.reply("bob", first, "so they are")
    for number in range(LEVELS):
        answer = writer.reply(("ann", "cat", "dan")[number % 3], answer, f"level {number}")
    act("ann", "PATCH", f"/reply/{answer}", {"content": "another level"})
    writer.reply("dan", first, "no")
    writer.reply("dan", hidden, "I see it")
    writer.reply("cat", quote, "to a quote")
    writer.retweet("bob", writer.reply("ida", first, "wide"))
    likes = {"bob": first, "cat": first, "gus": first, "ann": edited, "dan": hidden, "ida": answer}
    for liker, liked in likes.items():
        act(liker, "POST", f"/like/{liked}")
    act("cat", "DELETE", f"/like/{first}")
    for author in ("fay", "gus"):
        one = writer.tweet(author, f"{author} of the birds")
        writer.reply("bob", one, "who?")
        writer.retweet("cat", one)
        writer.reply(author, first, "me too")
        act("bob", "POST", f"/like/{one}")


def _end(writer: Writer) -> None:
    """Deletes, in every way."""
    act = writer.act
    gone = writer.tweet("ann", "birds that go")
    answered = writer.reply("bob", gone, "to where?")
    writer.reply("cat", answered, "to there")
    writer.retweet("dan", gone)
    writer.tweet("bob", "going", quoteOf=gone)
    act("cat", "POST", f"/like/{gone}")
    act("ann", "PATCH", f"/tweet/{gone}", {"content": "birds that will go"})
    act("ann", "DELETE", f"/tweet/{gone}")
    act("bob", "DELETE", f"/reply/{answered}")
    act("gus", "DELETE", "/account/", {"password": PASSWORD})


def read(network: Network, server: Server) -> Read:
    """All that people and a stranger can read, to the end of every list; they read at the same time."""

    def all_by(viewer: str) -> Read:
        person = network.on(server, viewer)
        return {(viewer, path): _answer(person, path) for path in _paths(network, viewer)}

    with ThreadPoolExecutor(len(VIEWERS)) as readers:
        return dict(chain.from_iterable(told.items() for told in readers.map(all_by, VIEWERS)))


def _paths(network: Network, viewer: str) -> Iterator[str]:
    yield from OF_ALL
    yield from OF_ONESELF if viewer else ()
    for user in network.people.values():
        yield from (f"/user/{user.id}{what}" for what in OF_USER)
        yield f"/user/@{user.handle}"
    told = OF_TWEET if viewer in CLOSE_VIEWERS else OF_TWEET[:1]
    yield from (what.format(tweet_id) for tweet_id in network.written for what in told)


def _answer(person: Person, path: str) -> Any:
    path, _, query = path.partition("?")
    asked = dict(parse_qsl(query))
    answer = person.get(path, params=asked)
    if answer.status_code != 200:
        return answer.status_code, answer.json()["code"]
    return person.walk(path, **asked) if "next" in answer.links else answer.json()


def exported(person: Person) -> dict[str, Any]:
    """What an account's export holds."""
    with zipfile.ZipFile(io.BytesIO(person.get("/account/export").content)) as file:
        return {name: json.loads(file.read(name)) for name in file.namelist()}
