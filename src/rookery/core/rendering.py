"""From facts to JSON, in pieces that are rendered once and joined at every read.

A tweet's own fields, an account's short object and a tweet's counters change at different times, so each is a piece
of its own; what differs between viewers is put in last. Measured: docs/decisions/0003-rendered-pieces.md.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import overload

import msgspec
from msgspec import Struct, structs

from rookery.core.entities import ContentKind, Counts, Edge, Mark, TweetFacts, UserFacts
from rookery.core.ids import timestamp

_encode = msgspec.json.Encoder().encode

NULL = b"null"
_MARKS = {
    (liked, retweeted): b',"liked":%s,"retweeted":%s}'
    % (b"true" if liked else b"false", b"true" if retweeted else b"false")
    for liked in (False, True)
    for retweeted in (False, True)
}
_KINDS = {kind: kind.name.lower() for kind in ContentKind}
_EDGE_FIELDS = (
    ("following", Edge.FOLLOWING),
    ("followedBy", Edge.FOLLOWED_BY),
    ("requested", Edge.REQUESTED),
    ("blocking", Edge.BLOCKING),
    ("blockedBy", Edge.BLOCKED_BY),
    ("muting", Edge.MUTING),
)


def avatar_url(user_id: int) -> str:
    """The path of an account's generated picture."""
    return f"/avatar/{user_id}"


class UserCard(Struct, gc=False):
    """An account's facts with its pieces: `short` is the `owner` object of a tweet; the rest is made when asked for."""

    facts: UserFacts
    short: bytes
    opened: bytes | None = None

    @classmethod
    def of(cls, facts: UserFacts) -> "UserCard":
        """The card of an account."""
        short = {
            "userId": str(facts.user_id),
            "handle": facts.handle,
            "name": facts.name,
            "avatarUrl": avatar_url(facts.user_id),
            "protected": facts.protected,
        }
        return cls(facts, _encode(short))

    def after_writing(self) -> "UserCard":
        """The card of the account with one tweet or reply more."""
        return UserCard(structs.replace(self.facts, tweets=self.facts.tweets + 1), self.short)

    def render(self, edge: int | None) -> bytes:
        """The User object; `edge` holds the viewer's Edge bits, None for a stranger."""
        if self.opened is None:
            self.opened = self._whole()[:-1]
        if edge is None:
            return self.opened + b"}"
        flags = {name: bool(edge & bit) for name, bit in _EDGE_FIELDS}
        return self.opened + b"," + _encode(flags)[1:]

    def _whole(self) -> bytes:
        facts = self.facts
        whole = {
            "userId": str(facts.user_id),
            "handle": facts.handle,
            "name": facts.name,
            "bio": facts.bio,
            "avatarUrl": avatar_url(facts.user_id),
            "createdTimeStamp": timestamp(facts.created_ms),
            "protected": facts.protected,
            "followerCount": facts.followers,
            "followingCount": facts.following,
            "tweetCount": facts.tweets,
        }
        return _encode(whole)


class TweetCard(Struct, frozen=True, gc=False):
    """A tweet's facts with the piece of its own fields; `related` are the tweets that its rendering looks at."""

    facts: TweetFacts
    related: tuple[int, ...]
    head: bytes

    @classmethod
    def of(cls, facts: TweetFacts) -> "TweetCard":
        """The card of a tweet."""
        related = tuple(one for one in (facts.original_id, facts.quoted_id, facts.parent_id) if one)
        fields = {
            "tweetId": str(facts.tweet_id),
            "ownerId": str(facts.owner_id),
            "kind": _KINDS[facts.kind],
            "content": facts.content,
            "createdTimeStamp": timestamp(facts.created_ms),
            "editedTimeStamp": timestamp(facts.edited_ms) if facts.edited_ms else None,
            "latitude": facts.latitude,
            "longitude": facts.longitude,
            "entities": msgspec.Raw(facts.links),
        }
        return cls(facts, related, _encode(fields)[:-1] + b',"owner":')


def counts_piece(counts: Counts) -> bytes:
    """A tweet's counters."""
    return b',"likeCount":%d,"replyCount":%d,"retweetCount":%d,"quoteCount":%d' % (
        counts.likes,
        counts.replies,
        counts.retweets,
        counts.quotes,
    )


def answered_piece(parent_id: int, owner: UserCard | None) -> bytes:
    """`inReplyTo`: without `owner` the parent is gone or hidden."""
    if owner is None:
        return b'{"tweetId":"%d","ownerId":null,"handle":null}' % parent_id
    return b'{"tweetId":"%d","ownerId":"%d","handle":"%s"}' % (
        parent_id,
        owner.facts.user_id,
        owner.facts.handle.encode(),
    )


def unavailable(tweet_id: int) -> bytes:
    """What stands for a quoted tweet or an ancestor that the viewer cannot see."""
    return b'{"tweetId":"%d","unavailable":true}' % tweet_id


def tweet_json(
    card: TweetCard, owner: UserCard, nested: tuple[bytes, bytes, bytes], counts: bytes, mark: Mark | None
) -> bytes:
    """The Tweet object. `nested` holds inReplyTo, retweetOf and quoteOf; `mark` is None for a stranger."""
    answered, original, quoted = nested
    tail = b"}" if mark is None else _MARKS[mark.liked, mark.retweeted]
    return b"".join(
        (
            card.head,
            owner.short,
            b',"inReplyTo":',
            answered,
            b',"retweetOf":',
            original,
            b',"quoteOf":',
            quoted,
            counts,
            tail,
        )
    )


class JsonArray(Sequence[bytes]):
    """Rendered objects that are kept as the JSON array which they make, and cut out of it one by one."""

    __slots__ = ("_ends", "whole")

    def __init__(self, items: Sequence[bytes]) -> None:
        self.whole = b"[" + b",".join(items) + b"]"
        self._ends = tuple(accumulate((len(item) + 1 for item in items), initial=1))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        if isinstance(at, slice):
            return [self[one] for one in range(len(self))[at]]
        place = range(len(self))[at]
        return self.whole[self._ends[place] : self._ends[place + 1] - 1]


def json_array(items: Sequence[bytes]) -> bytes:
    """A JSON array of rendered objects."""
    return items.whole if isinstance(items, JsonArray) else b"[" + b",".join(items) + b"]"
