"""What the feed service needs of an engine."""

from collections.abc import Hashable, Sequence
from typing import Protocol

from rookery.core.events import Event

Entry = tuple[int, int]  # (id, the original's id where it is a retweet, else 0)


class FeedStore(Protocol):
    """Candidates for feeds: "someone you followed wrote this". The service decides at read which of them show."""

    async def stamp(self, viewer: int) -> Hashable | None:
        """What changes whenever the viewer's candidates do; None where the engine cannot tell. Returns only when the
        viewer's own writes have reached the feed (or did not within the wait that the engine allows)."""

    async def since(self, viewer: int, seen: int) -> int:
        """The id above which everything lies that one may lack who saw the viewer's feed when `seen` was its newest:
        `seen` itself, unless entries can come in below others that are there."""

    async def candidates(self, viewer: int, before: int, limit: int) -> Sequence[Entry]:
        """The newest candidates strictly below an id, newest first; fewer than `limit` only where there are no more."""

    async def public(self, before: int, limit: int) -> Sequence[tuple[int, int]]:
        """The newest tweets and quotes of everyone strictly below an id, as (position, id)."""

    async def news(self, position: int) -> tuple[Sequence[Event], int] | None:
        """Edits and deletes after a position, and a position that they reach to; None where they are no longer
        known."""

    async def wait(self, timeout_s: float) -> None:
        """Returns when feeds may have changed, or after the timeout."""

    def position(self) -> int:
        """How far feeds have taken in what happened. It rises whenever they may have changed; what it counts is the
        engine's."""

    def position_at(self, tweet_id: int) -> int:
        """A position before everything that happened after a tweet."""
