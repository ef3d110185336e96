"""The rules of tweets, quotes and retweets."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

from rookery.core.content import (
    HISTORY_MAX,
    Draft,
    NewText,
    OldText,
    Version,
    check_past,
    draft,
    draft_of_old,
    links_of,
    not_spread,
)
from rookery.core.entities import TweetFacts
from rookery.core.forms import Check, an_id
from rookery.core.limits import Ticket
from rookery.core.reading import Reader
from rookery.services.tweets.store import TweetStore


class NewTweet(NewText, frozen=True, rename="camel"):
    """A tweet to write; with `quote_of` a quote of that tweet or reply."""

    checks: ClassVar[Mapping[str, Check]] = {**NewText.checks, "quote_of": an_id}
    quote_of: str | None = None


class TweetsService:
    """Writes tweets; also the keeper of their texts (core.content.TextKeeper).

    Likes and undone retweets have no rule beyond those of the Reader and the store: callers take `store` for these,
    with the id of what `Reader.target` found.
    """

    def __init__(self, store: TweetStore, reader: Reader) -> None:
        self.store = store
        self._reader = reader

    async def post(self, author: int, form: NewTweet, ticket: Ticket | None = None) -> int:
        """Writes a tweet or quote and returns its id. Raises Problem `not_found`, `protected` for what it quotes."""
        quoted_id = (await self.shareable(author, int(form.quote_of))).tweet_id if form.quote_of else 0
        return await self.store.create(await draft(self._reader.source, author, form), quoted_id, ticket)

    async def shareable(self, viewer: int, tweet_id: int) -> TweetFacts:
        """What a retweet or quote of this id spreads: the tweet itself, or what it retweets.

        Raises Problem `not_found`, and `protected` for the tweet of a protected account, whoever asks: its followers
        may read it, not spread it, and its author would show strangers a tweet that they cannot open.
        """
        target = await self._reader.target(viewer, tweet_id)
        owner, _ = await self._reader.account(viewer, str(target.owner_id))
        if owner.protected:
            raise not_spread()
        return target

    async def edit(self, actor: int, tweet_id: int, content: str, ticket: Ticket | None = None) -> None:
        """See TextKeeper."""
        links = await links_of(self._reader.source, content)
        await self.store.edit(actor, tweet_id, content, links, ticket)

    async def delete(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """See TextKeeper. Of a retweet: undoes it."""
        await self.store.delete(actor, tweet_id, ticket)

    async def history(self, tweet_id: int) -> Sequence[Version]:
        """See TextKeeper."""
        return await self.store.history(tweet_id, HISTORY_MAX)

    async def load(self, text: OldText, *, row_id: str | None = None, quoted_id: int = 0) -> int | None:
        """Writes a tweet of the past and returns its id, or None where the row was loaded before.

        A row is known again by `row_id`, or without one by its author, time and text. Many may be awaited at a time:
        of equal times those begun first come first. Raises ValueError, with a sentence, for a text, place or time
        that cannot be taken; Problem `not_found` where the author or the quoted tweet is none.
        """
        old = await draft_of_old(self._reader.source, text)
        return await self.store.load(old, quoted_id, text.created_ms, _row_hash(old, text.created_ms, row_id))

    async def load_retweet(self, author: int, original_id: int, at_ms: int) -> int:
        """Writes a retweet of the past, once, and returns its id. Raises as `load`, and Problem `protected`."""
        check_past(at_ms)
        return await self.store.retweet(author, original_id, at_ms=at_ms)


def _row_hash(old: Draft, created_ms: int | None, row_id: str | None) -> bytes:
    told = f"id {row_id}" if row_id is not None else f"{old.author_id} {created_ms} {old.content}"
    return hashlib.sha256(told.encode()).digest()
