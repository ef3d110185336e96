"""The composition root: settings -> engine -> services -> gateway. Nothing else constructs an engine.

The cluster engine is imported where it is asked for: its libraries take as long as everything else together, and the
commands of the embedded engine need none of them.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rookery.config import SERVICES, Settings
from rookery.core.reading import Reader
from rookery.core.routes import Route
from rookery.engines.cluster import WORKERS as WORKERS
from rookery.engines.embedded.backup import OnProgress, back_up, restore
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.damage import damage_told
from rookery.engines.embedded.doorbell import Bell as Bell
from rookery.engines.embedded.doorbell import Doorbell
from rookery.engines.embedded.engine import EmbeddedEngine, EngineOptions
from rookery.engines.embedded.engine import prepare as prepare_folder
from rookery.engines.embedded.projecting import FeedOptions, Projections
from rookery.gateway import logs
from rookery.gateway.app import Gateway, Surroundings
from rookery.gateway.auth import USED_STEP_MS, Authenticator, session_cookie
from rookery.gateway.metrics import Gauge
from rookery.gateway.pulse import Pulse
from rookery.services.accounts import http as accounts_http
from rookery.services.accounts.passwords import Passwords
from rookery.services.accounts.service import DAY_MS, AccountsService, Policy
from rookery.services.accounts.tokens import AccessTokens
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
from rookery.web import routes as page_routes
from rookery.web.errors import ErrorPages
from rookery.web.site import Services, Site

if TYPE_CHECKING:
    from rookery.engines.cluster.engine import ClusterEngine, ClusterOptions
    from rookery.engines.moving import OnStep

AnyEngine: TypeAlias = "EmbeddedEngine | ClusterEngine"


class Network:
    """Everything of one process: the engine and the services over it."""

    def __init__(self, settings: Settings, engine: AnyEngine) -> None:
        self.settings = settings
        self.engine = engine
        self.reader = Reader(engine.facts)
        self.accounts = _accounts(settings, engine)
        self.tweets = TweetsService(engine.tweets, self.reader)
        self.replies = RepliesService(engine.replies, self.reader)
        self.follows = FollowsService(engine.follows, self.reader)
        self.feed = FeedService(
            engine.feed,
            self.reader,
            retweet_window=settings.feed.retweet_window,
            cache_bytes_max=settings.engine.cache_bytes_max,
        )
        self.live = LiveService(self.feed, engine.feed, self.reader)
        self.search = SearchService(engine.search, self.reader)

    @cached_property
    def site(self) -> Site:
        """The pages over the services."""
        services = Services(
            self.reader,
            self.accounts,
            self.engine.profiles,
            self.tweets,
            self.replies,
            self.follows,
            self.feed,
            self.search,
        )
        return Site(services, session_cookie)

    async def start(self) -> None:
        """Opens what is to be opened, and starts what works besides requests. Raises OperatorError."""
        await self.engine.start(
            [
                TweetsUpkeep(self.engine.tweets),
                RepliesUpkeep(self.engine.replies),
                FollowsUpkeep(self.engine.follows),
            ]
        )

    async def close(self) -> None:
        """Finishes the accepted writes and closes every file."""
        await self.engine.close()
        self.accounts.passwords.close()

    def routes(self, services: Collection[str] = SERVICES) -> list[Route]:
        """What these services serve."""
        reader = self.reader
        served: dict[str, Callable[[], list[Route]]] = {
            "accounts": lambda: accounts_http.routes(self.accounts, reader, self.engine.export),
            "profiles": lambda: profiles_http.routes(self.engine.profiles, reader),
            "tweets": lambda: tweets_http.routes(self.tweets, reader, self.replies),
            "replies": lambda: replies_http.routes(self.replies, reader),
            "follows": lambda: follows_http.routes(self.follows, reader),
            "feed": lambda: feed_http.routes(self.feed, self.live),
            "search": lambda: search_http.routes(self.search),
            "pages": lambda: page_routes(self.site),
        }
        return [route for service in SERVICES if service in services for route in served[service]()]


@asynccontextmanager
async def network(settings: Settings, key: bytes, *, works: bool = True) -> AsyncIterator[Network]:
    """An open, started network, which also projects and sweeps unless it does not `work`; at the end every accepted
    write is on disk. Raises OperatorError."""
    logs.configure(settings.log.level, settings.log.format)
    with _damage_told(settings, key):
        opened = Network(settings, _engine(settings, key, works=works))
        await opened.start()
        try:
            yield opened
        finally:
            await opened.close()


def prepare(settings: Settings, key: bytes) -> None:
    """Makes or migrates the data folder, or tables and indices, so that a fault shows before anything serves. A
    process of some services looks for the tables alone: many may start at once.

    Raises OperatorError.
    """
    if settings.data.engine == "embedded":
        logs.configure(settings.log.level, settings.log.format)
        prepare_folder(settings.data.dir, key)
    elif settings.server.services:
        from rookery.engines.cluster.engine import look

        asyncio.run(look(_cluster_options(settings)))
    else:
        make_ready(settings, lambda line: None)


def make_ready(settings: Settings, tell: Callable[[str], None]) -> None:
    """Makes the tables and indices of the cluster engine that are missing. Raises OperatorError."""
    from rookery.engines.cluster.engine import prepare

    logs.configure(settings.log.level, settings.log.format)
    asyncio.run(prepare(_cluster_options(settings), tell))


def move_data(
    settings: Settings, key: bytes, tell: Callable[[str], None], on_step: "OnStep", *, go_on: bool
) -> Mapping[str, int]:
    """Moves the data folder into the cluster engine, whose tables and indices are made where they are missing; see
    engines/moving.py. Raises OperatorError."""
    from rookery.engines.moving import move

    make_ready(settings, tell)
    files = Files(settings.data.dir, key)
    return asyncio.run(move(files, _cluster_options(settings), on_step, go_on=go_on))


@asynccontextmanager
async def working(settings: Settings, names: Collection[str], metrics_folder: Path) -> AsyncIterator[None]:
    """Runs workers of the cluster engine; at the end what they have in hand is done, or others get it. Raises
    OperatorError."""
    logs.configure(settings.log.level, settings.log.format)
    engine = _cluster_engine(settings, names)
    opened = Network(settings, engine)
    pulse = Pulse(engine.lookout.ready, (), _gauges(engine), metrics_folder)
    await opened.start()
    pulse.start()
    try:
        yield
    finally:
        pulse.drain()
        await opened.close()
        pulse.close()


@contextmanager
def projecting(settings: Settings, key: bytes) -> Iterator[Bell | None]:
    """Projects for the applications of other processes, which ring the bell that it gives; the cluster engine has
    workers for that."""
    if settings.data.engine == "cluster":
        yield None
        return
    projections = Projections(Files(settings.data.dir, key), _feed_options(settings))
    doorbell = Doorbell(projections.wake)
    projections.start()
    doorbell.start()
    try:
        yield doorbell.bell
    finally:
        doorbell.close()
        projections.close()


def application(
    settings: Settings,
    key: bytes,
    metrics_folder: Path | None = None,
    bell: Bell | None = None,
    more: Sequence[Route] = (),
) -> Gateway:
    """The ASGI application of one server process, over a network that starts and ends with it; `bell` is that of the
    process that projects, if another does; `more` are routes beside those of the services. Raises OperatorError."""
    logs.configure(settings.log.level, settings.log.format)
    with _damage_told(settings, key):
        opened = Network(settings, _engine(settings, key, bell=bell))
    engine = opened.engine

    async def start() -> None:
        await opened.start()
        # What is there by now stays to the end: a full collection, which holds up every request, need not look at it.
        gc.collect()
        gc.freeze()

    def backlogged() -> bool:
        # The cluster's streams are bounded: what is late there holds up no writes.
        return isinstance(engine, EmbeddedEngine) and engine.lag_ms() > settings.engine.backlog_ms_max

    def ready() -> bool:
        return isinstance(engine, EmbeddedEngine) or engine.lookout.ready()

    surroundings = Surroundings(
        start=start,
        stop=opened.close,
        ready=ready,
        backlogged=backlogged,
        gauges=_gauges(engine),
        metrics_folder=metrics_folder,
    )
    authenticator = Authenticator(
        engine.sessions, opened.accounts.tokens, session_idle_ms=_session_idle_ms(settings)
    )
    services = settings.server.services or SERVICES
    routes = [*opened.routes(services), *more]
    error_page = ErrorPages(opened.site).show if "pages" in services else None
    return Gateway(
        routes, authenticator, engine.ledger, settings.limits, settings.server, surroundings, error_page
    )


def back_up_to(settings: Settings, key: bytes, target: Path, on_progress: OnProgress) -> int:
    """Writes a backup while others serve; returns its size in bytes. Raises OperatorError, OSError."""
    return back_up(Files(settings.data.dir, key), target, on_progress)


def restore_from(settings: Settings, key: bytes, source: Path) -> None:
    """Makes the data folder from a backup. Raises OperatorError, OSError."""
    restore(Files(settings.data.dir, key), source)


def _accounts(settings: Settings, engine: AnyEngine) -> AccountsService:
    limits = settings.limits
    by_address = limits.enabled and limits.addresses_enabled
    policy = Policy(
        session_idle_ms=_session_idle_ms(settings),
        failures_per_account=limits.login_failures_per_15min if limits.enabled else None,
        failures_per_address=limits.login_failures_per_hour_address if by_address else None,
    )
    tokens = AccessTokens(engine.signing_keys, lifetime_s=settings.session.access_token_minutes * 60)
    return AccountsService(engine.accounts, engine.sessions, engine.attempts, Passwords(), tokens, policy)


def _engine(settings: Settings, key: bytes, *, works: bool = True, bell: Bell | None = None) -> AnyEngine:
    if settings.data.engine == "embedded":
        return EmbeddedEngine(settings.data.dir, key, _options(settings), works=works, bell=bell)
    names = WORKERS if works and not settings.server.services else ()
    return _cluster_engine(settings, names)


def _cluster_engine(settings: Settings, works: Collection[str]) -> "ClusterEngine":
    from rookery.engines.cluster.engine import ClusterEngine

    return ClusterEngine(_cluster_options(settings), works)


def _cluster_options(settings: Settings) -> "ClusterOptions":
    from rookery.engines.cluster.engine import ClusterOptions

    cluster, feed = settings.cluster, settings.feed
    return ClusterOptions(
        dynamodb_url=cluster.dynamodb_url,
        region=cluster.region,
        redis_url=cluster.redis_url,
        search_url=cluster.search_url,
        search_shards=cluster.search_shards,
        prefix=cluster.prefix,
        celebrity_followers=feed.celebrity_followers,
        celebrity_grace_ms=feed.celebrity_grace_ms,
        feed_keep=feed.keep,
        feed_trust=feed.trust,
    )


def _gauges(engine: AnyEngine) -> list[tuple[Gauge, Callable[[], float]]]:
    waiting = Gauge("writes_waiting", "Writes that wait for the writer, or to be told to Redis.")
    gauges: list[tuple[Gauge, Callable[[], float]]] = [(waiting, engine.waiting)]
    if isinstance(engine, EmbeddedEngine):
        lag = Gauge("projection_lag_ms", "Age of the oldest event that feeds or search lack.")
        return [*gauges, (lag, engine.lag_ms)]
    for group in engine.groups:
        lag = Gauge("stream_lag_ms", "Age of the oldest message that a group of workers has not done.", group)
        in_hand = Gauge("messages_in_hand", "Messages at work, a process.", group)
        gauges += [
            (lag, partial(engine.lookout.lag_ms, group)),
            (in_hand, partial(engine.workers.in_hand, group)),
        ]
    return gauges


def _damage_told(settings: Settings, key: bytes) -> AbstractContextManager[None]:
    """Says what to do about damaged files, where there are any."""
    return damage_told(Files(settings.data.dir, key)) if settings.data.engine == "embedded" else nullcontext()


def _session_idle_ms(settings: Settings) -> int:
    """After so long since the use that was written last a session has ended; there may have been one a step later."""
    return settings.session.days * DAY_MS + USED_STEP_MS


def _options(settings: Settings) -> EngineOptions:
    return EngineOptions(
        write_queue_max=settings.engine.write_queue_max,
        group_max=settings.engine.group_max,
        outbox_keep_ms=settings.engine.outbox_keep_ms,
        celebrity_followers=settings.feed.celebrity_followers,
        feed=_feed_options(settings),
    )


def _feed_options(settings: Settings) -> FeedOptions:
    feed = settings.feed
    return FeedOptions(feed.keep, feed.trust, feed.celebrity_grace_ms)
