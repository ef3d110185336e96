"""What accounts' events mean for the edges between accounts."""

from rookery.core.events import Event, Kind
from rookery.services.follows.store import FollowStore

CHUNK = 500  # edges in one write


class FollowsUpkeep:
    """Accepts what waits where an account opens, and ends everything where one is deleted. An event may come twice."""

    def __init__(self, store: FollowStore) -> None:
        self._store = store

    async def on_event(self, event: Event) -> None:
        """Carries out one event, in writes of CHUNK edges.

        Opening accepts the requests that waited then, also where the account is protected again by now; later
        requests wait (their ids are above the event's).
        """
        if event.kind == Kind.ACCOUNT_OPENED:
            while await self._store.accept_waiting(event.subject, event.event_id, CHUNK) == CHUNK:
                pass
        elif event.kind == Kind.ACCOUNT_DELETED:
            while await self._store.erase(event.subject, CHUNK) == CHUNK:
                pass
