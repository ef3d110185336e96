"""Rows of core.db as the rows that the cluster engine's own writes would have made.

Ids stay. Deleted rows keep theirs; counters go in whole. Left out are rate windows, which begin anew, events that have
been carried out, and idempotency keys older than a day.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import apsw

from rookery.core import ids
from rookery.core.content import Draft
from rookery.core.events import Event, Kind
from rookery.engines.cluster import (
    accounts,
    admission,
    edges,
    replies,
    sessions,
    signing_keys,
    suggestions,
    tables,
    tweets,
)
from rookery.engines.cluster.fact_rows import LINEAGE_MAX, lineage_on
from rookery.engines.cluster.tables import Item, Placed
from rookery.engines.cluster.tx import event_row
from rookery.engines.embedded.connections import rows_of
from rookery.engines.embedded.upkeep import KINDS
from rookery.services.accounts.store import SigningKey

_STOOD = {
    "tweets": "SELECT owner_id, max(original_id, quoted_id) FROM tweets WHERE tweet_id = ?",  # one of them is 0
    "replies": "SELECT owner_id, parent_id FROM replies WHERE reply_id = ?",
}
_TEXT = "owner_id, content, links, latitude, longitude, edited_ms, rev, deleted"
_VERSIONS = """
(SELECT tweet_id, rev, content, at_ms FROM tweet_versions
UNION ALL SELECT reply_id, rev, content, at_ms FROM reply_versions)"""
# In the order of its ids each of these is read as it lies; an account may have the number of a tweet.
_COUNTED = """
(SELECT tweet_id AS id FROM tweet_counts UNION SELECT tweet_id FROM reply_counts UNION SELECT user_id FROM users
ORDER BY id) LEFT JOIN tweet_counts t ON t.tweet_id = id LEFT JOIN reply_counts r ON r.tweet_id = id
LEFT JOIN follow_counts f ON f.user_id = id LEFT JOIN tweet_authors a ON a.user_id = id
LEFT JOIN reply_authors b ON b.user_id = id"""
_NUMBERS = """
id, likes, retweets, quotes, r.replies, followers, following, coalesce(a.tweets, 0) + coalesce(b.replies, 0),
celebrity_ms"""
# Two that were flagged in the same millisecond get places one after the other.
_FLAGS = "user_id, celebrity_ms, row_number() OVER (PARTITION BY celebrity_ms ORDER BY user_id) - 1"
_LEFT = f"""
outbox WHERE event_id > (SELECT value FROM meta WHERE name = 'upkeep_offset')
AND kind IN ({", ".join(str(int(kind)) for kind in KINDS)})"""  # noqa: S608 - no input


@dataclass(frozen=True, slots=True)
class Part:
    """What is moved together: where it stands in core.db, and what becomes of one row of it."""

    name: str
    source: str
    columns: str
    made: Callable[..., Iterable[Placed]]


class Truth:
    """core.db, opened for reading, as of `now_ms` (Unix time)."""

    def __init__(self, connection: apsw.Connection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms
        keys_from_ms = now_ms - admission.KEY_KEPT_MS
        self.parts = (
            Part("signing keys", "signing_keys", "key_id, private_jwk, created_ms", _signing_key),
            Part(
                "accounts",
                "users LEFT JOIN credentials USING (user_id)",
                "user_id, handle_folded, handle, name, bio, protected, state, password_hash",
                _account,
            ),
            Part("sessions", "sessions", "user_id, session_id, token_hash, created_ms, used_ms", _session),
            Part("tweets", "tweets", f"tweet_id, original_id, quoted_id, {_TEXT}", self._tweet),
            Part("replies", "replies", f"reply_id, parent_id, parent_owner_id, {_TEXT}", self._reply),
            Part("earlier texts", _VERSIONS, "tweet_id, rev, content, at_ms", _version),
            Part("likes", "likes", "user_id, tweet_id, like_id", tweets.like_rows),
            Part(
                "relations",
                "edges",
                "viewer_id, other_id, follow_id, request_id, block_id, nullif(blocked_by, 0), mute_id",
                _edge,
            ),
            Part("counters", _COUNTED, _NUMBERS, _counts),
            Part("celebrities", "follow_counts WHERE celebrity_ms IS NOT NULL", _FLAGS, _celebrity),
            Part("loaded rows", "loaded_rows", "row_hash, tweet_id", _loaded),
            Part(
                "idempotency keys",
                f"idempotency_keys WHERE at_ms > {keys_from_ms}",
                "account, key, fingerprint, subject, at_ms",
                _idempotency_key,
            ),
            Part("events", _LEFT, "event_id, kind, actor, subject, other, backdated", self._event),
        )

    def stamp(self) -> Item:
        """Which folder this is, and what happened last in it."""
        meta: dict[str, int] = dict(rows_of(self._connection, "SELECT name, value FROM meta"))
        last = rows_of(self._connection, "SELECT max(event_id) FROM outbox")[0][0] or meta["outbox_trimmed"]
        return {"source": meta["epoch"], "position": last}

    def count(self, part: Part) -> int:
        """How many rows the part has."""
        return int(rows_of(self._connection, f"SELECT count(*) FROM {part.source}")[0][0])  # noqa: S608 - no input

    def read(self, part: Part, chunk: int) -> Iterator[tuple[int, list[Placed]]]:
        """The part, up to `chunk` of its rows at a time: how many, and what becomes of them."""
        cursor = self._connection.execute(f"SELECT {part.columns} FROM {part.source}")  # noqa: S608 - no input
        while rows := list(islice(cursor, chunk)):
            yield len(rows), [placed for row in rows for placed in part.made(*row)]

    def _tweet(self, tweet_id: int, original_id: int, quoted_id: int, *text: Any) -> Sequence[Placed]:
        lineage = self._lineage(original_id or quoted_id)
        new = tweets.New(tweet_id, _draft(*text), original_id, quoted_id, lineage)
        return _as_it_stands(tweets.rows_of(new), *text)

    def _reply(self, reply_id: int, parent_id: int, parent_owner_id: int, *text: Any) -> Sequence[Placed]:
        lineage = self._lineage(parent_id)
        rows = replies.rows_of(reply_id, _draft(*text), parent_id, parent_owner_id, lineage)
        return _as_it_stands(rows, *text)

    def _lineage(self, item_id: int) -> bytes:
        """What stands on a tweet or reply has this lineage."""
        levels: list[tuple[int, int]] = []
        while item_id and len(levels) < LINEAGE_MAX:
            table = "replies" if ids.is_reply(item_id) else "tweets"
            owner_id, above = rows_of(self._connection, _STOOD[table], (item_id,))[0]
            levels.append((item_id, owner_id))
            item_id = above
        lineage = b""
        for one, owner_id in reversed(levels):
            lineage = lineage_on(one, {"owner_id": owner_id, "lineage": lineage})
        return lineage

    def _event(
        self, event_id: int, kind: int, actor: int, subject: int, other: int, backdated: int
    ) -> Iterator[Placed]:
        """What upkeep has not carried out yet: the sweeper finds it in the outbox."""
        event = Event(event_id, Kind(kind), actor, subject, other, bool(backdated))
        yield tables.OUTBOX, event_row(event, self._now_ms)


def _signing_key(key_id: str, private_jwk: bytes, created_ms: int) -> Iterator[Placed]:
    yield tables.SIGNING_KEYS, signing_keys.row_of(SigningKey(key_id, private_jwk, created_ms))


def _account(user_id: int, folded: str, *told: Any) -> Sequence[Placed]:
    handle, name, bio, protected, state, password_hash = told
    user: Item = {"handle": handle, "name": name, "bio": bio, "protected": bool(protected), "state": state}
    return accounts.rows_of(user_id, folded, user, password_hash)


def _session(
    user_id: int, session_id: int, token_hash: bytes, created_ms: int, used_ms: int
) -> Sequence[Placed]:
    used: Item = {"created_ms": created_ms, "used_ms": used_ms, "generation": 0}
    return sessions.rows_of(user_id, session_id, token_hash, used)


def _draft(owner_id: int, content: str, links: bytes, *rest: Any) -> Draft:
    return Draft(owner_id, content, links, *rest[:2])


def _as_it_stands(rows: Sequence[Placed], *text: Any) -> Sequence[Placed]:
    """The rows of a text, which may have been edited; deleted it is in no list."""
    *_, edited_ms, rev, deleted = text
    (table, row), *listed = rows
    own = (table, {**row, "edited_ms": edited_ms or None, "rev": rev, "deleted": True if deleted else None})
    return [own] if deleted else [own, *listed]


def _version(tweet_id: int, rev: int, content: str, at_ms: int) -> Iterator[Placed]:
    yield tables.VERSIONS, {"tweet_id": tweet_id, "rev": rev, "content": content, "at_ms": at_ms}


def _edge(viewer: int, other: int, *held: int | None) -> Sequence[Placed]:
    return edges.rows_of(viewer, other, edges.Standing(*held))


def _counts(subject: int, *numbers: int | None) -> Iterator[Placed]:
    names = ("likes", "retweets", "quotes", "replies", "followers", "following", "tweets", "celebrity_ms")
    counted = {name: number for name, number in zip(names, numbers, strict=True) if number}
    if counted:
        yield tables.COUNTS, {"subject_id": subject, **counted}
    if followers := counted.get("followers"):
        yield tables.MOST_FOLLOWED, suggestions.place_of(subject, followers)


def _celebrity(user_id: int, flagged_ms: int, place: int) -> Iterator[Placed]:
    position = ids.first_id_at(flagged_ms) + 2 * place
    yield tables.CELEBRITIES, {"owner": tables.EVERYBODY, "position": position, "item": user_id}


def _loaded(row_hash: bytes, tweet_id: int) -> Iterator[Placed]:
    yield tables.LOADED_ROWS, {"row_hash": row_hash, "tweet_id": tweet_id}


def _idempotency_key(
    account: int, key: str, fingerprint: bytes, subject: int, at_ms: int
) -> Iterator[Placed]:
    name = admission.key_name(account, key)
    yield tables.IDEMPOTENCY_KEYS, admission.key_row(name, fingerprint, subject, at_ms)
