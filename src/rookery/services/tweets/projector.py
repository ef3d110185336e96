"""What deletions mean for tweets, retweets and likes."""

from rookery.core.events import Event, Kind
from rookery.services.tweets.store import TweetStore

CHUNK = 200  # rows in one write


class TweetsUpkeep:
    """Sweeps what hangs on a deleted tweet or reply, and erases a deleted account's. An event may come twice."""

    def __init__(self, store: TweetStore) -> None:
        self._store = store

    async def on_event(self, event: Event) -> None:
        """Carries out one event, in writes of CHUNK rows."""
        if event.kind == Kind.CONTENT_DELETED:
            while await self._store.sweep(event.subject, CHUNK) == CHUNK:
                pass
        elif event.kind == Kind.ACCOUNT_DELETED:
            while await self._store.erase(event.subject, CHUNK) == CHUNK:
                pass
