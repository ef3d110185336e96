"""Cards made of rows, kept for as long as the very same rows come again (see row_cache)."""

from collections.abc import Callable
from typing import Generic, TypeVar

from rookery.core.rendering import TweetCard, UserCard
from rookery.engines.cluster import fact_rows
from rookery.engines.cluster.tables import Item

KEPT_MAX = 10_000  # of each kind
T = TypeVar("T")


class _Made(Generic[T]):
    """What was made of rows, by id; those that were made first go first."""

    def __init__(self, make: Callable[[Item], T]) -> None:
        self._make = make
        self._made: dict[int, tuple[Item, T]] = {}

    def of(self, row_id: int, row: Item) -> T:
        """What is made of a row."""
        known = self._made.get(row_id)
        if known is not None and known[0] is row:
            return known[1]
        made = self._make(row)
        self._made.pop(row_id, None)
        self._made[row_id] = row, made
        if len(self._made) > KEPT_MAX:
            del self._made[next(iter(self._made))]
        return made


class Cards:
    """The cards that one process keeps."""

    def __init__(self) -> None:
        self._tweets = _Made(fact_rows.tweet_card)
        self._authors = _Made(lambda row: fact_rows.user_card(row, {}))

    def tweet(self, tweet_id: int, row: Item) -> TweetCard | None:
        """The card of a tweet or reply that stands."""
        return self._tweets.of(tweet_id, row)

    def author(self, user_id: int, row: Item) -> UserCard:
        """The card of an account without its counters."""
        return self._authors.of(user_id, row)
