"""Every read that there is, as paths with their queries."""

import re
from collections.abc import Iterator

from tests.model.world import World

_NO_LIST = re.compile(r"/account/|/user/[^/]+|/tweet/\d+|/tweet/\d+/history|/reply/\d+/ancestors")
_BY_TWEET_ID = re.compile(r"/feed/|/feed/public|/user/[^/]+/(tweets|replies)|/reply/\d+")


def every_read(world: World, viewer: str | None) -> Iterator[str]:
    """The reads whose answers are whole lists or single things; searches and suggestions stand elsewhere."""
    yield "/feed/public"
    if viewer is not None:
        yield from ("/feed/", "/account/", "/follow/requests", "/block", "/mute")
    for account in world.accounts.values():
        yield f"/user/{account.id}"
        for name in ("tweets", "replies", "likes", "followers", "following"):
            yield f"/user/{account.id}/{name}"
        yield f"/user/@{account.handle.upper()}"
    for post in world.posts.values():
        yield from (f"/tweet/{post.id}", f"/reply/{post.id}")
        if any(one.parent == post.id for one in world.posts.values()):
            yield from (f"/reply/{post.id}?sort=oldest", f"/reply/{post.id}?sort=top")
        if post.kind != "retweet":
            yield from (f"/like/{post.id}", f"/retweet/{post.id}", f"/tweet/{post.id}/quotes")
            yield from (f"/reply/{post.id}/ancestors", f"/tweet/{post.id}/history")


def is_list(read: str) -> bool:
    """Whether the answer comes in pages."""
    return not _NO_LIST.fullmatch(read)


def below(read: str, tweet_id: str) -> str:
    """The same list, starting strictly after a tweet, where the cursor is a tweet's id."""
    return f"{read}?cursor={tweet_id}" if _BY_TWEET_ID.fullmatch(read) else read
