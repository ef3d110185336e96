"""What the deletion of an account means for its replies."""

from rookery.core.events import Event, Kind
from rookery.services.replies.store import ReplyStore

CHUNK = 200  # replies in one write


class RepliesUpkeep:
    """Erases a deleted account's replies. An event may come twice."""

    def __init__(self, store: ReplyStore) -> None:
        self._store = store

    async def on_event(self, event: Event) -> None:
        """Carries out one event, in writes of CHUNK replies."""
        if event.kind == Kind.ACCOUNT_DELETED:
            while await self._store.erase(event.subject, CHUNK) == CHUNK:
                pass
