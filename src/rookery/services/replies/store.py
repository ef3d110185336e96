"""What the replies service needs of an engine."""

from collections.abc import Sequence
from typing import Protocol

from rookery.core.content import Draft, Version
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate


class ReplyStore(Protocol):
    """Replies and how they hang together.

    Every write is atomic with its counters and its events. The lists are newest first, strictly below a position, and
    leave out what is deleted.
    """

    async def create(
        self, draft: Draft, parent_id: int, ticket: Ticket | None = None, *, at_ms: int | None = None
    ) -> int:
        """A reply to a tweet, quote or reply. Returns its id. `at_ms` dates it back.

        Raises Problem `not_found` where the parent is gone, or a block or its author's protection keeps the actor
        from it.
        """

    async def edit(
        self, actor: int, reply_id: int, content: str, links: bytes, ticket: Ticket | None = None
    ) -> None:
        """Replaces the text and keeps the old one as a version. Raises Problem `not_found`, `not_yours`."""

    async def delete(self, actor: int, reply_id: int, ticket: Ticket | None = None) -> None:
        """Erases the text, its versions and place. Raises Problem `not_found`, `not_yours`."""

    async def history(self, reply_id: int, limit: int) -> Sequence[Version]:
        """The newest texts, newest first, the present one included. Raises Problem `not_found`."""

    async def replies_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """What an account replied."""

    async def replies_to(self, parent_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """The direct replies to a tweet."""

    async def oldest_to(self, parent_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """The direct replies to a tweet, oldest first; their positions, ID_MAX less the id, fall."""

    async def scored(self, parent_id: int, limit: int) -> Sequence[tuple[int, int]]:
        """The newest direct replies with their likes, replies and retweets added up."""

    async def between(self, parent_id: int, low: int, high: int, limit: int) -> Sequence[int]:
        """The newest direct replies from one id to another, both included."""

    async def author_of_deleted(self, tweet_id: int) -> int | None:
        """Who wrote a tweet or reply that was deleted, by itself or with its account; None for any other id."""

    async def ancestors(self, reply_id: int, limit: int) -> Sequence[tuple[int, bool]]:
        """What a reply answers, and what that answers, up to `limit` of them: (id, whether deleted)."""

    async def erase(self, user_id: int, limit: int) -> int:
        """Deletes up to `limit` replies of a deleted account; returns how many."""
