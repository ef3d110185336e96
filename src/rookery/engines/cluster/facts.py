"""Facts for the Reader, in two rounds however many tweets there are and however they nest; each asks the cache of rows
once, and DynamoDB for what that lacks.

The first round reads the tweets and the accounts that were asked for; the rows of tweets say what their rendering looks
at beside them (`fact_rows.lineage`). The second reads all that, the authors, and every counter: counters come after the
viewer's deltas that are not folded yet, which are read beside the first round and added, so that one's own like counts
at once.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rookery.core.entities import STRANGER, AccountState, Counts, Mark, TweetFacts
from rookery.core.rendering import TweetCard, UserCard, counts_piece
from rookery.core.visibility import Witness
from rookery.engines.cluster import fact_rows
from rookery.engines.cluster.cards import Cards
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.row_cache import Rows, RowSource, TableRows
from rookery.engines.cluster.tables import (
    COUNTS,
    EDGES,
    HANDLES,
    LIKES,
    REPLIES,
    RETWEETS,
    TWEETS,
    USERS,
    Item,
    Key,
    Table,
)

_NEW_KEPT_S = 1.0  # for the answer to the write of a new tweet
_SETTLE_TRIES = 3
_NO_COUNTS = Counts()
_NO_MARK = Mark()
_NO_WITNESS = Witness(0, frozenset())


@dataclass(slots=True)
class Gathered:
    """Facts for one viewer."""

    viewer: int
    tweets: dict[int, TweetCard] = field(default_factory=dict)
    users: dict[int, UserCard] = field(default_factory=dict)
    tallies: dict[int, Counts] = field(default_factory=dict)
    edges: dict[int, int] = field(default_factory=dict)
    marks: dict[int, Mark] = field(default_factory=dict)

    def tweet(self, tweet_id: int) -> TweetCard | None:
        """The tweet, or None where it is deleted or never was."""
        return self.tweets.get(tweet_id)

    def user(self, user_id: int) -> UserCard | None:
        """The account in any state, or None where it never was; of a tweet's author the counters are left out."""
        return self.users.get(user_id)

    def witness(self) -> Witness:
        """Nothing: this engine keeps no pages."""
        return _NO_WITNESS

    def counts(self, tweet_id: int) -> Counts:
        """The tweet's counters."""
        return self.tallies.get(tweet_id, _NO_COUNTS)

    def counts_piece(self, tweet_id: int) -> bytes:
        """The tweet's counters, rendered."""
        return counts_piece(self.counts(tweet_id))

    def edge(self, user_id: int) -> int:
        """The Edge bits from the viewer to the account."""
        return self.edges.get(user_id, 0)

    def mark(self, tweet_id: int) -> Mark:
        """What the viewer did to the tweet."""
        return self.marks.get(tweet_id, _NO_MARK)


@dataclass(slots=True)
class _Around:
    """What the tweets that were found lead to."""

    shown: set[int]  # tweets that are rendered whole
    related: set[int] = field(default_factory=set)  # tweets still to read
    authors: set[int] = field(default_factory=set)


class ClusterFacts:
    """The FactSource of this engine; without `rows` it reads all from DynamoDB."""

    tracks = False

    def __init__(self, dynamo: Dynamo, rows: RowSource | None = None) -> None:
        self._dynamo = dynamo
        self._rows = rows or TableRows(dynamo)
        self._cards = Cards()
        self._new: dict[tuple[int, int], tuple[float, Gathered]] = {}

    async def gather(
        self, viewer: int, tweet_ids: Collection[int], user_ids: Collection[int] = ()
    ) -> Gathered:
        """See core.reading.FactSource."""
        if not user_ids and len(tweet_ids) == 1:
            kept_until, new = self._new.pop((viewer, next(iter(tweet_ids))), (0.0, Gathered(viewer)))
            if kept_until > time.monotonic():
                return new
        asked = set(user_ids)
        first = await self._rows.read(
            fact_rows.keys_of(tweet_ids)
            | _marks(viewer, tweet_ids)
            | {USERS: _each(asked), EDGES: _edges(viewer, asked, back=True)},
            deltas_of=viewer,
        )
        around = _around(first, tweet_ids)
        authors = around.authors - asked
        counted = around.shown | asked
        own = _about(counted, first.deltas)
        second = await self._rows.read(
            fact_rows.keys_of(around.related)
            | _marks(viewer, around.shown & around.related)
            | {USERS: _each(authors), EDGES: _edges(viewer, authors), COUNTS: _each(counted)},
            deltas_of=viewer if own else STRANGER,
        )
        counts = await self._settled(viewer, counted, second, own)
        return self._gathered(viewer, (first, second), counts)

    async def user_ids(self, handles: Sequence[str]) -> Mapping[str, int]:
        """See core.reading.FactSource."""
        wanted: list[Key] = [(one.lower(),) for one in handles if one.isascii()]
        found = (await self._dynamo.get_all({HANDLES: wanted}))[HANDLES]
        known = {str(row["handle"]): fact_rows.number(row, "user_id") for row in found.values()}
        users = (await self._dynamo.get_all({USERS: _each(known.values())}))[USERS]
        return {
            handle: user_id
            for handle, user_id in known.items()
            if (user := users.get((user_id,))) is not None and user["state"] == AccountState.ACTIVE
        }

    def unchanged(self, witness: Witness) -> bool:
        """See core.reading.FactSource."""
        return False

    def remember(self, tweet: TweetFacts, author: Item) -> None:
        """Keeps what a write has just put, a tweet of this account that stands on no other, for the one read that
        answers it."""
        now = time.monotonic()
        while self._new and (oldest := next(iter(self._new.items())))[1][0] <= now:
            del self._new[oldest[0]]
        gathered = Gathered(tweet.owner_id)
        gathered.tweets[tweet.tweet_id] = TweetCard.of(tweet)
        gathered.users[tweet.owner_id] = fact_rows.user_card(author, {})
        self._new[tweet.owner_id, tweet.tweet_id] = now + _NEW_KEPT_S, gathered

    async def _settled(
        self, viewer: int, subjects: Collection[int], found: Rows, own: Sequence[Item]
    ) -> dict[int, Mapping[str, object]]:
        """The counters with the viewer's own deltas, `own` being those of before. A delta that was there before the
        counters were read and is there after is in none of them; where one went in between, it may or may not be, and
        both are read again. What was found at once needs no second look."""
        counts = found[COUNTS]
        if found.at_once:
            own = _about(subjects, found.deltas)
        else:
            for _ in range(_SETTLE_TRIES):
                if not own:
                    break
                left = _about(subjects, (await self._rows.read({}, deltas_of=viewer)).deltas)
                gone = {one["delta_id"] for one in own} - {one["delta_id"] for one in left}
                own = left
                if not gone:
                    break
                counts = (await self._rows.read({COUNTS: _each(subjects)}))[COUNTS]
        settled: dict[int, Mapping[str, object]] = {one: counts.get((one,), {}) for one in subjects}
        for delta in own:
            subject = fact_rows.number(delta, "subject_id")
            settled[subject] = fact_rows.added(settled[subject], delta)
        return settled

    def _gathered(
        self, viewer: int, found: Sequence[Rows], counts: Mapping[int, Mapping[str, object]]
    ) -> Gathered:
        gathered = Gathered(viewer)
        for rows in found:
            for (tweet_id,), row in (*rows[TWEETS].items(), *rows[REPLIES].items()):
                assert isinstance(tweet_id, int)
                if (card := self._cards.tweet(tweet_id, row)) is not None:
                    gathered.tweets[tweet_id] = card
            for row in rows[USERS].values():
                user_id = fact_rows.number(row, "user_id")
                gathered.users[user_id] = (
                    fact_rows.user_card(row, counts[user_id])
                    if user_id in counts
                    else self._cards.author(user_id, row)
                )
                there, back = rows[EDGES].get((viewer, user_id)), rows[EDGES].get((user_id, viewer))
                gathered.edges[user_id] = fact_rows.edge_bits(there, back)
            liked = {fact_rows.number(row, "tweet_id") for row in rows[LIKES].values()}
            retweeted = {fact_rows.number(row, "original_id") for row in rows[RETWEETS].values()}
            for one in liked | retweeted:
                gathered.marks[one] = Mark(one in liked, one in retweeted)
        gathered.tallies = {one: fact_rows.tweet_counts(row) for one, row in counts.items()}
        return gathered


def _about(subjects: Collection[int], deltas: Sequence[Item]) -> list[Item]:
    return [one for one in deltas if one["subject_id"] in subjects]


def _each(ids: Iterable[int]) -> list[Key]:
    return [(one,) for one in ids]


def _marks(viewer: int, tweet_ids: Iterable[int]) -> dict[Table, list[Key]]:
    keys: list[Key] = [] if viewer == STRANGER else [(viewer, one) for one in tweet_ids]
    return {LIKES: keys, RETWEETS: keys}


def _edges(viewer: int, others: Iterable[int], *, back: bool = False) -> list[Key]:
    """The viewer's rows to others; `back`: theirs to the viewer too, which tell who follows the viewer."""
    if viewer == STRANGER:
        return []
    there: list[Key] = [(viewer, one) for one in others]
    return there + [(one, viewer) for _, one in there] if back else there


def _around(found: Rows, tweet_ids: Collection[int]) -> _Around:
    around = _Around(set())
    for tweet_id in tweet_ids:
        row = found[fact_rows.table_of(tweet_id)].get((tweet_id,))
        if row is None or row.get("deleted"):
            continue
        around.shown.add(tweet_id)
        around.authors.add(fact_rows.number(row, "owner_id"))
        for one, owner_id, whole in fact_rows.nested(tweet_id, row):
            around.authors.add(owner_id)
            around.related.add(one)
            if whole:
                around.shown.add(one)
    around.related -= set(tweet_ids)
    return around
