"""Rows of DynamoDB as facts.

`lineage` in the row of a tweet or reply holds what it retweets, quotes or answers, what that quotes or answers, and so
on upward, nearest first, each with its author. None of it ever changes. So one look at a row tells all that its
rendering looks at, and a conversation is read many levels at a time.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rookery.core import ids
from rookery.core.entities import AccountState, ContentKind, Counts, Edge, TweetFacts, UserFacts
from rookery.core.rendering import TweetCard, UserCard
from rookery.engines.cluster.tables import REPLIES, TWEETS, Item, Key, Table

LINEAGE_MAX = 20  # levels that a row keeps
_LEVEL = struct.Struct(">QQ")
_EDGE_BITS = (
    ("follow_id", Edge.FOLLOWING),
    ("request_id", Edge.REQUESTED),
    ("block_id", Edge.BLOCKING),
    ("blocked_by", Edge.BLOCKED_BY),
    ("mute_id", Edge.MUTING),
)

Level = tuple[int, int]  # (id, its author)


def table_of(item_id: int) -> Table:
    """Where a tweet or reply has its row."""
    return REPLIES if ids.is_reply(item_id) else TWEETS


def keys_of(item_ids: Iterable[int]) -> dict[Table, list[Key]]:
    """Where tweets and replies have their rows, to read many at once."""
    keys: dict[Table, list[Key]] = {TWEETS: [], REPLIES: []}
    for one in item_ids:
        keys[table_of(one)].append((one,))
    return keys


def number(row: Mapping[str, object], name: str) -> int:
    """A whole number in a row, 0 where there is none."""
    value = row.get(name, 0)
    assert isinstance(value, int)
    return value


def lineage(row: Item) -> list[Level]:
    """What a tweet or reply stands on, nearest first."""
    return list(_LEVEL.iter_unpack(raw(row, "lineage")))


def lineage_on(item_id: int, row: Item) -> bytes:
    """The `lineage` of what retweets, quotes or answers the tweet or reply of this row."""
    kept = raw(row, "lineage")[: (LINEAGE_MAX - 1) * _LEVEL.size]
    return _LEVEL.pack(item_id, number(row, "owner_id")) + kept


def nested(item_id: int, row: Item) -> Iterator[tuple[int, int, bool]]:
    """What the rendering of a tweet or reply looks at beside itself: (id, author, whether it is shown whole). Of what
    is answered only the author is told."""
    below = item_id
    whole_max = 2 if row.get("original_id") else 1  # a quote in a quote is not shown
    for depth, (one, owner_id) in enumerate(lineage(row)):
        if not ids.is_reply(below) and depth == whole_max:
            return
        yield one, owner_id, not ids.is_reply(below)
        if ids.is_reply(below):
            return
        below = one


def tweet_facts(row: Item) -> TweetFacts:
    """The tweet or reply in a row."""
    parent_id, original_id = number(row, "parent_id"), number(row, "original_id")
    kind = ContentKind.REPLY if parent_id else ContentKind.RETWEET if original_id else ContentKind.TWEET
    return TweetFacts(
        number(row, "reply_id" if parent_id else "tweet_id"),
        number(row, "owner_id"),
        kind,
        str(row["content"]),
        raw(row, "links"),
        number(row, "edited_ms"),
        _degrees(row, "latitude"),
        _degrees(row, "longitude"),
        parent_id,
        number(row, "parent_owner_id"),
        original_id,
        number(row, "quoted_id"),
    )


def tweet_card(row: Item | None) -> TweetCard | None:
    """The card of a tweet or reply that stands."""
    return None if row is None or row.get("deleted") else TweetCard.of(tweet_facts(row))


def tweet_counts(row: Mapping[str, object]) -> Counts:
    """A tweet's counters."""
    return Counts(*(number(row, name) for name in ("likes", "replies", "retweets", "quotes")))


def user_card(row: Item, counts: Mapping[str, object]) -> UserCard:
    """The card of an account in any state."""
    user_id = number(row, "user_id")
    facts = UserFacts(
        user_id,
        str(row["handle"]),
        str(row["name"]),
        str(row.get("bio", "")),
        ids.time_ms(user_id),
        bool(row.get("protected")),
        AccountState(number(row, "state")),
        *(number(counts, name) for name in ("followers", "following", "tweets")),
    )
    return UserCard.of(facts)


def edge_bits(there: Item | None, back: Item | None) -> int:
    """The Edge bits of a viewer to another account; `back` is the row of that one to the viewer."""
    bits = sum(bit for name, bit in _EDGE_BITS if there is not None and there.get(name))
    return bits | (Edge.FOLLOWED_BY if back is not None and back.get("follow_id") else 0)


def added(counts: Mapping[str, object], delta: Item) -> Mapping[str, object]:
    """A row of counters with a delta that is not folded into it."""
    name = str(delta["field"])
    return {**counts, name: number(counts, name) + number(delta, "amount")}


def candidates(rows: Sequence[Item]) -> list[tuple[int, int]]:
    """The rows of a listing as (position, item)."""
    return [(number(row, "position"), number(row, "item")) for row in rows]


def raw(row: Item, name: str) -> bytes:
    """Bytes in a row, none where they are not there."""
    value = row.get(name, b"")
    assert isinstance(value, bytes)
    return value


def _degrees(row: Item, name: str) -> float | None:
    value = row.get(name)
    assert value is None or isinstance(value, int | float)
    return None if value is None else float(value)
