"""The cluster engine: every store over DynamoDB, Redis and OpenSearch, as one process sees them."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from rookery.core.errors import OperatorError, Problem
from rookery.engines.cluster import WORKERS, opensearch, search_build
from rookery.engines.cluster.accounts import ClusterAccounts
from rookery.engines.cluster.attempts import ClusterAttempts
from rookery.engines.cluster.celebrities import Celebrities
from rookery.engines.cluster.check import compare
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.export import ClusterExport
from rookery.engines.cluster.facts import ClusterFacts
from rookery.engines.cluster.feed import ClusterFeed
from rookery.engines.cluster.follows import ClusterFollows
from rookery.engines.cluster.leases import MOVING
from rookery.engines.cluster.ledger import ClusterLedger
from rookery.engines.cluster.lookout import Lookout
from rookery.engines.cluster.migrate import OnProgress, migrate
from rookery.engines.cluster.news import News
from rookery.engines.cluster.outbox import Announcer, Publisher
from rookery.engines.cluster.profiles import ClusterProfiles
from rookery.engines.cluster.pull import Puller
from rookery.engines.cluster.redis import Redis, RedisDown
from rookery.engines.cluster.replies import ClusterReplies
from rookery.engines.cluster.row_cache import RowCache
from rookery.engines.cluster.row_marks import RowMarks
from rookery.engines.cluster.search import ClusterSearch
from rookery.engines.cluster.sessions import ClusterSessions
from rookery.engines.cluster.signing_keys import ClusterKeys
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.streams import Streams
from rookery.engines.cluster.tables import LEASES, USERS
from rookery.engines.cluster.tweets import ClusterTweets
from rookery.engines.cluster.upkeep import Upkeep
from rookery.engines.cluster.wire import client_of
from rookery.engines.cluster.working import Workers
from rookery.engines.findings import Findings

CATCH_UP_STEP_S = 0.02
COMPARISONS_MAX, COMPARE_AGAIN_S = 5, 3.0  # where Redis goes away in the middle of one
LOOKS_MAX = 10  # for DynamoDB at the start, where many processes may start together and are slow to hear


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What the engine is told by the settings: addresses, times in milliseconds, sizes in entries."""

    dynamodb_url: str
    region: str
    redis_url: str
    search_url: str
    prefix: str
    search_shards: int = 1
    celebrity_followers: int = 10_000
    celebrity_grace_ms: int = 60_000
    feed_keep: int = 900
    feed_trust: int = 800


class ClusterEngine:
    """One process's view of the engines; `works` names the workers that it runs. Nothing is reached before `start`."""

    def __init__(self, options: ClusterOptions, works: Collection[str] = WORKERS) -> None:
        self.options = options
        self.dynamo = Dynamo(None, options.prefix)
        self.redis = Redis(options.redis_url, options.prefix)
        self.index = opensearch.engine(options.search_url, options.prefix, options.search_shards)
        self.feeds = StoredFeeds(
            self.redis, self.dynamo.clock, keep=options.feed_keep, trust=options.feed_trust
        )
        self.puller = Puller(self.dynamo)
        self.celebrities = Celebrities(self.dynamo, self.puller)
        self.announcer = Announcer(self.redis, self.feeds)
        self.publisher = Publisher(self.redis, self.announcer)
        self.news = News(self.redis)
        self.rows = RowCache(self.dynamo, self.redis)
        self.facts = ClusterFacts(self.dynamo, self.rows)
        self.accounts = ClusterAccounts(self.dynamo)
        self.sessions = ClusterSessions(self.dynamo)
        self.attempts = ClusterAttempts(self.dynamo)
        self.signing_keys = ClusterKeys(self.dynamo)
        self.export = ClusterExport(self.dynamo)
        self.ledger = ClusterLedger(self.dynamo)
        self.tweets = ClusterTweets(self.dynamo, self.facts)
        self.replies = ClusterReplies(self.dynamo)
        self.follows = ClusterFollows(self.dynamo)
        self.profiles = ClusterProfiles(self.tweets, self.replies, self.follows)
        self.feed = ClusterFeed(
            self.feeds,
            self.puller,
            self.celebrities,
            self.news,
            owes=self.publisher.owes,
            size=options.feed_trust,
        )
        self.search = ClusterSearch(self.dynamo, self.index)
        self.workers = Workers(
            self.dynamo,
            self.redis,
            self.index,
            self.feeds,
            self.celebrities,
            self.announcer,
            celebrity_followers=options.celebrity_followers,
            celebrity_grace_ms=options.celebrity_grace_ms,
        )
        self.dynamo.guard = RowMarks(self.redis)
        self.dynamo.before_answer.append(self.publisher.tell)
        self._works = works
        self.lookout = Lookout(self.dynamo, self._groups())
        self._opened = AsyncExitStack()

    async def start(self, upkeep: Sequence[Upkeep]) -> None:
        """Opens the connections and starts the workers. Raises OperatorError where DynamoDB does not answer."""
        self.dynamo.client = await self._opened.enter_async_context(
            client_of(self.options.dynamodb_url, self.options.region)
        )
        try:
            await _look(self.dynamo)
        except OperatorError:
            await self._close_connections()
            raise
        with contextlib.suppress(RedisDown):  # workers make them when it is back
            await self.announcer.events.make_groups()
            await self.announcer.deltas.make_groups()
        self.publisher.start()
        self.news.start()
        self.workers.start(self._works, upkeep)
        self.lookout.start()

    async def close(self) -> None:
        """Finishes what is in hand and closes every connection."""
        await self.lookout.close()
        await self.workers.close()
        await self.publisher.close()
        await self.news.close()
        await self._close_connections()

    async def _close_connections(self) -> None:
        await self.redis.close()
        await self.index.close()
        await self._opened.aclose()

    async def caught_up(self, on_progress: Callable[[int], None] | None = None) -> None:
        """Returns when feeds, index and counters have taken in all that there is now; `on_progress` gets how many
        messages are left."""
        while left := await self.behind():
            if on_progress is not None:
                on_progress(left)
            await asyncio.sleep(CATCH_UP_STEP_S)

    async def behind(self) -> int:
        """How many messages the workers have not done yet."""
        events, deltas = self.announcer.events, self.announcer.deltas
        told = [events.behind(group) for group in events.topic.groups]
        return self.publisher.waiting + sum(
            await asyncio.gather(*told, *(deltas.behind(group) for group in deltas.topic.groups))
        )

    async def rebuild(self, projection: str) -> None:
        """Throws a projection (`feed` or `search`) away; feeds come back as they are read, the index before this
        returns."""
        if projection == "feed":
            await self.feeds.drop_all()
        else:
            await search_build.rebuild(self.dynamo, self.index)

    async def compare(self, on_progress: Callable[[str], None]) -> Findings:
        """Compares counters, feeds and index with the truth; see check.py. Raises OperatorError where Redis does not
        answer."""
        for tried in range(1, COMPARISONS_MAX + 1):
            try:
                on_progress("waiting for feeds, index and counters to catch up")
                await self.caught_up()
                return await compare(
                    self.dynamo, self.index, self.feeds, self.puller, self.celebrities, on_progress
                )
            except RedisDown:
                if tried < COMPARISONS_MAX:  # a busy machine may be slow to answer for a while
                    await asyncio.sleep(COMPARE_AGAIN_S)
        raise OperatorError("Redis cannot be used: start it, or name another in cluster.redis_url.")

    @property
    def groups(self) -> Sequence[str]:
        """Those that this process tells of: at which it works. One that sweeps tells of all, so that one at which
        nobody works is seen."""
        return [group for _, group in self._groups()]

    def _groups(self) -> Sequence[tuple[Streams[Any], str]]:
        topics: tuple[Streams[Any], ...] = (self.announcer.events, self.announcer.deltas)
        every = [(streams, group) for streams in topics for group in streams.topic.groups]
        return every if "sweeper" in self._works else [one for one in every if one[1] in self._works]

    def waiting(self) -> int:
        """How many commits wait to be told to Redis."""
        return self.publisher.waiting


async def prepare(options: ClusterOptions, on_progress: OnProgress = lambda line: None) -> None:
    """Makes tables and indices that are missing. Raises OperatorError where an engine does not answer."""
    async with (
        client_of(options.dynamodb_url, options.region) as client,
        opensearch.connected(options.search_url, options.prefix, options.search_shards) as index,
    ):
        dynamo = Dynamo(client, options.prefix)
        try:
            await migrate(dynamo, index, on_progress)
        except (BotoCoreError, ClientError) as fault:
            raise _unreachable("DynamoDB", options.dynamodb_url, "cluster.dynamodb_url", fault) from None
        except Problem as fault:
            raise _unreachable("The search engine", options.search_url, "cluster.search_url", fault) from None


async def look(options: ClusterOptions) -> None:
    """Whether there are tables that may be used. Raises OperatorError."""
    async with client_of(options.dynamodb_url, options.region) as client:
        await _look(Dynamo(client, options.prefix))


async def _look(dynamo: Dynamo) -> None:
    try:
        await _described(dynamo)
    except ClientError as fault:
        if fault.response["Error"]["Code"] != "ResourceNotFoundException":
            raise _unreachable("DynamoDB", "", "cluster.dynamodb_url", fault) from None
        raise OperatorError(
            f"There is no table {dynamo.name(USERS)}: run `rookery migrate` with the same settings first."
        ) from None
    except (BotoCoreError, OSError) as fault:
        raise _unreachable("DynamoDB", "", "cluster.dynamodb_url", fault) from None
    move = await dynamo.get(LEASES, MOVING)
    if move is not None and move.get("done") is False:
        raise OperatorError(
            "A move into these tables has not ended: let it, or go on with `rookery migrate-data --go-on`."
        )


async def _described(dynamo: Dynamo) -> None:
    for tried in range(1, LOOKS_MAX + 1):
        try:
            await dynamo.client.describe_table(TableName=dynamo.name(USERS))
            return
        except (ConnectTimeoutError, ReadTimeoutError):
            if tried == LOOKS_MAX:
                raise


def _unreachable(what: str, where: str, setting: str, fault: Exception) -> OperatorError:
    place = f" at {urlsplit(where).netloc.rpartition('@')[2]}" if where else ""
    return OperatorError(f"{what}{place} cannot be used ({fault}): start it, or name another in {setting}.")
