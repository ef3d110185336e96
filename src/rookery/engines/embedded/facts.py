"""Facts for the Reader out of core.db, with an exact cache: what an event names is dropped, nothing is timed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TypeVar

import apsw

from rookery.core.content import Draft
from rookery.core.entities import STRANGER, Counts, Mark
from rookery.core.events import Event, Kind
from rookery.core.rendering import TweetCard, UserCard, counts_piece
from rookery.core.visibility import Witness
from rookery.engines.embedded import fact_rows
from rookery.engines.embedded.database import Written
from rookery.engines.embedded.fact_rows import Tally
from rookery.engines.embedded.snapshots import Snapshots

TWEETS_MAX = 200_000
USERS_MAX = 200_000
VIEWERS_MAX = 20_000
LOG_MAX = 8_192  # changed ids that are remembered for witnesses
MEMO_MAX = 20_000  # edges, or marks, kept of one viewer
_NESTING = 3  # a retweet, its original, what that quotes, what that answers

V = TypeVar("V")
_NO_COUNTS: Tally = (Counts(), counts_piece(Counts()))
_NO_MARK = Mark()
_NEW = frozenset({Kind.TWEET_CREATED, Kind.REPLY_CREATED, Kind.RETWEET_CREATED})


class _NotKept(Exception):
    """What is kept in memory does not suffice."""


class _Memo:
    """What is known of one viewer: edges to others, marks on tweets."""

    __slots__ = ("edges", "marks")

    def __init__(self) -> None:
        self.edges: dict[int, int] = {}
        self.marks: dict[int, Mark] = {}


class EmbeddedFacts:
    """The FactSource of this engine; also holds the caches that events drop from."""

    tracks = True

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self.tweets: dict[int, TweetCard | None] = {}
        self.tallies: dict[int, Tally] = {}
        self.users: dict[int, UserCard | None] = {}
        self.viewers: dict[int, _Memo] = {}
        self._drafts: dict[int, Draft] = {}  # of this process's tweets whose news are yet to come
        self._log: list[int] = []
        self._log_start = 0
        snapshots.on_event.append(self._forget)
        snapshots.on_lost.append(self._forget_all)

    async def gather(
        self, viewer: int, tweet_ids: Collection[int], user_ids: Collection[int] = ()
    ) -> "Gathered":
        """See core.reading.FactSource. The result is valid until the caller next awaits."""
        self._snapshots.freshen()
        try:
            return self.gather_in(None, viewer, tweet_ids, user_ids)
        except _NotKept:
            with self._snapshots.open() as connection:
                return self.gather_in(connection, viewer, tweet_ids, user_ids)

    def expect(self, written: Sequence[Written]) -> None:
        """Hears of tweets before their news can come, whoever then looks first: a new tweet is known without being
        read, because it is its draft. In the writer's thread."""
        self._drafts.update((one.subject, one.item) for one in written if isinstance(one.item, Draft))

    def give_up(self, written: Sequence[Written]) -> None:
        """These never came into the world; their ids may become others'. In the writer's thread."""
        for one in written:
            self._drafts.pop(one.subject, None)

    def prepare(self, actors: Sequence[int]) -> None:
        """Takes in the news of a group of writes at once, before their authors are answered."""
        if not actors:
            return
        for actor in actors:
            self._memo(actor)
        self._snapshots.look()

    async def user_ids(self, handles: Sequence[str]) -> Mapping[str, int]:
        """See core.reading.FactSource."""
        with self._snapshots.open() as connection:
            return fact_rows.active_handles(connection, handles)

    def gather_in(
        self,
        connection: apsw.Connection | None,
        viewer: int,
        tweet_ids: Collection[int],
        user_ids: Collection[int] = (),
    ) -> "Gathered":
        """`gather` inside an open snapshot; without one, from what is kept alone. Raises _NotKept where that lacks
        anything."""
        self._bound()
        reached = self._load_tweets(connection, tweet_ids)
        owners = self._load_around(connection, reached, user_ids)
        memo = self._memo(viewer)
        if viewer != STRANGER:
            _fill(memo.edges, owners, connection, partial(fact_rows.edges, viewer=viewer))
            _fill(memo.marks, reached, connection, partial(fact_rows.marks, viewer=viewer))
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

    def _load_tweets(self, connection: apsw.Connection | None, tweet_ids: Collection[int]) -> set[int]:
        """The tweets and all that their rendering looks at."""
        reached: set[int] = set(tweet_ids)
        frontier: Collection[int] = reached
        for _ in range(_NESTING):
            _fill(self.tweets, frontier, connection, fact_rows.cards)
            cards = [card for card in map(self.tweets.__getitem__, frontier) if card is not None]
            frontier = {one for card in cards if card.related for one in card.related} - reached
            if not frontier:
                return reached
            reached |= frontier
        _fill(self.tweets, frontier, connection, fact_rows.cards)
        return reached

    def _load_around(
        self, connection: apsw.Connection | None, reached: set[int], user_ids: Collection[int]
    ) -> set[int]:
        """The counters of loaded tweets, and all accounts that they and `user_ids` name."""
        owners = set(user_ids)
        for card in map(self.tweets.__getitem__, reached):
            if card is not None:
                owners.add(card.facts.owner_id)
                owners.add(card.facts.parent_owner_id)
        owners.discard(0)
        _fill(self.users, owners, connection, fact_rows.users)
        _fill(self.tallies, reached, connection, fact_rows.tallies)
        return owners

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
        _shrink(self.tweets, TWEETS_MAX)
        _shrink(self.tallies, TWEETS_MAX)
        _shrink(self.users, USERS_MAX)
        _shrink(self.viewers, VIEWERS_MAX)

    def _forget_all(self) -> None:
        self.tweets.clear()
        self.tallies.clear()
        self.users.clear()
        self.viewers.clear()
        self._drafts.clear()
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
        elif kind in _NEW:
            self._forget_tally(event.actor, other)
            self._begin(event.actor, subject)
        elif kind >= Kind.TWEET_CREATED:
            self.tweets.pop(subject, None)
            self.users.pop(event.actor, None)
            self._forget_tally(event.actor, other)
            self.tallies.pop(subject, None)

    def _begin(self, actor: int, tweet_id: int) -> None:
        """What is certain of a tweet as it comes into the world: nobody has done anything to it, and its author has
        written one more. What happens next has events of its own."""
        draft = self._drafts.pop(tweet_id, None)
        if draft is not None:
            self.tweets[tweet_id] = TweetCard.of(draft.facts(tweet_id))
            self._memo(actor)
        self.tallies[tweet_id] = _NO_COUNTS
        if memo := self.viewers.get(actor):
            memo.marks[tweet_id] = _NO_MARK
        if card := self.users.get(actor):
            self.users[actor] = card.after_writing()

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


def _fill(
    cache: dict[int, V],
    wanted: Collection[int],
    connection: apsw.Connection | None,
    load: Callable[[apsw.Connection, list[int]], Mapping[int, V]],
) -> None:
    missing = [one for one in wanted if one not in cache]
    if missing:
        if connection is None:
            raise _NotKept
        cache.update(load(connection, missing))


def _shrink(cache: dict[int, V], most: int) -> None:
    if len(cache) > most:
        for one in list(cache)[: most // 10]:
            del cache[one]
