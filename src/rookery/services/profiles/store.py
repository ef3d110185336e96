"""What profiles need of an engine: the lists that other services write."""

from collections.abc import Sequence
from typing import Protocol

from rookery.core.reading import Candidate


class ProfileStore(Protocol):
    """Lists of an account, newest first, strictly below a position, as (position, id)."""

    async def tweets_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """Its tweets, quotes and retweets; the position is the id."""

    async def replies_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """Its replies; the position is the id."""

    async def likes_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """What it likes, by when it began to."""

    async def followers_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """Who follows it, by when they began to."""

    async def following_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """Whom it follows, by when it began to."""
