"""Facts for the Reader out of core.db, with an exact cache: what an event names is dropped, nothing is timed."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

import apsw

from rookery.core.entities import (
    STRANGER,
    AccountState,
    ContentKind,
    Counts,
    Edge,
    Mark,
    TweetFacts,
    UserFacts,
)
from rookery.core.events import Event, Kind
from rookery.core.rendering import TweetCard, UserCard, counts_piece
from rookery.core.visibility import Witness
from rookery.engines.embedded.snapshots import Snapshots

TWEETS_MAX = 200_000
USERS_MAX = 200_000
VIEWERS_MAX = 20_000
LOG_MAX = 8_192  # changed ids that are remembered for witnesses
MEMO_MAX = 20_000  # edges, or marks, kept of one viewer
_NESTING = 3  # a retweet, its original, what that quotes, what that answers

V = TypeVar("V")
_NO_COUNTS = (Counts(), counts_piece(Counts()))
_NO_MARK = Mark()

_TWEETS = """
SELECT t.tweet_id, t.owner_id, t.original_id, t.content, t.links, t.edited_ms, t.latitude, t.longitude, 0, 0, t.quoted_id
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
  EXISTS (SELECT 1 FROM tweets t WHERE t.original_id = j.value AND t.owner_id = ?2 AND t.original_id > 0 AND t.deleted = 0)
FROM json_each(?1) j"""


class _Memo:
    """What is known of one viewer: edges to others, marks on tweets."""

    __slots__ = ("edges", "marks")

    def __init__(self) -> None:
        self.edges: dict[int, int] = {}
        self.marks: dict[int, Mark] = {}


class EmbeddedFacts:
    """The FactSource of this engine; also holds the caches that events drop from."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self.tweets: dict[int, TweetCard | None] = {}
        self.tallies: dict[int, tuple[Counts, bytes]] = {}
        self.users: dict[int, UserCard | None] = {}
        self.viewers: dict[int, _Memo] = {}
        self._log: list[int] = []
        self._log_start = 0
        snapshots.on_event.append(self._forget)
        snapshots.on_lost.append(self._forget_all)

    async def gather(self, viewer: int, tweet_ids: Collection[int], user_ids: Collection[int] = ()) -> "Gathered":
        """See core.reading.FactSource. The result is valid until the caller next awaits."""
        with self._snapshots.open() as connection:
            return self.gather_in(connection, viewer, tweet_ids, user_ids)

    async def user_ids(self, handles: Sequence[str]) -> Mapping[str, int]:
        """See core.reading.FactSource."""
        with self._snapshots.open() as connection:
            return active_handles(connection, handles)

    def gather_in(
        self, connection: apsw.Connection, viewer: int, tweet_ids: Collection[int], user_ids: Collection[int] = ()
    ) -> "Gathered":
        """`gather` inside an open snapshot."""
        self._bound()
        reached = self._load_tweets(connection, tweet_ids)
        owners = {card.facts.owner_id for one in reached if (card := self.tweets[one]) is not None}
        owners.update(card.facts.parent_owner_id for one in reached if (card := self.tweets[one]) is not None)
        owners.update(user_ids)
        owners.discard(0)
        _fill(self.users, owners, lambda ids: _users(connection, ids))
        _fill(self.tallies, reached, lambda ids: _tallies(connection, ids))
        memo = self._memo(viewer)
        if viewer != STRANGER:
            _fill(memo.edges, owners, lambda ids: _edges(connection, viewer, ids))
            _fill(memo.marks, reached, lambda ids: _marks(connection, viewer, ids))
        return Gathered(viewer, self, memo, frozenset(reached | owners))

    def unchanged(self, witness: Witness) -> bool:
        """See core.reading.FactSource. Exact within the snapshot that was opened last."""
        start = witness.position - self._log_start
        if start < 0:
            return False
        if start < len(self._log) and not witness.ids.isdisjoint(self._log[start:]):
            return False
        witness.position = self._log_start + len(self._log)
        return True

    def witness(self, looked_at: frozenset[int]) -> Witness:
        """What tells later whether any of these changed."""
        return Witness(self._log_start + len(self._log), looked_at)

    def _note(self, *changed: int) -> None:
        self._log.extend(changed)
        if len(self._log) > LOG_MAX:
            del self._log[: LOG_MAX // 2]
            self._log_start += LOG_MAX // 2

    def _load_tweets(self, connection: apsw.Connection, tweet_ids: Collection[int]) -> set[int]:
        reached: set[int] = set(tweet_ids)
        frontier: Collection[int] = reached
        for _ in range(_NESTING):
            _fill(self.tweets, frontier, lambda ids: _cards(connection, ids))
            frontier = {
                one for card in map(self.tweets.__getitem__, frontier) if card is not None for one in related(card)
            } - reached
            if not frontier:
                return reached
            reached |= frontier
        _fill(self.tweets, frontier, lambda ids: _cards(connection, ids))
        return reached

    def _memo(self, viewer: int) -> _Memo:
        memo = self.viewers.get(viewer)
        if memo is None:
            memo = self.viewers[viewer] = _Memo()
        elif len(memo.edges) > MEMO_MAX or len(memo.marks) > MEMO_MAX:
            memo.edges.clear()
            memo.marks.clear()
        return memo

    def _bound(self) -> None:
        """Keeps the caches within their limits: the oldest entries go first."""
        for cache, most in ((self.tweets, TWEETS_MAX), (self.tallies, TWEETS_MAX), (self.users, USERS_MAX)):
            _shrink(cache, most)  # type: ignore[arg-type]
        _shrink(self.viewers, VIEWERS_MAX)

    def _forget_all(self) -> None:
        for cache in (self.tweets, self.tallies, self.users, self.viewers):
            cache.clear()  # type: ignore[attr-defined]
        self._log_start += len(self._log) + 1
        self._log.clear()

    def _forget(self, event: Event) -> None:
        kind, subject, other = event.kind, event.subject, event.other
        self._note(subject, other)
        if kind < Kind.SESSION_ENDED:
            self.users.pop(subject, None)
        elif kind in (Kind.LIKED, Kind.UNLIKED):
            self._forget_tally(event.actor, subject)
        elif kind >= Kind.FOLLOWED:
            self._forget_edge(subject, other)
            self._forget_edge(other, subject)
        elif kind >= Kind.TWEET_CREATED:
            self.tweets.pop(subject, None)
            self.users.pop(event.actor, None)
            self._forget_tally(event.actor, other)
            self.tallies.pop(subject, None)

    def _forget_tally(self, actor: int, tweet_id: int) -> None:
        self.tallies.pop(tweet_id, None)
        if memo := self.viewers.get(actor):
            memo.marks.pop(tweet_id, None)

    def _forget_edge(self, viewer: int, other: int) -> None:
        self.users.pop(viewer, None)
        if memo := self.viewers.get(viewer):
            memo.edges.pop(other, None)


class Gathered:
    """Facts for one viewer; a view on the caches, valid until the next await."""

    __slots__ = ("_edges", "_looked_at", "_marks", "_source", "tweet", "user", "viewer")

    def __init__(self, viewer: int, source: EmbeddedFacts, memo: _Memo, looked_at: frozenset[int]) -> None:
        self.viewer = viewer
        self._looked_at = looked_at
        self._source = source
        self._edges = memo.edges
        self._marks = memo.marks
        self.tweet: Callable[[int], TweetCard | None] = source.tweets.get
        self.user: Callable[[int], UserCard | None] = source.users.get

    def witness(self) -> Witness:
        """What tells later whether any of these facts changed."""
        return self._source.witness(self._looked_at)

    def counts(self, tweet_id: int) -> Counts:
        """The tweet's counters."""
        return self._source.tallies.get(tweet_id, _NO_COUNTS)[0]

    def counts_piece(self, tweet_id: int) -> bytes:
        """The tweet's counters, rendered."""
        return self._source.tallies.get(tweet_id, _NO_COUNTS)[1]

    def edge(self, user_id: int) -> int:
        """The Edge bits from the viewer to the account."""
        return self._edges.get(user_id, 0)

    def mark(self, tweet_id: int) -> Mark:
        """What the viewer did to the tweet."""
        return self._marks.get(tweet_id, _NO_MARK)


def related(card: TweetCard) -> Iterable[int]:
    """The tweets that a tweet's rendering looks at."""
    facts = card.facts
    return (one for one in (facts.original_id, facts.quoted_id, facts.parent_id) if one)


def active_handles(connection: apsw.Connection, handles: Sequence[str]) -> Mapping[str, int]:
    """The ids of active accounts by lower-case handle."""
    rows = connection.execute(
        "SELECT u.handle_folded, u.user_id FROM json_each(?) j JOIN users u ON u.handle_folded = j.value WHERE u.state = ?",
        (json.dumps([handle.lower() for handle in handles]), int(AccountState.ACTIVE)),
    )
    return {handle: user_id for handle, user_id in rows}


def _fill(cache: dict[int, V], wanted: Collection[int], load: Callable[[list[int]], Mapping[int, V]]) -> None:
    missing = [one for one in wanted if one not in cache]
    if missing:
        cache.update(load(missing))


def _shrink(cache: dict[int, V], most: int) -> None:
    if len(cache) > most:
        for one in list(cache)[: most // 10]:
            del cache[one]


def _cards(connection: apsw.Connection, tweet_ids: list[int]) -> Mapping[int, TweetCard | None]:
    cards: dict[int, TweetCard | None] = dict.fromkeys(tweet_ids)
    for sql, odd in ((_TWEETS, 0), (_REPLIES, 1)):
        wanted = [one for one in tweet_ids if one & 1 == odd]
        if wanted:
            for row in connection.execute(sql, (json.dumps(wanted),)):
                cards[row[0]] = _card(row, odd)
    return cards


def _card(row: tuple[object, ...], odd: int) -> TweetCard:
    tweet_id, owner, original, content, links, edited, latitude, longitude, parent, parent_owner, quoted = row
    kind = ContentKind.REPLY if odd else ContentKind.RETWEET if original else ContentKind.TWEET
    return TweetCard(
        TweetFacts(
            tweet_id, owner, kind, content, links, edited, latitude, longitude, parent, parent_owner, original, quoted  # type: ignore[arg-type]
        )
    )


def _tallies(connection: apsw.Connection, tweet_ids: list[int]) -> Mapping[int, tuple[Counts, bytes]]:
    found = {row[0]: Counts(*row[1:]) for row in connection.execute(_COUNTS, (json.dumps(tweet_ids),))}
    return {one: (counts, counts_piece(counts)) for one, counts in found.items()}


def _users(connection: apsw.Connection, user_ids: list[int]) -> Mapping[int, UserCard | None]:
    cards: dict[int, UserCard | None] = dict.fromkeys(user_ids)
    for user_id, handle, name, bio, protected, state, *counts in connection.execute(_USERS, (json.dumps(user_ids),)):
        facts = UserFacts(user_id, handle, name, bio, user_id >> 16, bool(protected), AccountState(state), *counts)
        cards[user_id] = UserCard(facts)
    return cards


_EDGE_BITS = (Edge.FOLLOWING, Edge.REQUESTED, Edge.BLOCKING, Edge.BLOCKED_BY, Edge.MUTING, Edge.FOLLOWED_BY)


def _edges(connection: apsw.Connection, viewer: int, user_ids: list[int]) -> Mapping[int, int]:
    rows = connection.execute(_EDGES, (json.dumps(user_ids), viewer))
    return {row[0]: sum(bit for bit, holds in zip(_EDGE_BITS, row[1:], strict=True) if holds) for row in rows}


def _marks(connection: apsw.Connection, viewer: int, tweet_ids: list[int]) -> Mapping[int, Mark]:
    rows = connection.execute(_MARKS, (json.dumps(tweet_ids), viewer))
    return {tweet_id: Mark(bool(liked), bool(retweeted)) for tweet_id, liked, retweeted in rows}
