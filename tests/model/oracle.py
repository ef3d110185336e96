"""What every read must answer, computed from the whole world each time ("Who sees what", "The feed" in docs/api.md)."""

from collections.abc import Iterable
from typing import Any

from tests.model.world import NOT_FOUND, PROTECTED, Outcome, Pair, Post, World

Json = dict[str, Any]
Answer = list[Json] | Json | Outcome


class Oracle:
    """Answers GETs. `window`: the entries just older among which the same original hides a retweet."""

    def __init__(self, world: World, window: int) -> None:
        self.world = world
        self.window = window

    def answer(self, viewer: str | None, path: str) -> Answer:
        """What GET `path` shows the viewer: JSON, all pages of a list as one, or status and code of a refusal."""
        match path.split("/")[1:]:
            case ["account", ""]:
                return self.user(viewer, str(viewer))
            case ["user", user]:
                return self.user(viewer, user) if self.world.exists(user) else NOT_FOUND
            case ["user", user, name]:
                return self._list_of(viewer, user, name)
            case ["tweet", tweet_id]:
                post = self.world.posts[tweet_id]
                return self.tweet(viewer, post) if self.world.sees(viewer, post) else NOT_FOUND
            case ["reply", tweet_id]:
                return self._replies(viewer, tweet_id)
            case ["feed", name]:
                posts = self.public(viewer) if name == "public" else self.feed(str(viewer))
                return [self.tweet(viewer, one) for one in posts]
            case ["follow", "requests"]:
                return self._users(viewer, _before(self.world.requests, str(viewer)))
            case ["block" | "mute" as name]:
                kept = self.world.blocks if name == "block" else self.world.mutes
                return self._users(viewer, _after(kept, str(viewer)))
            case [surface, tweet_id, *rest]:
                target = self.world.target(viewer, tweet_id)
                return NOT_FOUND if target is None else self._on(viewer, target, [surface, *rest])
        raise AssertionError(path)

    def search(self, viewer: str | None, word: str) -> list[Json]:
        """Tweets, quotes and replies with a word."""
        found = (one for one in self._newest() if one.original is None and word in one.content.split())
        return [self.tweet(viewer, one) for one in found if self.world.sees(viewer, one)]

    def people(self, viewer: str | None, word: str) -> set[str]:
        """Ids of the accounts that have a word in their names."""
        found = (one for one in self.world.accounts.values() if word in one.name.split() and one.exists)
        return {one.id for one in found if not self.world.blocked(viewer, one.id)}

    def feed(self, viewer: str) -> list[Post]:
        """The home feed."""
        entries = [one for one in self._newest() if self.in_feed(viewer, one)]
        return [one for place, one in enumerate(entries) if not self.repeats(one, entries[place + 1 :])]

    def repeats(self, post: Post, older: list[Post]) -> bool:
        """Whether a retweet is hidden by what is just older."""
        just_older = older[: self.window]
        return post.original is not None and any(
            post.original in (one.id, one.original) for one in just_older
        )

    def in_feed(self, viewer: str, post: Post) -> bool:
        """Whether an entry is the viewer's."""
        if not self.world.sees(viewer, post) or not self.follows(viewer, post.owner):
            return False
        if self.mutes(viewer, post.owner):
            return False
        if post.parent is not None:
            return self.follows(viewer, self.world.posts[post.parent].owner)
        return post.original is None or not self.mutes(viewer, self.world.posts[post.original].owner)

    def follows(self, viewer: str, user: str) -> bool:
        """Whether the account is the viewer's own or one followed now."""
        return viewer == user or (viewer, user) in self.world.follows

    def mutes(self, viewer: str, user: str) -> bool:
        """Whether the viewer muted the account."""
        return (viewer, user) in self.world.mutes

    def public(self, viewer: str | None) -> list[Post]:
        """The public timeline."""
        accounts = self.world.accounts
        shown = (one for one in self._newest() if one.kind == "tweet" and self.world.sees(viewer, one))
        return [one for one in shown if not accounts[one.owner].protected]

    def user(self, viewer: str | None, user: str) -> Json:
        """A User object."""
        one, world = self.world.accounts[user], self.world
        shown: Json = {
            "userId": one.id,
            "handle": one.handle,
            "name": one.name,
            "bio": one.bio,
            "avatarUrl": f"/avatar/{one.id}",
            "createdTimeStamp": one.created,
            "protected": one.protected,
            "followerCount": sum(pair[1] == user for pair in world.follows),
            "followingCount": sum(pair[0] == user for pair in world.follows),
            "tweetCount": sum(post.owner == user and not post.deleted for post in world.posts.values()),
        }
        if viewer is None:
            return shown
        return {
            **shown,
            "following": (viewer, user) in world.follows,
            "followedBy": (user, viewer) in world.follows,
            "requested": (viewer, user) in world.requests,
            "blocking": (viewer, user) in world.blocks,
            "blockedBy": (user, viewer) in world.blocks,
            "muting": (viewer, user) in world.mutes,
        }

    def tweet(self, viewer: str | None, post: Post, *, nested: bool = True) -> Json:
        """A Tweet object; a quote within it has no quote of its own."""
        owner = self.world.accounts[post.owner]
        shown: Json = {
            "tweetId": post.id,
            "ownerId": owner.id,
            "owner": {
                "userId": owner.id,
                "handle": owner.handle,
                "name": owner.name,
                "avatarUrl": f"/avatar/{owner.id}",
                "protected": owner.protected,
            },
            "kind": post.kind,
            "content": post.content,
            "createdTimeStamp": post.created,
            "editedTimeStamp": post.edited,
            "latitude": None,
            "longitude": None,
            "entities": post.entities,
            "inReplyTo": self._answered(viewer, post.parent) if post.parent else None,
            "retweetOf": self.tweet(viewer, self.world.posts[post.original]) if post.original else None,
            "quoteOf": self.quote(viewer, self.world.posts[post.quoted]) if post.quoted and nested else None,
        }
        return {
            **shown,
            **self.counts(post.original or post.id),
            **self._marks(viewer, post.original or post.id),
        }

    def quote(self, viewer: str | None, quoted: Post) -> Json:
        """A quoted tweet inside another."""
        return (
            self.tweet(viewer, quoted, nested=False)
            if self.world.sees(viewer, quoted)
            else _unavailable(quoted)
        )

    def counts(self, tweet_id: str) -> Json:
        """The counters of a tweet."""
        standing = [one for one in self.world.posts.values() if not one.deleted]
        return {
            "likeCount": sum(pair[1] == tweet_id for pair in self.world.likes),
            "replyCount": sum(one.parent == tweet_id for one in standing),
            "retweetCount": sum(one.original == tweet_id for one in standing),
            "quoteCount": sum(one.quoted == tweet_id for one in standing),
        }

    def _marks(self, viewer: str | None, tweet_id: str) -> Json:
        if viewer is None:
            return {}
        retweeted = self.world.retweet_by(viewer, tweet_id) is not None
        return {"liked": (viewer, tweet_id) in self.world.likes, "retweeted": retweeted}

    def _answered(self, viewer: str | None, parent_id: str) -> Json:
        parent = self.world.posts[parent_id]
        if not self.world.sees(viewer, parent):
            return {"tweetId": parent_id, "ownerId": None, "handle": None}
        handle = self.world.accounts[parent.owner].handle
        return {"tweetId": parent_id, "ownerId": parent.owner, "handle": handle}

    def _list_of(self, viewer: str | None, user: str, name: str) -> Answer:
        world = self.world
        if not world.exists(user):
            return NOT_FOUND
        if world.blocked(viewer, user):
            return []
        if not world.may_read(viewer, user):
            return PROTECTED
        if name == "followers":
            return self._users(
                viewer, [one for one in _before(world.follows, user) if not world.blocked(viewer, one)]
            )
        if name == "following":
            return self._users(
                viewer, [one for one in _after(world.follows, user) if not world.blocked(viewer, one)]
            )
        if name == "likes":
            posts = [world.posts[one] for one in _after(world.likes, user)]
        else:
            posts = [one for one in self._newest() if one.owner == user]
            posts = [one for one in posts if (one.kind == "reply") == (name == "replies")]
        return [self.tweet(viewer, one) for one in posts if world.sees(viewer, one)]

    def _replies(self, viewer: str | None, tweet_id: str) -> Answer:
        """A deleted tweet's replies go on listing under it, for those whom nothing keeps from its author."""
        post, world = self.world.posts[tweet_id], self.world
        if post.deleted and post.original is None:
            hidden = world.blocked(viewer, post.owner) or not world.may_read(viewer, post.owner)
            target = None if hidden else post
        else:
            target = world.target(viewer, tweet_id)
        if target is None:
            return NOT_FOUND
        replies = [one for one in self._newest() if one.parent == target.id and world.sees(viewer, one)]
        return [self.tweet(viewer, one) for one in replies]

    def _on(self, viewer: str | None, target: Post, surface: list[str]) -> Answer:
        """A list that belongs to a visible tweet."""
        world = self.world
        match surface:
            case ["tweet", "quotes"]:
                quotes = [
                    one for one in self._newest() if one.quoted == target.id and world.sees(viewer, one)
                ]
                return [self.tweet(viewer, one) for one in quotes]
            case ["tweet", "history"]:
                return [{"content": content, "timeStamp": since} for content, since in target.texts]
            case ["like"]:
                return self._users(
                    viewer, [one for one in _before(world.likes, target.id) if world.reads(viewer, one)]
                )
            case ["retweet"]:
                owners = [one.owner for one in self._newest() if one.original == target.id]
                return self._users(viewer, [one for one in owners if world.reads(viewer, one)])
            case ["reply", "ancestors"]:
                return self._ancestors(viewer, target)[::-1]
        raise AssertionError(surface)

    def _ancestors(self, viewer: str | None, post: Post) -> list[Json]:
        """Upward; a hidden one hides what it answers."""
        if post.parent is None:
            return []
        parent = self.world.posts[post.parent]
        if self.world.sees(viewer, parent):
            return [self.tweet(viewer, parent), *self._ancestors(viewer, parent)]
        return [_unavailable(parent), *(self._ancestors(viewer, parent) if parent.deleted else [])]

    def _users(self, viewer: str | None, users: Iterable[str]) -> list[Json]:
        return [self.user(viewer, one) for one in users]

    def _newest(self) -> list[Post]:
        standing = (one for one in self.world.posts.values() if not one.deleted)
        return sorted(standing, key=lambda one: int(one.id), reverse=True)


def _unavailable(post: Post) -> Json:
    return {"tweetId": post.id, "unavailable": True}


def _newest_first(relation: dict[Pair, int]) -> list[Pair]:
    return sorted(relation, key=lambda pair: relation[pair], reverse=True)


def _after(relation: dict[Pair, int], first: str) -> list[str]:
    """Whom one stands in the relation to, newest first."""
    return [second for one, second in _newest_first(relation) if one == first]


def _before(relation: dict[Pair, int], second: str) -> list[str]:
    """Who stands in the relation to one, newest first."""
    return [first for first, other in _newest_first(relation) if other == second]
