"""Who may follow, block and mute whom."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rookery.core import ids
from rookery.core.entities import Edge
from rookery.core.errors import Problem
from rookery.core.forms import Check, Form, a_page_size
from rookery.core.limits import Ticket
from rookery.core.page import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from rookery.core.reading import Reader
from rookery.services.follows.store import FollowStore


def an_account(value: str) -> str:
    """Check: a userId or @handle."""
    if not value.startswith("@") and ids.parse_id(value) is None:
        raise ValueError("must be a userId or @handle")
    return value


class FollowForm(Form, frozen=True, rename="camel"):
    """Whom to follow: a userId or @handle."""

    checks: ClassVar[Mapping[str, Check]] = {"user_id": an_account}
    user_id: str


class Suggesting(Form, frozen=True, rename="camel"):
    """How many accounts to suggest."""

    checks: ClassVar[Mapping[str, Check]] = {"page_size": a_page_size}
    page_size: int = PAGE_SIZE_DEFAULT


class FollowsService:
    """The rules that need nothing but the two ids. `store` keeps those that depend on what stands, in the write's own
    transaction, and serves directly what has no rule: endings and lists."""

    def __init__(self, store: FollowStore, reader: Reader) -> None:
        self.store = store
        self._reader = reader

    async def follow(self, follower: int, followee: int, ticket: Ticket | None = None) -> bool:
        """Follows, or asks a protected account. Returns whether that changed anything.

        Raises Problem `cannot_follow_self`, `not_found` or `blocked`.
        """
        if follower == followee:
            raise Problem("cannot_follow_self", "You cannot follow yourself.")
        return await self.store.follow(follower, followee, ticket)

    async def block(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """Blocks, which ends follows and requests both ways. Raises Problem `cannot_block_self` or `not_found`."""
        if viewer == other:
            raise Problem("cannot_block_self", "You cannot block yourself.")
        await self.store.block(viewer, other, ticket)

    async def mute(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """Mutes. Raises Problem `cannot_block_self` or `not_found`."""
        if viewer == other:
            raise Problem("cannot_block_self", "You cannot mute yourself.")
        await self.store.mute(viewer, other, ticket)

    async def standing(self, viewer: int, other: int) -> tuple[bool, bool]:
        """Whether the viewer follows the other now, and whether a request waits."""
        edge = (await self._reader.source.gather(viewer, (), [other])).edge(other)
        return bool(edge & Edge.FOLLOWING), bool(edge & Edge.REQUESTED)

    async def suggestions(self, viewer: int, size: int) -> Sequence[bytes]:
        """Up to `size` accounts to follow, best first, as JSON."""
        ranked = await self.store.suggestions(viewer, PAGE_SIZE_MAX)
        shown = await self._reader.users(viewer, ranked)
        return [shown[one] for one in ranked if one in shown][:size]
