"""The composition root: settings -> engine -> services -> gateway. Nothing else constructs an engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rookery.config import Settings
from rookery.core.reading import Reader
from rookery.core.routes import Route
from rookery.engines.embedded.engine import EmbeddedEngine, EngineOptions
from rookery.services.accounts import http as accounts_http
from rookery.services.accounts.service import AccountsService
from rookery.services.feed import http as feed_http
from rookery.services.feed.live import LiveService
from rookery.services.feed.service import FeedService
from rookery.services.follows import http as follows_http
from rookery.services.follows.projector import FollowsUpkeep
from rookery.services.follows.service import FollowsService
from rookery.services.profiles import http as profiles_http
from rookery.services.replies import http as replies_http
from rookery.services.replies.projector import RepliesUpkeep
from rookery.services.replies.service import RepliesService
from rookery.services.search import http as search_http
from rookery.services.search.service import SearchService
from rookery.services.tweets import http as tweets_http
from rookery.services.tweets.projector import TweetsUpkeep
from rookery.services.tweets.service import TweetsService


class Network:
    """Everything of one process: the engine and the services over it."""

    def __init__(self, settings: Settings, key: bytes, *, projectors: bool = True) -> None:
        self.settings = settings
        self.engine = EmbeddedEngine(settings.data.dir, key, _options(settings), projectors=projectors)
        engine = self.engine
        self.reader = Reader(engine.facts)
        self.accounts = AccountsService(engine.accounts)
        self.tweets = TweetsService(engine.tweets, self.reader)
        self.replies = RepliesService(engine.replies, self.reader)
        self.follows = FollowsService(engine.follows, self.reader)
        self.feed = FeedService(engine.feed, self.reader, retweet_window=settings.feed.retweet_window)
        self.live = LiveService(self.feed, engine.feed, self.reader)
        self.search = SearchService(engine.search, self.reader)

    def start(self) -> None:
        """Starts what works besides requests; needs a running loop."""
        self.engine.start(
            [
                TweetsUpkeep(self.engine.tweets),
                RepliesUpkeep(self.engine.replies),
                FollowsUpkeep(self.engine.follows),
            ]
        )

    async def close(self) -> None:
        """Finishes the accepted writes and closes every file."""
        await self.engine.close()

    def routes(self) -> list[Route]:
        """What all services serve."""
        return []


@asynccontextmanager
async def network(settings: Settings, key: bytes, *, projectors: bool = True) -> AsyncIterator[Network]:
    """An open, started network; at the end every accepted write is on disk."""
    opened = Network(settings, key, projectors=projectors)
    opened.start()
    try:
        yield opened
    finally:
        await opened.close()


def _options(settings: Settings) -> EngineOptions:
    return EngineOptions(
        write_queue_max=settings.engine.write_queue_max,
        group_max=settings.engine.group_max,
        outbox_keep_ms=settings.engine.outbox_keep_ms,
        celebrity_followers=settings.feed.celebrity_followers,
        celebrity_grace_ms=settings.feed.celebrity_grace_ms,
        feed_keep=settings.feed.keep,
        feed_trust=settings.feed.trust,
    )
