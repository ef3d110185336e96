"""Events: what a write says happened, in the write's own transaction. Ids and kinds, never text."""

from enum import IntEnum

from msgspec import Struct


class Kind(IntEnum):
    """What happened. The comment gives the meaning of `subject` and `other` (0 where there is none)."""

    ACCOUNT_CREATED = 1  # the account
    ACCOUNT_CHANGED = 2  # the account: name or bio, or the celebrity flag
    ACCOUNT_PROTECTED = 3  # the account
    ACCOUNT_OPENED = 4  # the account
    ACCOUNT_DISABLED = 5  # the account
    ACCOUNT_ENABLED = 6  # the account
    ACCOUNT_DELETED = 7  # the account
    SESSION_ENDED = 8  # the account, the session
    TWEET_CREATED = 10  # the tweet or quote, the quoted tweet
    RETWEET_CREATED = 11  # the retweet, its original
    REPLY_CREATED = 12  # the reply, its parent
    CONTENT_EDITED = 13  # the tweet or reply
    CONTENT_DELETED = 14  # the tweet, retweet or reply, and what it retweeted, quoted or answered
    LIKED = 20  # the tweet
    UNLIKED = 21  # the tweet
    FOLLOWED = 30  # the follower, the followed account: a follow that now stands
    EDGE_CHANGED = 31  # two accounts between which anything else changed


class Event(Struct, frozen=True):
    """One thing that happened. `event_id` comes from the clock of all ids, in commit order; `actor` is the account
    whose write it was (for content: its author)."""

    event_id: int
    kind: Kind
    actor: int
    subject: int
    other: int
    backdated: bool = False
