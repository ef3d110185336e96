"""Processes that share tables and a cache of rows, for its tests: real engines, a line to Redis that can be cut."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from rookery.core.errors import Problem
from rookery.engines.cluster.outbox import Announcer, Publisher
from rookery.engines.cluster.redis import Redis, RedisDown
from rookery.engines.cluster.row_cache import RowCache
from rookery.engines.cluster.row_marks import RowMarks, name_of
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.tables import USERS, Item, Key, Table
from rookery.engines.cluster.tx import Tx
from tests.engines.cluster.calls import another, grown
from tests.engines.cluster.roost import emptied
from tests.stages.cluster import USED, ClusterStage
from tests.tabling import tables_of_its_own

T = TypeVar("T")


class Line(Redis):
    """A line to Redis; while it is `cut` nothing goes over it."""

    cut = False

    async def _asked(self, asked: Callable[[], Awaitable[T]]) -> T:
        if self.cut:
            raise RedisDown
        return await super()._asked(asked)


class Process(ClusterStage):
    """One process: it reads through the cache, marks before its commits, and tells Redis after them until it dies."""

    def __init__(self, stage: ClusterStage, redis_url: str) -> None:
        dynamo = another(stage.dynamo)
        self.redis = Line(redis_url, dynamo.name(USERS).removesuffix(USERS.name))
        self.cache = RowCache(dynamo, self.redis)
        super().__init__(dynamo, self.cache)
        self.publisher = Publisher(self.redis, Announcer(self.redis, StoredFeeds(self.redis, dynamo.clock)))
        dynamo.guard = RowMarks(self.redis)
        dynamo.before_answer.append(self.publisher.tell)

    def die(self) -> None:
        """Says nothing more after a commit."""
        self.dynamo.before_answer.clear()

    async def row(self, table: Table, *key: int) -> Item | None:
        """A row as this process reads it."""
        return (await self.cache.read({table: [key]}))[table].get(key)

    async def name(self, user_id: int) -> str:
        """An account's name as this process reads it."""
        row = await self.row(USERS, user_id)
        assert row is not None
        return str(row["name"])

    async def rename(self, user_id: int, name: str, *, hiding: bool = False, only: str = "") -> None:
        """Gives an account another name. Refused with `not_found` where it has not the name `only`."""

        async def work(tx: Tx) -> None:
            where = {"name": only} if only else None
            refusal = Problem("not_found", "It has another name.")
            tx.update(USERS, user_id, set_to={"name": name}, where=where, refused=refusal)
            if hiding:
                tx.hide()

        await self.dynamo.write(work)

    async def kept(self, table: Table, *key: int) -> bytes | None:
        """What stands for a row in Redis."""
        found: bytes | None = await self.redis.call("GET", name_of(self.redis, table, key))
        return found

    async def differing(self, wanted: Mapping[Table, Sequence[Key]]) -> Sequence[tuple[Table, Key]]:
        """The rows that this process reads otherwise than they are."""
        read, true = await self.cache.read(wanted), await self.dynamo.get_all(wanted)
        return [
            (table, key)
            for table, keys in wanted.items()
            for key in keys
            if read[table].get(key) != true[table].get(key)
        ]


@asynccontextmanager
async def processes(dynamodb_url: str, redis_url: str, count: int) -> AsyncIterator[list[Process]]:
    """Some processes, on a Redis that is not young."""
    async with tables_of_its_own(dynamodb_url, USED) as dynamo, AsyncExitStack() as closing:
        opened = [Process(ClusterStage(dynamo), redis_url) for _ in range(count)]
        for one in opened:
            one.publisher.start()
            closing.push_async_callback(one.redis.close)
            closing.push_async_callback(one.publisher.close)
        closing.push_async_callback(emptied, opened[-1].redis)
        await grown(opened[-1].redis)
        yield opened
