"""What the follows service needs of an engine."""

from collections.abc import Sequence
from typing import Protocol

from rookery.core.limits import Ticket
from rookery.core.reading import Candidate


class FollowStore(Protocol):
    """What holds between accounts. Every write is atomic with its counters and its event; one that finds nothing to
    change changes nothing and costs nothing. The lists are newest first, strictly below a position."""

    async def follow(self, follower: int, followee: int, ticket: Ticket | None = None) -> bool:
        """Follows, or asks a protected account. Returns whether that changed anything.

        Raises Problem `not_found` where the followee is not active, `blocked` where a block stands either way.
        """

    async def unfollow(self, follower: int, followee: int, ticket: Ticket | None = None) -> None:
        """Ends the follow or takes back the request."""

    async def accept(self, owner: int, asker: int, ticket: Ticket | None = None) -> None:
        """Makes the asker's request a follow. Raises Problem `not_found` where there is none."""

    async def refuse(self, owner: int, asker: int, ticket: Ticket | None = None) -> None:
        """Ends the asker's request."""

    async def block(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """Blocks; ends follows and requests both ways. Raises Problem `not_found` where the other is not active."""

    async def unblock(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """Ends the viewer's block; the other's stays."""

    async def mute(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """Mutes. Raises Problem `not_found` where the other is not active."""

    async def unmute(self, viewer: int, other: int, ticket: Ticket | None = None) -> None:
        """Ends the mute."""

    async def requests_to(self, owner: int, before: int, limit: int) -> Sequence[Candidate]:
        """Who waits for the owner to accept."""

    async def blocks_of(self, viewer: int, before: int, limit: int) -> Sequence[Candidate]:
        """Whom the viewer blocks."""

    async def mutes_of(self, viewer: int, before: int, limit: int) -> Sequence[Candidate]:
        """Whom the viewer mutes."""

    async def suggestions(self, viewer: int, limit: int) -> Sequence[int]:
        """Active accounts that the viewer has nothing to do with yet, best first: followed by those the viewer
        follows, ranked by how many of them and then by followers; then the most followed of all. The engine looks at
        a bounded number of the newest follows."""

    async def accept_waiting(self, owner: int, asked_before: int, limit: int) -> int:
        """Accepts the oldest `limit` requests with ids below an id; returns less than `limit` when none is left. Where
        the account is open now, also later ones may be accepted: none has to wait there."""

    async def erase(self, user_id: int, limit: int) -> int:
        """Ends everything between a deleted account and up to `limit` others, both ways; returns less than `limit`
        when none is left."""
