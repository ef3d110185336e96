"""The rules of replies and of the conversations that they make."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import ClassVar, Literal

from rookery.core.content import (
    HISTORY_MAX,
    NewText,
    OldText,
    Version,
    draft,
    draft_of_old,
    links_of,
)
from rookery.core.errors import not_found
from rookery.core.forms import Check, Paging, an_id, position
from rookery.core.limits import Ticket
from rookery.core.page import Page
from rookery.core.ranking import thaw, top_page
from rookery.core.reading import Reader
from rookery.core.rendering import unavailable
from rookery.services.replies.store import ReplyStore

ANCESTORS_MAX = 100  # so far up a conversation is shown


class ReplyPaging(Paging, frozen=True, rename="camel"):
    """A page of direct replies. With sort=latest the cursor is a tweet id, otherwise it is opaque."""

    checks: ClassVar[Mapping[str, Check]] = {"page_size": Paging.checks["page_size"]}
    sort: Literal["latest", "oldest", "top"] = "latest"

    def agree(self, given: Collection[str]) -> Mapping[str, str]:
        """The cursor is one of this sort."""
        if self.cursor is None:
            return {}
        try:
            (thaw if self.sort == "top" else an_id)(self.cursor)
        except ValueError as fault:
            return {"cursor": str(fault)}
        return {}


class RepliesService:
    """Writes replies and lists them; also the keeper of their texts (core.content.TextKeeper)."""

    def __init__(self, store: ReplyStore, reader: Reader) -> None:
        self.store = store
        self._reader = reader

    async def post(self, author: int, parent_id: int, form: NewText, ticket: Ticket | None = None) -> int:
        """Answers a tweet, quote or reply and returns the reply's id. Raises Problem `not_found`.

        Who answers a retweet answers its original: `parent_id` is what `Reader.target` found.
        """
        return await self.store.create(await draft(self._reader.source, author, form), parent_id, ticket)

    async def edit(self, actor: int, tweet_id: int, content: str, ticket: Ticket | None = None) -> None:
        """See TextKeeper."""
        links = await links_of(self._reader.source, content)
        await self.store.edit(actor, tweet_id, content, links, ticket)

    async def delete(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """See TextKeeper."""
        await self.store.delete(actor, tweet_id, ticket)

    async def history(self, tweet_id: int) -> Sequence[Version]:
        """See TextKeeper."""
        return await self.store.history(tweet_id, HISTORY_MAX)

    async def load(self, text: OldText, parent_id: int) -> int:
        """Writes a reply of the past and returns its id, which carries the time.

        Raises ValueError, with a sentence, for a text, place or time that cannot be taken; Problem `not_found`.
        """
        old = await draft_of_old(self._reader.source, text)
        return await self.store.create(old, parent_id, at_ms=text.created_ms)

    async def conversation(self, viewer: int, tweet_id: int) -> int:
        """The tweet whose replies are asked for by this id. Raises Problem `not_found`.

        A deleted one still has its replies; only whom a block or protection kept from it does not find it.
        """
        author = await self.store.author_of_deleted(tweet_id)
        if author is None:
            return (await self._reader.target(viewer, tweet_id)).tweet_id
        if not await self._reader.may_read(viewer, author):
            raise not_found()
        return tweet_id

    async def page(self, viewer: int, parent_id: int, form: ReplyPaging) -> Page[bytes]:
        """A page of direct replies."""
        if form.sort == "top":
            scored, between = partial(self.store.scored, parent_id), partial(self.store.between, parent_id)
            return await top_page(self._reader.tweets, viewer, form.cursor, form.page_size, scored, between)
        listed = self.store.oldest_to if form.sort == "oldest" else self.store.replies_to
        candidates = partial(listed, parent_id)
        return await self._reader.tweet_page(viewer, candidates, position(form.cursor), form.page_size)

    async def ancestors(self, viewer: int, tweet_id: int) -> Sequence[bytes]:
        """What a reply answers, up to ANCESTORS_MAX levels, oldest first; nothing for a tweet.

        Raises Problem `not_found`. A deleted one stands there as unavailable, with what it answered above it. One
        that is hidden from the viewer ends the list: what it answers is hidden with it.
        """
        target = await self._reader.target(viewer, tweet_id)
        chain = await self.store.ancestors(target.tweet_id, ANCESTORS_MAX)
        shown = await self._reader.tweets(viewer, [one for one, _ in chain])
        levels: list[bytes] = []
        for one, deleted in chain:
            levels.append(shown.get(one) or unavailable(one))
            if one not in shown and not deleted:
                break
        return levels[::-1]
