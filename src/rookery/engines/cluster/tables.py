"""Every table with its keys: the one place that says so, for `rookery migrate`, the adapters and the deployment.

What must be right at once (lists that fan-out, pull or one's own reads rely on) is a row of its own, written in the
same transaction and read consistently; there is no secondary index. No attribute grows with use: history, blocks and
followers are rows. A row that many people write at the same time is in no transaction (counts are folded from deltas).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

KeyType = Literal["N", "S", "B"]
EXPIRES = "expires_s"  # Unix seconds after which DynamoDB may drop a row of a table that has `expires`
LIKERS_SHARDS = 8  # partitions of the likers of one tweet
OUTBOX_SHARDS = 256
EVERYBODY = "all"  # owner of a list of which there is one
PUBLIC_SHARDS = 16  # lists that together hold everybody's tweets


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table: the names and types of its partition key and, where it has one, its sort key."""

    name: str
    key: str
    key_type: KeyType = "N"
    sort: str | None = None
    sort_type: KeyType = "N"
    expires: bool = False

    def key_of(self, item: "Mapping[str, Any]") -> "Key":
        """The key of a row."""
        return (item[self.key],) if self.sort is None else (item[self.key], item[self.sort])

    def named(self, key: "Key") -> "Item":
        """A key as the attributes that hold it."""
        return dict(zip((self.key, self.sort) if self.sort else (self.key,), key, strict=True))


Value = int | float | str | bytes | bool
Item = dict[str, Value]
Key = tuple[Value, ...]
Placed = tuple[Table, Mapping[str, Value | None]]  # a row and where it belongs; None is left out


def _listing(name: str) -> Table:
    """A list: `owner` is whose it is, `position` orders it (newest is highest), `item` is what stands there."""
    return Table(name, "owner", "S", "position")


USERS = Table("users", "user_id")  # handle, name, bio, protected, state, rev: how often it changed
HANDLES = Table("handles", "handle", "S")  # user_id; stays when the account is deleted
CREDENTIALS = Table("credentials", "user_id")  # password_hash; generation, kept_session: which sessions live
SESSIONS = Table("sessions", "user_id", sort="session_id")  # token_hash, created_ms, used_ms, generation
SESSION_KEYS = Table("session_keys", "session_key", "S")  # by token hash and by id: user_id, session_id
SIGNING_KEYS = Table("signing_keys", "ring", "S", "created_ms")  # one partition: key_id, private_jwk

# owner_id, original_id, quoted_id, content, links, place, edited_ms, rev, deleted, lineage (see fact_rows)
TWEETS = Table("tweets", "tweet_id")
VERSIONS = Table("versions", "tweet_id", sort="rev")  # earlier texts of tweets and replies: content, at_ms
LIKES = Table("likes", "user_id", sort="tweet_id")  # like_id
RETWEETS = Table("retweets", "user_id", sort="original_id")  # retweet_id
TWEETS_OF = _listing("tweets_of")  # an account's tweets, quotes and retweets, with original_id
PUBLIC_TWEETS = _listing("public_tweets")  # everybody's tweets and quotes, in PUBLIC_SHARDS lists
LIKES_OF = _listing("likes_of")  # what an account likes, by when it began to
LIKERS_OF = _listing("likers_of")  # who likes a tweet; LIKERS_SHARDS lists each
RETWEETERS_OF = _listing("retweeters_of")  # who retweeted a tweet
QUOTES_OF = _listing("quotes_of")  # the quotes of a tweet
LOADED_ROWS = Table("loaded_rows", "row_hash", "B")  # tweet_id

REPLIES = Table("replies", "reply_id")  # owner_id, parent_id, parent_owner_id, content, ... like tweets
REPLIES_OF = _listing("replies_of")  # an account's replies
REPLIES_TO = _listing("replies_to")  # the direct replies to a tweet

EDGES = Table("edges", "viewer_id", sort="other_id")  # follow_id, request_id, block_id, blocked_by, mute_id
FOLLOWERS_OF = _listing("followers_of")
FOLLOWING_OF = _listing("following_of")
REQUESTS_TO = _listing("requests_to")
BLOCKS_OF = _listing("blocks_of")
MUTES_OF = _listing("mutes_of")
MUTERS_OF = _listing("muters_of")  # who mutes an account: for its erasure
MOST_FOLLOWED = _listing("most_followed")  # one list, by powers of two of followers

CELEBRITIES = _listing("celebrities")  # one list of the flagged accounts; positions are minted with the flag

COUNTS = Table(
    "counts", "subject_id"
)  # likes, retweets, quotes, replies; followers, following, tweets; celebrity_ms
DELTAS = Table("deltas", "actor_id", sort="delta_id")  # not yet folded into counts: subject_id, field, amount

OUTBOX = Table("outbox", "shard", sort="event_id", expires=True)  # kind, actor, subject, other, backdated
IDEMPOTENCY_KEYS = Table("idempotency_keys", "name", "S", expires=True)  # fingerprint, subject, at_ms
RATE_WINDOWS = Table("rate_windows", "name", "S", expires=True)  # start_ms, ends_ms, used
LEASES = Table("leases", "name", "S")  # holder, until_ms, and what the holder passes on (see sweeper)

TABLES: tuple[Table, ...] = tuple(one for one in list(globals().values()) if isinstance(one, Table))
