"""What every read must answer, computed from the whole world each time ("Who sees what", "The feed" in docs/api.md)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, urlsplit

from tests.model.objects import Json, Objects
from tests.model.world import NOT_FOUND, PROTECTED, Outcome, Pair, Post, World

Answer = list[Json] | Json | Outcome


class Oracle(Objects):
    """Answers GETs. `window`: the entries just older among which the same original hides a retweet."""

    def __init__(self, world: World, window: int) -> None:
        super().__init__(world)
        self.window = window

    def answer(self, viewer: str | None, read: str) -> Answer:
        """What GET of a path with its query shows the viewer: JSON, all pages of a list as one, or status and code of a
        refusal. `cursor` and `since` are tweet ids here."""
        target = urlsplit(read)
        query = dict(parse_qsl(target.query))
        shown = self._shown(viewer, target.path, query.get("sort", "latest"))
        if isinstance(shown, list) and query.keys() & {"cursor", "since"}:
            below, above = int(query.get("cursor", 1 << 63)), int(query.get("since", 0))
            return [one for one in shown if above < int(one["tweetId"]) < below]
        return shown

    def found(self, viewer: str | None, posts: Iterable[Post], sort: str = "latest") -> list[Json]:
        """A list of tweets: those that the viewer sees, in an order."""
        seen = [one for one in posts if self.world.sees(viewer, one)]
        seen.sort(key=lambda one: int(one.id), reverse=sort != "oldest")
        if sort == "top":
            seen.sort(key=self.score, reverse=True)
        return [self.tweet(viewer, one) for one in seen]

    def people(self, viewer: str | None, start: str) -> set[str]:
        """Ids of the accounts with a word in handle or name that begins so."""
        return {
            one.id
            for one in self.world.accounts.values()
            if one.exists and not self.world.blocked(viewer, one.id)
            if any(word.startswith(start) for word in (one.handle, *one.name.split()))
        }

    def near(self, viewer: str) -> dict[str, int]:
        """Whom those whom the viewer follows follow, by how many of them do, without those one has to do with."""
        follows = self.world.follows
        followed = {whom for who, whom in follows if who == viewer}
        counted = Counter(whom for who, whom in follows if who in followed)
        return {whom: count for whom, count in counted.items() if self._is_new(viewer, whom)}

    def popular(self, viewer: str) -> set[str]:
        """Everyone with followers whom the viewer has nothing to do with."""
        followed = {whom for _, whom in self.world.follows}
        return {one for one in followed if self._is_new(viewer, one)}

    def feed(self, viewer: str) -> list[Post]:
        """The home feed."""
        entries = [one for one in self.newest() if self.in_feed(viewer, one)]
        return [one for place, one in enumerate(entries) if not self.repeats(one, entries[place + 1 :])]

    def repeats(self, post: Post, older: Sequence[Post]) -> bool:
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

    def newest(self) -> list[Post]:
        """All that stands, newest first."""
        standing = (one for one in self.world.posts.values() if not one.deleted)
        return sorted(standing, key=lambda one: int(one.id), reverse=True)

    def _shown(self, viewer: str | None, path: str, sort: str) -> Answer:
        match path.split("/")[1:]:
            case ["account", ""]:
                return self.user(viewer, str(viewer))
            case ["user", user]:
                user = self._user_id(user)
                return self.user(viewer, user) if self.world.exists(user) else NOT_FOUND
            case ["user", user, name]:
                return self._list_of(viewer, self._user_id(user), name)
            case ["tweet", tweet_id]:
                post = self.world.posts[tweet_id]
                return self.tweet(viewer, post) if self.world.sees(viewer, post) else NOT_FOUND
            case ["reply", tweet_id]:
                return self._replies(viewer, tweet_id, sort)
            case ["feed", ""]:
                return [self.tweet(viewer, one) for one in self.feed(str(viewer))]
            case ["feed", "public"]:
                accounts = self.world.accounts
                tweets = (one for one in self.newest() if one.kind == "tweet")
                return self.found(viewer, (one for one in tweets if not accounts[one.owner].protected))
            case ["follow", "requests"]:
                return self._users(viewer, _before(self.world.requests, str(viewer)))
            case ["block" | "mute" as name]:
                kept = self.world.blocks if name == "block" else self.world.mutes
                return self._users(viewer, _after(kept, str(viewer)))
            case [surface, tweet_id, *rest]:
                target = self.world.target(viewer, tweet_id)
                return NOT_FOUND if target is None else self._on(viewer, target, [surface, *rest])
        raise AssertionError(path)

    def _user_id(self, name: str) -> str:
        """A handle stands for the account that has it."""
        if not name.startswith("@"):
            return name
        return next(one.id for one in self.world.accounts.values() if one.handle == name[1:].lower())

    def _list_of(self, viewer: str | None, user: str, name: str) -> Answer:
        world = self.world
        if not world.exists(user):
            return NOT_FOUND
        if world.blocked(viewer, user):
            return []
        if not world.may_read(viewer, user):
            return PROTECTED
        if name in ("followers", "following"):
            others = (_before if name == "followers" else _after)(world.follows, user)
            return self._users(viewer, [one for one in others if not world.blocked(viewer, one)])
        if name == "likes":
            liked = (world.posts[one] for one in _after(world.likes, user))
            return [self.tweet(viewer, one) for one in liked if world.sees(viewer, one)]
        own = (one for one in self.newest() if one.owner == user)
        return self.found(viewer, (one for one in own if (one.kind == "reply") == (name == "replies")))

    def _replies(self, viewer: str | None, tweet_id: str, sort: str) -> Answer:
        """A deleted tweet's replies go on listing under it, for those whom nothing keeps from its author."""
        post, world = self.world.posts[tweet_id], self.world
        if post.deleted and post.original is None:
            hidden = world.blocked(viewer, post.owner) or not world.may_read(viewer, post.owner)
            target = None if hidden else post
        else:
            target = world.target(viewer, tweet_id)
        if target is None:
            return NOT_FOUND
        return self.found(viewer, (one for one in self.newest() if one.parent == target.id), sort)

    def _on(self, viewer: str | None, target: Post, surface: list[str]) -> Answer:
        """A list that belongs to a visible tweet."""
        world = self.world
        match surface:
            case ["tweet", "quotes"]:
                return self.found(viewer, (one for one in self.newest() if one.quoted == target.id))
            case ["tweet", "history"]:
                return [{"content": content, "timeStamp": since} for content, since in target.texts]
            case ["like"]:
                likers = _before(world.likes, target.id)
                return self._users(viewer, [one for one in likers if world.reads(viewer, one)])
            case ["retweet"]:
                owners = [one.owner for one in self.newest() if one.original == target.id]
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
        return [self.unavailable(parent), *(self._ancestors(viewer, parent) if parent.deleted else [])]

    def _users(self, viewer: str | None, users: Iterable[str]) -> list[Json]:
        return [self.user(viewer, one) for one in users]

    def _is_new(self, viewer: str, user: str) -> bool:
        relations = (self.world.follows, self.world.requests, self.world.blocks, self.world.mutes)
        known = any((viewer, user) in one for one in relations) or (user, viewer) in self.world.blocks
        return viewer != user and self.world.exists(user) and not known


def _newest_first(relation: dict[Pair, int]) -> list[Pair]:
    return sorted(relation, key=lambda pair: relation[pair], reverse=True)


def _after(relation: dict[Pair, int], first: str) -> list[str]:
    """Whom one stands in the relation to, newest first."""
    return [second for one, second in _newest_first(relation) if one == first]


def _before(relation: dict[Pair, int], second: str) -> list[str]:
    """Who stands in the relation to one, newest first."""
    return [first for first, other in _newest_first(relation) if other == second]
