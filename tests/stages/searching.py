"""A network for tests of search: everything of Stage, and an index that takes in the events when the test says so."""

import asyncio
from abc import abstractmethod

from rookery.core.geo import Place
from rookery.core.ids import ID_MAX, time_ms
from rookery.core.query import Document, Query, matches
from rookery.services.search.store import SearchStore
from tests.stages.shared import Stage

Documents = list[tuple[int, Document]]


class SearchStage(Stage):
    """Search over tweets and replies."""

    store: SearchStore

    @abstractmethod
    async def take_in(self) -> None:
        """Brings the index up to date."""

    @abstractmethod
    async def again_from(self, event_id: int) -> None:
        """Lets every event after this one come a second time."""

    @abstractmethod
    async def take_backwards(self) -> None:
        """Lets all events come again in the wrong order, each in a batch of its own."""

    @abstractmethod
    async def make_anew(self) -> None:
        """Lets the index be made anew."""

    @abstractmethod
    async def faults(self) -> list[str]:
        """What the index has otherwise than the truth."""

    @abstractmethod
    async def handles(self) -> dict[int, str]:
        """The handle of every account that ever was."""

    @abstractmethod
    async def open(self, user_id: int) -> None:
        """Takes an account's protection away."""

    @abstractmethod
    async def disable(self, user_id: int) -> None:
        """Disables an account."""

    @abstractmethod
    async def enable(self, user_id: int) -> None:
        """Enables an account again."""

    @abstractmethod
    async def rename(self, user_id: int, name: str) -> None:
        """Gives an account another name."""

    @abstractmethod
    async def gain(self, follower: int, followee: int) -> None:
        """A follow that is counted."""

    async def found(self, query: Query, place: Place | None = None) -> list[int]:
        """All that the index finds, page by page."""
        found: list[int] = []
        before = ID_MAX
        while batch := await self.store.tweets(query, place, before, 200):
            found += [one for _, one in batch if one]
            before = batch[-1][0]
        return found

    async def documents(self) -> Documents:
        """Every tweet and reply that stands, newest first."""
        handles = await self.handles()
        return [
            (
                one.item_id,
                Document(
                    one.content,
                    handles[one.owner_id],
                    handles[one.parent_owner_id] if one.parent_owner_id else None,
                    time_ms(one.item_id),
                    *one.place,
                ),
            )
            for one in reversed(await self.texts())
            if not one.deleted and not one.original_id
        ]

    async def crowd(self, handle: str, count: int) -> list[int]:
        """Many accounts at once, numbered from 0, oldest first."""
        made = await asyncio.gather(*(self.account(f"{handle}{number}") for number in range(count)))
        return sorted(made)


def expected(documents: Documents, query: Query, place: Place | None = None) -> list[int]:
    """All that there is to find, read off the definition."""
    return [one for one, document in documents if matches(query, document, place)]
