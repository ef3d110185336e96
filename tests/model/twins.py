"""A served network and its model, side by side: each write goes to both, each read is compared."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.model.oracle import Oracle
from tests.model.world import DONE, NOT_FOUND, Outcome, World
from tests.serving import PASSWORD, Person, Server, problem_of, sign_up, soon

WINDOW = 3  # of the served network: small, so that retweets leave it
SETTLED_S = 3.0
FEED_PAGE = 4
_runs = count(1)


class Twins:
    """Signed-up people by id; `oracle` says what they must read. Names and words belong to this run alone."""

    def __init__(self, server: Server, oracle: type[Oracle] = Oracle) -> None:
        self.world = World()
        self.oracle = oracle(self.world, WINDOW)
        self.people: dict[str, Person] = {}
        self.run = next(_runs)
        self.words = [f"{word}{self.run}" for word in ("robin", "wren", "finch", "crow")]
        self._server = server
        self._stranger = Person(server)
        self._sweeping = False

    def close(self) -> None:
        """Closes every connection."""
        for person in (*self.people.values(), self._stranger):
            person.close()

    def join(self) -> str:
        """A new account."""
        person = sign_up(self._server, f"m{self.run}_{len(self.world.accounts)}")
        self.world.join(person.ok("GET", "/account/"))
        self.people[person.id] = person
        return person.id

    def tweet(self, user: str, content: str, quoted: str | None = None) -> None:
        """A tweet, or a quote of what an id stands for."""
        expected = self.world.may_spread(user, quoted) if quoted else DONE
        body = {"content": content} if quoted is None else {"content": content, "quoteOf": quoted}
        target = self.world.target(user, quoted) if quoted else None
        told = self._act(expected, user, "POST", "/tweet/", body)
        self._written(user, told, quoted=target.id if target else None)

    def reply(self, user: str, tweet_id: str, content: str) -> None:
        """A reply to what an id stands for."""
        target = self.world.target(user, tweet_id)
        told = self._act(
            DONE if target else NOT_FOUND, user, "POST", f"/reply/{tweet_id}", {"content": content}
        )
        self._written(user, told, parent=target.id if target else None)

    def retweet(self, user: str, tweet_id: str) -> None:
        """A retweet, unless it stands."""
        target = self.world.target(user, tweet_id)
        told = self._act(self.world.may_spread(user, tweet_id), user, "POST", f"/retweet/{tweet_id}")
        if target and told and (standing := self.world.retweet_by(user, target.id)):
            assert self.oracle.tweet(user, standing) == told
        else:
            self._written(user, told, original=target.id if target else None)

    def undo_retweet(self, user: str, tweet_id: str) -> None:
        """Takes a retweet back."""
        target = self.world.target(user, tweet_id)
        self._act(DONE if target else NOT_FOUND, user, "DELETE", f"/retweet/{tweet_id}")
        if target and (standing := self.world.retweet_by(user, target.id)):
            self.world.delete(standing.id)

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
        told = self._act(expected, user, "PATCH", f"/tweet/{tweet_id}", {"content": content})
        if told and content != post.content:
            post.texts.insert(0, (content, told["editedTimeStamp"]))
            post.entities = told["entities"]
        if told:
            assert self.oracle.tweet(user, post) == told

    def delete(self, user: str, tweet_id: str) -> None:
        """Deletes what the account wrote."""
        expected = self.world.own(user, tweet_id)
        self._act(expected, user, "DELETE", f"/tweet/{tweet_id}")
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
            self._act(self.world.follow(user, other), user, "POST", "/follow", {"userId": other})
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
        self._act(DONE, user, "PATCH", "/account/", {"name": name, "bio": bio})

    def protect(self, user: str, *, on: bool) -> None:
        """Protects the account, or opens it."""
        self._sweeping |= not on
        self.world.protect(user, on)
        self._act(DONE, user, "PATCH", "/account/", {"protected": on})

    def leave(self, user: str) -> None:
        """Deletes the account."""
        self._sweeping = True
        self.world.leave(user)
        person = self.people.pop(user)
        person.ok("DELETE", "/account/", {"password": PASSWORD})
        person.close()

    def look_at_own(self, user: str) -> None:
        """One's own writes show at once in all that one reads, the feed first of all."""
        for path in ("/feed/", "/account/", f"/user/{user}/tweets", f"/user/{user}/replies"):
            self._agree(user, path, 0.0 if not self._sweeping else SETTLED_S)

    def look(self, viewer: str | None, path: str) -> None:
        """Compares one read: feeds may lag behind what others wrote, and all may while something is swept."""
        lags = self._sweeping or path.startswith("/feed/")
        self._agree(viewer, path, SETTLED_S if lags else 0.0)

    def settle(self) -> None:
        """Compares every read of everyone."""
        for viewer in (None, *self.people):
            for path in self.paths(viewer):
                self._agree(viewer, path, SETTLED_S)
        self._sweeping = False
        for word in self.words:
            for viewer in (None, *self.people):
                self._agree_on_search(viewer, word)

    def paths(self, viewer: str | None) -> Iterator[str]:
        """Every read that there is."""
        yield "/feed/public"
        if viewer is not None:
            yield from ("/feed/", "/account/", "/follow/requests", "/block", "/mute")
        for user in self.world.accounts:
            yield f"/user/{user}"
            for name in ("tweets", "replies", "likes", "followers", "following"):
                yield f"/user/{user}/{name}"
        for post in self.world.posts.values():
            yield from (f"/tweet/{post.id}", f"/reply/{post.id}")
            if post.kind != "retweet":
                yield from (f"/like/{post.id}", f"/retweet/{post.id}", f"/tweet/{post.id}/quotes")
                yield from (f"/reply/{post.id}/ancestors", f"/tweet/{post.id}/history")

    def _agree(self, viewer: str | None, path: str, within_s: float) -> None:
        soon((path, self.oracle.answer(viewer, path)), lambda: (path, self._read(viewer, path)), within_s)

    def _read(self, viewer: str | None, path: str) -> Any:
        person = self.people[viewer] if viewer else self._stranger
        answer = person.get(path, params={"pageSize": FEED_PAGE} if path.startswith("/feed/") else None)
        if answer.status_code != 200:
            return problem_of(answer)
        entries = answer.json()
        first = int(min(self.world.accounts, key=int))
        while "next" in answer.links and int(entries[-1]["tweetId"]) > first:
            answer = person.get(answer.links["next"]["url"])
            entries += answer.json()
        if path == "/feed/public":
            return [one for one in entries if int(one["tweetId"]) > first]
        return entries

    def _agree_on_search(self, viewer: str | None, word: str) -> None:
        person = self.people[viewer] if viewer else self._stranger
        tweets = self.oracle.search(viewer, word)
        soon(tweets, lambda: person.walk("/search/", token=word), SETTLED_S)
        people = self.oracle.people(viewer, word)
        soon(people, lambda: {one["userId"] for one in person.walk("/search/users", token=word)}, SETTLED_S)

    def _act(self, expected: Outcome, user: str, method: str, path: str, body: Any = None) -> Any:
        """Carries out a write, which must end as expected; its answer where it succeeds."""
        answer = self.people[user].request(method, path, json=body)
        outcome = DONE if answer.status_code == 200 else problem_of(answer)
        assert (method, path, expected) == (method, path, outcome)
        return answer.json() if outcome == DONE else None

    def _written(self, user: str, told: Any, **links: str | None) -> None:
        if told:
            self.world.wrote(told, **links)
            assert self.oracle.tweet(user, self.world.posts[told["tweetId"]]) == told
