"""A network in plain Python: what is there, and what each write does (docs/api.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

Pair = tuple[str, str]
Spot = tuple[float, float]
Outcome = tuple[int, str]

DONE: Outcome = (200, "")
NOT_FOUND: Outcome = (404, "not_found")
PROTECTED: Outcome = (403, "protected")


@dataclass
class Account:
    """An account; `created` is the timestamp that the server told."""

    id: str
    handle: str
    name: str
    created: str
    bio: str = ""
    protected: bool = False
    exists: bool = True


@dataclass
class Post:
    """A tweet, quote, retweet or reply. `texts` holds (content, since) newest first; `entities` those of the newest;
    `spot` latitude and longitude in degrees."""

    id: str
    owner: str
    kind: str
    created: str
    texts: list[Pair]
    entities: Any
    parent: str | None = None
    original: str | None = None
    quoted: str | None = None
    spot: Spot | None = None
    deleted: bool = False

    @property
    def content(self) -> str:
        """The present text."""
        return self.texts[0][0]

    @property
    def edited(self) -> str | None:
        """When it was last edited."""
        return self.texts[0][1] if len(self.texts) > 1 else None


@dataclass
class World:
    """Everything that is there. The relations hold (who, whom) with the turn in which they began."""

    accounts: dict[str, Account] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    follows: dict[Pair, int] = field(default_factory=dict)
    requests: dict[Pair, int] = field(default_factory=dict)
    blocks: dict[Pair, int] = field(default_factory=dict)
    mutes: dict[Pair, int] = field(default_factory=dict)
    likes: dict[Pair, int] = field(default_factory=dict)
    _turns: Any = field(default_factory=lambda: count(1))

    def join(self, user: Mapping[str, Any]) -> None:
        """A new account, as signing up answered it."""
        self.accounts[user["userId"]] = Account(
            user["userId"], user["handle"], user["name"], user["createdTimeStamp"]
        )

    def exists(self, user: str) -> bool:
        """Whether the account is there."""
        return self.accounts[user].exists

    def blocked(self, one: str | None, other: str) -> bool:
        """Whether a block stands between two, either way."""
        return one is not None and ((one, other) in self.blocks or (other, one) in self.blocks)

    def may_read(self, viewer: str | None, user: str) -> bool:
        """Whether the account's protection lets the viewer read it."""
        return not self.accounts[user].protected or viewer == user or (viewer, user) in self.follows

    def reads(self, viewer: str | None, user: str) -> bool:
        """Whether the viewer sees what an account wrote."""
        return self.exists(user) and not self.blocked(viewer, user) and self.may_read(viewer, user)

    def sees(self, viewer: str | None, post: Post) -> bool:
        """Whether the viewer sees a tweet by its id."""
        if post.deleted or not self.reads(viewer, post.owner):
            return False
        return post.original is None or self.sees(viewer, self.posts[post.original])

    def target(self, viewer: str | None, tweet_id: str) -> Post | None:
        """What an action on an id acts on, or None where the viewer does not see it."""
        post = self.posts[tweet_id]
        if not self.sees(viewer, post):
            return None
        return self.posts[post.original] if post.original else post

    def retweet_by(self, user: str, original: str) -> Post | None:
        """The account's retweet of a tweet."""
        mine = (one for one in self.posts.values() if one.owner == user and one.original == original)
        return next((one for one in mine if not one.deleted), None)

    def may_spread(self, user: str, tweet_id: str) -> Outcome:
        """Whether the account may retweet or quote it."""
        target = self.target(user, tweet_id)
        if target is None:
            return NOT_FOUND
        return PROTECTED if self.accounts[target.owner].protected else DONE

    def wrote(
        self,
        tweet: Mapping[str, Any],
        *,
        parent: Post | None = None,
        original: Post | None = None,
        quoted: Post | None = None,
        spot: Spot | None = None,
    ) -> Post:
        """A new post, as the server answered it, with what it answers, retweets or quotes."""
        post = self.posts[tweet["tweetId"]] = Post(
            tweet["tweetId"],
            tweet["ownerId"],
            "reply" if parent else "retweet" if original else "tweet",
            tweet["createdTimeStamp"],
            [(tweet["content"], tweet["createdTimeStamp"])],
            tweet["entities"],
            parent.id if parent else None,
            original.id if original else None,
            quoted.id if quoted else None,
            spot,
        )
        return post

    def own(self, user: str, tweet_id: str) -> Outcome:
        """Whether the account may edit or delete it."""
        post = self.posts[tweet_id]
        if not self.sees(user, post):
            return NOT_FOUND
        return DONE if post.owner == user else (403, "not_yours")

    def delete(self, tweet_id: str) -> None:
        """Takes a post away, and its retweets and likes with it."""
        for one in self.posts.values():
            if tweet_id in (one.id, one.original):
                one.deleted = True
        self.likes = {pair: turn for pair, turn in self.likes.items() if not self.posts[pair[1]].deleted}

    def like(self, user: str, tweet_id: str) -> None:
        """A like, unless it stands."""
        self.likes.setdefault((user, tweet_id), next(self._turns))

    def follow(self, user: str, other: str) -> Outcome:
        """A follow, or a request to a protected account."""
        if not self.exists(other):
            return NOT_FOUND
        if user == other:
            return 400, "cannot_follow_self"
        if self.blocked(user, other):
            return 403, "blocked"
        if (user, other) in self.follows:
            return DONE
        if self.accounts[other].protected:
            self.requests.setdefault((user, other), next(self._turns))
        else:
            self._begin_follow(user, other)
        return DONE

    def unfollow(self, user: str, other: str) -> Outcome:
        """Ends a follow or takes back a request."""
        self.follows.pop((user, other), None)
        self.requests.pop((user, other), None)
        return DONE if self.exists(other) else NOT_FOUND

    def answer_request(self, user: str, asker: str, accept: bool) -> Outcome:
        """Accepts or refuses a request; refusing one that is not there does nothing."""
        if not self.exists(asker) or (accept and (asker, user) not in self.requests):
            return NOT_FOUND
        if accept:
            self._begin_follow(asker, user)
        self.requests.pop((asker, user), None)
        return DONE

    def block(self, user: str, other: str) -> Outcome:
        """Ends follows and requests both ways."""
        if not self.exists(other):
            return NOT_FOUND
        if user == other:
            return 400, "cannot_block_self"
        self.unfollow(user, other)
        self.unfollow(other, user)
        self.blocks.setdefault((user, other), next(self._turns))
        return DONE

    def mute(self, user: str, other: str) -> Outcome:
        """Mutes."""
        if not self.exists(other):
            return NOT_FOUND
        if user == other:
            return 400, "cannot_block_self"
        self.mutes.setdefault((user, other), next(self._turns))
        return DONE

    def protect(self, user: str, protected: bool) -> None:
        """Protects an account, or opens it, which accepts the waiting requests."""
        self.accounts[user].protected = protected
        if not protected:
            waiting = sorted((turn, pair) for pair, turn in self.requests.items() if pair[1] == user)
            for _, (asker, _) in waiting:
                self._begin_follow(asker, user)

    def leave(self, user: str) -> None:
        """Deletes an account and all that is of it."""
        self.accounts[user].exists = False
        for post in list(self.posts.values()):
            if post.owner == user and not post.deleted:
                self.delete(post.id)
        for relation in (self.follows, self.requests, self.blocks, self.mutes):
            for pair in [one for one in relation if user in one]:
                del relation[pair]
        self.likes = {pair: turn for pair, turn in self.likes.items() if pair[0] != user}

    def _begin_follow(self, user: str, other: str) -> None:
        self.requests.pop((user, other), None)
        self.follows[user, other] = next(self._turns)
