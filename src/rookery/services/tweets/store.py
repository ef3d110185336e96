"""What the tweets service needs of an engine."""

from collections.abc import Sequence
from typing import Protocol

from rookery.core.content import Draft, Version
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate


class TweetStore(Protocol):
    """Tweets, quotes and retweets, and the likes of tweets and replies.

    Every write is atomic with its counters and its events; one that finds nothing to change changes nothing and costs
    nothing. A write on a tweet raises Problem `not_found` where that one is gone or a block or its author's protection
    keeps the actor from it, and `protected` where nobody may spread it; an id of a retweet is nobody's target here. The
    lists are newest first, strictly below a position.
    """

    async def create(self, draft: Draft, quoted_id: int, ticket: Ticket | None = None) -> int:
        """A tweet, or with `quoted_id` a quote. Returns its id."""

    async def load(self, draft: Draft, quoted_id: int, created_ms: int | None, row_hash: bytes) -> int | None:
        """A tweet of the past: its id carries `created_ms` (None: now); those of equal times have ascending ids.

        None for a row loaded before, also where its tweet was deleted since. `created_ms` must not be to come. Raises
        Problem `not_found` where the author is none.
        """

    async def edit(
        self, actor: int, tweet_id: int, content: str, links: bytes, ticket: Ticket | None = None
    ) -> None:
        """Replaces the text and keeps the old one as a version. Raises Problem `not_found`, `not_yours`."""

    async def delete(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """Erases the text, its versions and place, and takes back the actor's own retweet of it; others' retweets may
        be left to `sweep`. Raises Problem `not_found`, `not_yours`."""

    async def history(self, tweet_id: int, limit: int) -> Sequence[Version]:
        """The newest texts, newest first, the present one included. Raises Problem `not_found`."""

    async def like(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """Likes a tweet or reply."""

    async def unlike(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """Takes a like back."""

    async def retweet(
        self, actor: int, original_id: int, ticket: Ticket | None = None, *, at_ms: int | None = None
    ) -> int:
        """Retweets a tweet or reply, or finds that it is. Returns the retweet's id. `at_ms` dates it back."""

    async def undo_retweet(self, actor: int, original_id: int, ticket: Ticket | None = None) -> None:
        """Takes a retweet back."""

    async def retweet_of(self, actor: int, original_id: int) -> int | None:
        """The actor's retweet of a tweet."""

    async def tweets_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """An account's tweets, quotes and retweets."""

    async def likes_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """What an account likes, by when it began to."""

    async def likers_of(self, tweet_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """The accounts that like a tweet."""

    async def retweeters_of(self, tweet_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """The accounts that retweeted a tweet."""

    async def quotes_of(self, tweet_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """The quotes of a tweet."""

    async def sweep(self, tweet_id: int, limit: int) -> int:
        """Takes away up to `limit` retweets and likes of a deleted tweet or reply; returns how many."""

    async def erase(self, user_id: int, limit: int) -> int:
        """Deletes up to `limit` tweets, quotes, retweets and likes of a deleted account; returns how many."""
