"""A served network and its model, side by side: each write goes to both, and its answer is compared."""

from collections.abc import Callable
from itertools import count, islice
from typing import Any

from tests.model.eyes import Eyes
from tests.model.oracle import Oracle
from tests.model.reads import below, every_read
from tests.model.searches import Searches
from tests.model.world import DONE, NOT_FOUND, Outcome, Post, Spot, World
from tests.serving import PASSWORD, Person, Server, problem_of, sign_up

WINDOW = 3  # of the served network: small, so that retweets leave it
_runs = count(1)


class Twins:
    """Signed-up people by id; `oracle` says what they must read. Names, words and places belong to this run alone.

    `catch_up` waits for what follows writes, where that is late: then others' counters, lists of suggestions and feeds
    are read until they agree, and nobody acts before all that others did has followed."""

    def __init__(
        self, server: Server, *, roaming: bool = False, catch_up: Callable[[], None] | None = None
    ) -> None:
        self.world = World()
        self.people: dict[str, Person] = {}
        self.run = next(_runs)
        self.words = [f"{word}{self.run}" for word in ("robin", "wren", "finch", "crow")]
        north, east = self.run % 120 - 60.0, self.run // 120 * 3.0
        self.spots: list[Spot] = [(north, east), (north + 0.03, east), (north + 0.4, east)]
        self._server = server
        self._roaming = roaming
        self._late = catch_up is not None
        self._catch_up = catch_up or (lambda: None)
        self._stranger = Person(server, roaming=roaming)
        self.look_through(Oracle)

    def look_through(self, oracle: type[Oracle]) -> None:
        """From now on reads are compared with what this oracle says."""
        self.oracle = oracle(self.world, WINDOW)
        self.eyes = Eyes(
            self.oracle, lambda viewer: self.people[viewer] if viewer else self._stranger, late=self._late
        )

    def close(self) -> None:
        """Closes every connection."""
        for person in (*self.people.values(), self._stranger):
            person.close()

    def join(self) -> str:
        """A new account."""
        handle = f"m{self.run}_{len(self.world.accounts)}"
        person = sign_up(self._server, handle, roaming=self._roaming)
        self.world.join(person.ok("GET", "/account/"))
        self.people[person.id] = person
        return person.id

    def tweet(self, user: str, content: str, quoted: str | None = None, spot: Spot | None = None) -> None:
        """A tweet, or a quote of what an id stands for."""
        expected = self.world.may_spread(user, quoted) if quoted else DONE
        target = self.world.target(user, quoted) if quoted else None
        body = {**_text(content, spot), **({"quoteOf": quoted} if quoted else {})}
        if told := self._act(expected, user, "POST", "/tweet/", body):
            self._is_told(user, self.world.wrote(told, quoted=target, spot=spot), told)

    def reply(self, user: str, tweet_id: str, content: str, spot: Spot | None = None) -> None:
        """A reply to what an id stands for."""
        target = self.world.target(user, tweet_id)
        expected = DONE if target else NOT_FOUND
        if told := self._act(expected, user, "POST", f"/reply/{tweet_id}", _text(content, spot)):
            self._is_told(user, self.world.wrote(told, parent=target, spot=spot), told)

    def retweet(self, user: str, tweet_id: str) -> None:
        """A retweet, unless it stands."""
        target = self.world.target(user, tweet_id)
        told = self._act(self.world.may_spread(user, tweet_id), user, "POST", f"/retweet/{tweet_id}")
        if target and told:
            standing = self.world.retweet_by(user, target.id)
            self._is_told(user, standing or self.world.wrote(told, original=target), told)

    def undo_retweet(self, user: str, tweet_id: str) -> None:
        """Takes a retweet back."""
        target = self.world.target(user, tweet_id)
        told = self._act(DONE if target else NOT_FOUND, user, "DELETE", f"/retweet/{tweet_id}")
        if target and (standing := self.world.retweet_by(user, target.id)):
            self.world.delete(standing.id)
        assert told in (None, {})

    def like(self, user: str, tweet_id: str, *, on: bool) -> None:
        """Likes, or takes it back."""
        target = self.world.target(user, tweet_id)
        method = "POST" if on else "DELETE"
        told = self._act(DONE if target else NOT_FOUND, user, method, f"/like/{tweet_id}")
        if target is None:
            return
        if on:
            self.world.like(user, target.id)
        else:
            self.world.likes.pop((user, target.id), None)
        assert {"liked": on, "likeCount": self.oracle.counts(target.id)["likeCount"]} == told

    def edit(self, user: str, tweet_id: str, content: str) -> None:
        """Another text; the same changes nothing, and a retweet has none."""
        post, expected = self.world.posts[tweet_id], self.world.own(user, tweet_id)
        if expected == DONE and post.kind == "retweet":
            expected = (422, "invalid")
        told = self._act(expected, user, "PATCH", f"/{_surface(post)}/{tweet_id}", {"content": content})
        if told and content != post.content:
            post.texts.insert(0, (content, told["editedTimeStamp"]))
            post.entities = told["entities"]
        if told:
            self._is_told(user, post, told)

    def delete(self, user: str, tweet_id: str) -> None:
        """Deletes what the account wrote, in one of the two ways there are."""
        expected = self.world.own(user, tweet_id)
        method = "POST" if int(tweet_id) % 3 else "DELETE"
        self._act(expected, user, method, f"/tweet/{tweet_id}")
        if expected == DONE:
            self.world.delete(tweet_id)

    def relate(self, user: str, what: str, other: str, *, on: bool) -> None:
        """Follow, block or mute, or the end of it."""
        relation = {"follow": self.world.follows, "block": self.world.blocks, "mute": self.world.mutes}[what]
        if not on:
            expected = self.world.unfollow(user, other) if what == "follow" else NOT_FOUND
            if what != "follow" and self.world.exists(other):
                expected = DONE
                relation.pop((user, other), None)
            self._act(expected, user, "DELETE", f"/{what}/{other}")
        elif what == "follow":
            expected = self.world.follow(user, other)
            if told := self._act(expected, user, "POST", "/follow", {"userId": other}):
                pair = user, other
                assert told == {
                    "following": pair in self.world.follows,
                    "requested": pair in self.world.requests,
                }
        else:
            begin = self.world.block if what == "block" else self.world.mute
            self._act(begin(user, other), user, "POST", f"/{what}/{other}")

    def answer_request(self, user: str, asker: str, *, accept: bool) -> None:
        """Accepts or refuses a request."""
        expected = self.world.answer_request(user, asker, accept)
        self._act(expected, user, "POST" if accept else "DELETE", f"/follow/requests/{asker}")

    def rename(self, user: str, name: str, bio: str) -> None:
        """Another name and bio."""
        self.world.accounts[user].name, self.world.accounts[user].bio = name, bio
        told = self._act(DONE, user, "PATCH", "/account/", {"name": name, "bio": bio})
        assert self.oracle.user(user, user) == told

    def protect(self, user: str, *, on: bool) -> None:
        """Protects the account, or opens it, which accepts the waiting requests a moment later."""
        self.world.protect(user, on)
        self._act(DONE, user, "PATCH", "/account/", {"protected": on})
        if not on:
            self._follows_up(user)

    def leave(self, user: str) -> None:
        """Deletes the account; counters follow a moment later."""
        person = self.people.pop(user)
        self.world.leave(user)
        self._catch_up()
        person.ok("DELETE", "/account/", {"password": PASSWORD})
        self.eyes.acted()
        person.close()
        self._follows_up(*self.people)

    def look_at_own(self, user: str) -> None:
        """One's own writes show at once in all that one reads, the feed first of all."""
        for path in ("/feed/", "/account/", f"/user/{user}/tweets", f"/user/{user}/replies"):
            self.eyes.agree(user, path, at_once=True)

    def look(self, viewer: str | None, read: str, size: int) -> None:
        """Compares one read; feeds alone may lag behind what others wrote, unless counters do, too."""
        self.eyes.agree(viewer, read, size=size, at_once=not self._late and not read.startswith("/feed/"))

    def look_at_suggestions(self, user: str) -> None:
        """Compares whom the account might follow."""
        self._catch_up()
        self.eyes.agree_on_suggestions(user)

    def settle(self) -> None:
        """Compares every read of everyone; of the searches each is somebody's, and where reads are slow a third of all
        reads is."""
        self._catch_up()
        searches = Searches(self.world, self.words, self.spots)
        everyone: list[str | None] = [None, *self.people]
        starts = (*self.words, f"m{self.run}_", f"m{self.run}_0")
        for place, viewer in enumerate(everyone):
            for read in islice(every_read(self.world, viewer), place % 3, None, 3 if self._late else 1):
                self.eyes.agree(viewer, read)
            for search in islice(searches.all(), place, None, len(everyone)):
                self.eyes.agree_on_search(viewer, search)
            self.eyes.agree_on_search(viewer, next(searches.all()), "top")
            self.eyes.agree_on_people(viewer, starts[place % len(starts)])
            if viewer is not None:
                self.eyes.agree_on_suggestions(viewer)
                self._look_from_the_middle(viewer)
        self.eyes.agree_on_trends(searches)

    def _look_from_the_middle(self, viewer: str) -> None:
        for tweet_id in list(self.world.posts)[:: max(1, len(self.world.posts) // 3)]:
            self.eyes.agree(viewer, f"/feed/?since={tweet_id}")
            self.eyes.agree(viewer, below("/feed/", tweet_id), size=1)

    def _follows_up(self, *users: str) -> None:
        """Waits for what comes a little after a write: accepted requests, and counters without a deleted account."""
        for user in users:
            for name in ("tweets", "replies", "followers"):
                self.eyes.agree(user, f"/user/{user}/{name}")
            for path in ("/account/", "/follow/requests"):
                self.eyes.agree(user, path)

    def _act(self, expected: Outcome, user: str, method: str, path: str, body: Any = None) -> Any:
        """Carries out a write, which must end as expected; its answer where it succeeds."""
        self._catch_up()
        answer = self.people[user].request(method, path, json=body)
        self.eyes.acted()
        outcome = DONE if answer.status_code == 200 else problem_of(answer)
        assert (method, path, expected) == (method, path, outcome)
        return answer.json() if outcome == DONE else None

    def _is_told(self, user: str, post: Post, told: Any) -> None:
        assert self.oracle.tweet(user, post) == told


def _text(content: str, spot: Spot | None) -> dict[str, Any]:
    return {"content": content} if spot is None else _placed(content, *spot)


def _placed(content: str, latitude: float, longitude: float) -> dict[str, Any]:
    return {"content": content, "latitude": latitude, "longitude": longitude}


def _surface(post: Post) -> str:
    """A reply may be edited as a tweet, too."""
    return "reply" if post.kind == "reply" and int(post.id) % 3 else "tweet"
