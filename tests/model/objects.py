"""Users and tweets as JSON, each counter and mark computed from the whole world ("Objects" in docs/api.md)."""

from typing import Any

from tests.model.world import Post, World

Json = dict[str, Any]


class Objects:
    """Renders what a viewer (None: a stranger) sees."""

    def __init__(self, world: World) -> None:
        self.world = world

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
            "followerCount": self.followers(user),
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

    def followers(self, user: str) -> int:
        """How many follow an account."""
        return sum(pair[1] == user for pair in self.world.follows)

    def tweet(self, viewer: str | None, post: Post, *, nested: bool = True) -> Json:
        """A Tweet object; a quote within it has no quote of its own."""
        owner = self.world.accounts[post.owner]
        latitude, longitude = post.spot or (None, None)
        counted = post.original or post.id
        return {
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
            "latitude": latitude,
            "longitude": longitude,
            "entities": post.entities,
            "inReplyTo": self._answered(viewer, post.parent) if post.parent else None,
            "retweetOf": self.tweet(viewer, self.world.posts[post.original]) if post.original else None,
            "quoteOf": self.quote(viewer, self.world.posts[post.quoted]) if post.quoted and nested else None,
            **self.counts(counted),
            **self._marks(viewer, counted),
        }

    def quote(self, viewer: str | None, quoted: Post) -> Json:
        """A quoted tweet inside another."""
        if self.world.sees(viewer, quoted):
            return self.tweet(viewer, quoted, nested=False)
        return self.unavailable(quoted)

    def unavailable(self, post: Post) -> Json:
        """What stands for a quote or ancestor that the viewer does not see."""
        return {"tweetId": post.id, "unavailable": True}

    def counts(self, tweet_id: str) -> Json:
        """The counters of a tweet."""
        standing = [one for one in self.world.posts.values() if not one.deleted]
        return {
            "likeCount": sum(pair[1] == tweet_id for pair in self.world.likes),
            "replyCount": sum(one.parent == tweet_id for one in standing),
            "retweetCount": sum(one.original == tweet_id for one in standing),
            "quoteCount": sum(one.quoted == tweet_id for one in standing),
        }

    def score(self, post: Post) -> int:
        """What sort=top goes by."""
        counts = self.counts(post.id)
        return int(counts["likeCount"] + counts["replyCount"] + counts["retweetCount"])

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
