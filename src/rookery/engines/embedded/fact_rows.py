"""Loading facts from core.db in batches: one statement for each kind of fact, whatever the number of ids."""

import json
from collections.abc import Mapping, Sequence

import apsw

from rookery.core import ids
from rookery.core.entities import AccountState, ContentKind, Counts, Edge, Mark, TweetFacts, UserFacts
from rookery.core.rendering import TweetCard, UserCard, counts_piece
from rookery.engines.embedded.connections import Row, id_list, rows_of

Tally = tuple[Counts, bytes]  # counters, and the same rendered

_TWEETS = """
SELECT t.tweet_id, t.owner_id, t.original_id, t.content, t.links, t.edited_ms, t.latitude, t.longitude, 0, 0,
  t.quoted_id
FROM json_each(?) j JOIN tweets t ON t.tweet_id = j.value WHERE t.deleted = 0"""
_REPLIES = """
SELECT r.reply_id, r.owner_id, 0, r.content, r.links, r.edited_ms, r.latitude, r.longitude, r.parent_id,
  r.parent_owner_id, 0
FROM json_each(?) j JOIN replies r ON r.reply_id = j.value WHERE r.deleted = 0"""
_COUNTS = """
SELECT j.value, coalesce(c.likes, 0), coalesce(p.replies, 0), coalesce(c.retweets, 0), coalesce(c.quotes, 0)
FROM json_each(?) j LEFT JOIN tweet_counts c ON c.tweet_id = j.value LEFT JOIN reply_counts p ON p.tweet_id = j.value"""
_USERS = """
SELECT u.user_id, u.handle, u.name, u.bio, u.protected, u.state, coalesce(f.followers, 0), coalesce(f.following, 0),
  coalesce(t.tweets, 0) + coalesce(r.replies, 0)
FROM json_each(?) j JOIN users u ON u.user_id = j.value LEFT JOIN follow_counts f ON f.user_id = u.user_id
  LEFT JOIN tweet_authors t ON t.user_id = u.user_id LEFT JOIN reply_authors r ON r.user_id = u.user_id"""
_EDGES = """
SELECT j.value, e.follow_id IS NOT NULL, e.request_id IS NOT NULL, e.block_id IS NOT NULL, e.blocked_by,
  e.mute_id IS NOT NULL, b.follow_id IS NOT NULL
FROM json_each(?1) j LEFT JOIN edges e ON e.viewer_id = ?2 AND e.other_id = j.value
  LEFT JOIN edges b ON b.viewer_id = j.value AND b.other_id = ?2"""
_MARKS = """
SELECT j.value, EXISTS (SELECT 1 FROM likes l WHERE l.user_id = ?2 AND l.tweet_id = j.value),
  EXISTS (SELECT 1 FROM tweets t
    WHERE t.original_id = j.value AND t.owner_id = ?2 AND t.original_id > 0 AND t.deleted = 0)
FROM json_each(?1) j"""
_EDGE_BITS = (Edge.FOLLOWING, Edge.REQUESTED, Edge.BLOCKING, Edge.BLOCKED_BY, Edge.MUTING, Edge.FOLLOWED_BY)


def active_handles(connection: apsw.Connection, handles: Sequence[str]) -> Mapping[str, int]:
    """The ids of active accounts by lower-case handle."""
    rows = rows_of(
        connection,
        "SELECT u.handle_folded, u.user_id FROM json_each(?) j JOIN users u ON u.handle_folded = j.value "
        "WHERE u.state = ?",
        (json.dumps([one.lower() for one in handles if one.isascii()]), int(AccountState.ACTIVE)),
    )
    return dict(rows)


def cards(connection: apsw.Connection, tweet_ids: list[int]) -> Mapping[int, TweetCard | None]:
    """The tweets and replies that stand; None for each of the others."""
    cards: dict[int, TweetCard | None] = dict.fromkeys(tweet_ids)
    for sql, odd in ((_TWEETS, 0), (_REPLIES, 1)):
        wanted = [one for one in tweet_ids if one & 1 == odd]
        if wanted:
            for row in rows_of(connection, sql, (id_list(wanted),)):
                cards[row[0]] = _card(row, odd)
    return cards


def _card(row: Row, odd: int) -> TweetCard:
    tweet_id, owner, original, content, links, edited, latitude, longitude, parent, parent_owner, quoted = row
    kind = ContentKind.REPLY if odd else ContentKind.RETWEET if original else ContentKind.TWEET
    return TweetCard.of(
        TweetFacts(
            tweet_id,
            owner,
            kind,
            content,
            links,
            edited,
            latitude,
            longitude,
            parent,
            parent_owner,
            original,
            quoted,
        )
    )


def tallies(connection: apsw.Connection, tweet_ids: list[int]) -> Mapping[int, Tally]:
    """The counters of each."""
    found = {row[0]: Counts(*row[1:]) for row in rows_of(connection, _COUNTS, (id_list(tweet_ids),))}
    return {one: (counts, counts_piece(counts)) for one, counts in found.items()}


def users(connection: apsw.Connection, user_ids: list[int]) -> Mapping[int, UserCard | None]:
    """The accounts in any state; None for an id that is none."""
    cards: dict[int, UserCard | None] = dict.fromkeys(user_ids)
    for user_id, handle, name, bio, protected, state, *counts in rows_of(
        connection, _USERS, (id_list(user_ids),)
    ):
        facts = UserFacts(
            user_id, handle, name, bio, ids.time_ms(user_id), bool(protected), AccountState(state), *counts
        )
        cards[user_id] = UserCard.of(facts)
    return cards


def edges(connection: apsw.Connection, user_ids: list[int], viewer: int) -> Mapping[int, int]:
    """The Edge bits from the viewer to each."""
    rows = rows_of(connection, _EDGES, (id_list(user_ids), viewer))
    return {row[0]: sum(bit for bit, holds in zip(_EDGE_BITS, row[1:], strict=True) if holds) for row in rows}


def marks(connection: apsw.Connection, tweet_ids: list[int], viewer: int) -> Mapping[int, Mark]:
    """What the viewer did to each."""
    rows = rows_of(connection, _MARKS, (id_list(tweet_ids), viewer))
    return {tweet_id: Mark(bool(liked), bool(retweeted)) for tweet_id, liked, retweeted in rows}
