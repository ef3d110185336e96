"""What lies in the engines, a piece each, and what the machinery between the actions costs: a part of cluster_costs."""

import time
from itertools import cycle, islice

import msgspec

from benchmarks.meter import Meter, Taking, item_bytes
from rookery.core.events import Event, Kind
from rookery.core.ids import ID_MAX
from rookery.engines.cluster.codec import packed
from rookery.engines.cluster.engine import ClusterEngine
from rookery.engines.cluster.news import hinting
from rookery.engines.cluster.outbox import stretch
from rookery.engines.cluster.search_indices import TEXTS
from rookery.engines.cluster.streams import EVENTS
from rookery.engines.cluster.tables import OUTBOX, Item
from rookery.engines.cluster.tx import event_row

KEPT = 900
OTHER_FEEDS = 500
HINTS = 1_000
SHARDS = 8  # of the outbox, that are swept


async def memory(engine: ClusterEngine, name: str | bytes) -> int:
    """Bytes that a key takes in Redis."""
    return int(await engine.redis.call("MEMORY", "USAGE", name, "SAMPLES", 0))


class Sizes:
    """The measurements, over what was written before; `times` makes them longer."""

    def __init__(self, engine: ClusterEngine, meter: Meter, times: int, author: int) -> None:
        self._engine = engine
        self._meter = meter
        self._times = times
        self._author = author
        self._found: dict[str, float] = {}

    async def all(self) -> dict[str, float]:
        """Each by its name in the plan."""
        engine = self._engine
        streams = engine.announcer.events.names
        held = sum([await engine.redis.call("XLEN", name) for name in streams])
        size = sum([await memory(engine, name) for name in streams])
        self._kept("event in a stream", size / held)
        self._kept("tweet in the index", await self._indexed())
        row: Item = {"owner": str(self._author), "position": self._author, "item": self._author}
        self._kept("row of a list", item_bytes(packed(row)))
        await self._feed_rows()
        await self._hints()
        await self._swept()
        return self._found

    def _kept(self, name: str, value: float) -> None:
        self._found[name] = value

    async def _feed_rows(self) -> None:
        """Feeds that are full, into which entries are appended."""
        engine, clock = self._engine, self._engine.dynamo.clock
        viewers = [(one + 1) << 16 for one in range(OTHER_FEEDS)]
        entries = [((at + 1) << 16, 0) for at in range(KEPT)][::-1]
        for one in viewers:
            version = await engine.feeds.begin(one, dead_after_ms=0)
            assert version is not None
            assert await engine.feeds.fill(one, version, 0, (), entries)
        taking = Taking(engine, self._meter)
        await taking.begin()
        for _ in range(10 * self._times):
            await engine.feeds.push(viewers, (clock.mint(), 0), again=False)
        await taking.end(10 * self._times * OTHER_FEEDS)
        self._kept("feed row, processor of Redis", taking.each["processor of Redis"])
        sizes = [await memory(engine, engine.feeds.name(one)) for one in viewers[:50]]
        self._kept("stored feed", sum(sizes) / len(sizes))

    async def _hints(self) -> None:
        """What each process reads of every other's news."""
        redis = self._engine.redis
        await redis.calls([hinting(redis)] * HINTS)
        taking = Taking(self._engine, self._meter)
        await taking.begin()
        for _ in range(10 * self._times):
            await redis.call("XRANGE", redis.key("news"), "-", "+", "COUNT", HINTS)
        await taking.end(10 * self._times * HINTS)
        self._kept("hint read by a process, processor of Redis", taking.each["processor of Redis"])

    async def _swept(self) -> None:
        """A sweeper reads each event of the outbox twice, and once in its stream."""
        engine, now = self._engine, int(time.time() * 1000)
        each = 100 * self._times
        events = [
            Event(
                engine.dynamo.clock.mint(),
                Kind.TWEET_CREATED,
                self._author,
                engine.dynamo.clock.mint(),
                0,
            )
            for _ in range(SHARDS * each)
        ]
        rows = [{**event_row(event, now), "shard": -1 - at % SHARDS} for at, event in enumerate(events)]
        await engine.dynamo.put_all([(OUTBOX, row) for row in rows])
        self._kept("row of the outbox", sum(item_bytes(packed(row)) for row in rows) / len(rows))
        packets = [(b"1-1", [b"b", msgspec.msgpack.encode(EVENTS.pack(one))]) for one in events]
        taking = Taking(engine, self._meter)
        await taking.begin()
        for shard in islice(cycle(range(SHARDS)), 2 * SHARDS):
            assert len(await stretch(engine.dynamo, -1 - shard, 0, ID_MAX, each)) == each
        engine.announcer.events.parsed(0, packets)
        await taking.end(len(events))
        self._kept("sweeper, an event, processor", taking.each["processor"])
        self._kept("sweeper, an event, DynamoDB read units", taking.each["DynamoDB read units"])

    async def _indexed(self) -> float:
        """Bytes of a document, in one segment."""
        index = self._engine.index
        name = index.name(TEXTS)
        await index.call("POST", f"{name}/_forcemerge?max_num_segments=1", seconds=60)
        for step in ("_flush", "_refresh"):  # after which no merged segment is kept for readers
            await index.call("POST", f"{name}/{step}", seconds=60)
        found = (await index.call("GET", f"{name}/_stats/store,docs"))["_all"]["primaries"]
        return float(found["store"]["size_in_bytes"] / found["docs"]["count"])
