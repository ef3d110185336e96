"""What follows a write later: sweeps and erasure by the services. What ages (keys, windows, the outbox) DynamoDB drops
by itself."""

from collections.abc import Sequence
from typing import Protocol

from rookery.core.events import Event, Kind
from rookery.engines.cluster.streams import Message

KINDS = (Kind.CONTENT_DELETED, Kind.ACCOUNT_OPENED, Kind.ACCOUNT_DELETED)
# Somebody may have looked before one of these, and written after what it asks for was done: see the sweeper.
TWICE = (Kind.CONTENT_DELETED, Kind.ACCOUNT_DELETED)


class Upkeep(Protocol):
    """A service's part; an event may come twice."""

    async def on_event(self, event: Event) -> None:
        """Does what follows the event."""


class UpkeepRunner:
    """Brings the events of sweeps and erasure to the services."""

    def __init__(self, parts: Sequence[Upkeep]) -> None:
        self._parts = parts

    async def apply(self, batch: Sequence[Message[Event]]) -> None:
        """Carries out what the events ask for. Raises what a part raises: then they have to come again."""
        for one in batch:
            if one.body.kind in KINDS:
                for part in self._parts:
                    await part.on_event(one.body)
