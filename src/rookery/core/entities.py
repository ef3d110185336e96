"""The facts that reads are made of: accounts, tweets, counters and the edges between accounts, as stored."""

from enum import IntEnum

from msgspec import Struct

from rookery.core import ids

STRANGER = 0  # the viewer who is not signed in


class AccountState(IntEnum):
    """Only an active account and its content are seen by anyone."""

    ACTIVE = 0
    DISABLED = 1
    DELETED = 2


class ContentKind(IntEnum):
    """What stands behind a tweet id."""

    TWEET = 0
    REPLY = 1
    RETWEET = 2


class Edge:
    """What holds from a viewer to another account, as bits of a plain int (an IntFlag costs 20 times the time)."""

    NONE = 0
    FOLLOWING = 1
    REQUESTED = 2
    BLOCKING = 4
    BLOCKED_BY = 8
    MUTING = 16
    FOLLOWED_BY = 32


class UserFacts(Struct, frozen=True, gc=False):
    """An account as everyone may know it."""

    user_id: int
    handle: str
    name: str
    bio: str
    created_ms: int
    protected: bool
    state: AccountState
    followers: int
    following: int
    tweets: int


class TweetFacts(Struct, frozen=True, gc=False):
    """A tweet, quote, retweet or reply that stands. `links` is its entities as JSON; a reply has `parent_id` and
    `parent_owner_id`, a retweet `original_id`, a quote `quoted_id`; 0 where there is none."""

    tweet_id: int
    owner_id: int
    kind: ContentKind
    content: str
    links: bytes
    edited_ms: int
    latitude: float | None
    longitude: float | None
    parent_id: int = 0
    parent_owner_id: int = 0
    original_id: int = 0
    quoted_id: int = 0

    @property
    def created_ms(self) -> int:
        """Unix time in milliseconds: an id carries its time."""
        return ids.time_ms(self.tweet_id)


class Counts(Struct, frozen=True, gc=False):
    """A tweet's counters."""

    likes: int = 0
    replies: int = 0
    retweets: int = 0
    quotes: int = 0


class Mark(Struct, frozen=True, gc=False):
    """What a viewer did to a tweet."""

    liked: bool = False
    retweeted: bool = False
