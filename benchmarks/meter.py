"""What is taken of the engines while something is done: DynamoDB's units and rows, the processors, Redis's network."""

import time
from binascii import a2b_base64
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Any

from rookery.engines.cluster.engine import ClusterEngine
from rookery.engines.cluster.tables import DELTAS, TABLES
from rookery.engines.cluster.tx import Committed

READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4_096, 1_024


class Meter:
    """DynamoDB's client, counting units as AWS does, and what is put into tables that keep it. A read of a row costs
    one, as none has more than 4 KiB, and one that is not there as much; a query its rows together; a part of a
    transaction two for each KiB. Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide,
    read-write-operations.html and transaction-apis.html. (DynamoDB Local counts by table, not by row.)"""

    def __init__(self, engine: ClusterEngine) -> None:
        self._client = engine.dynamo.client
        self._tables = {engine.dynamo.name(one): one for one in TABLES}
        self.read = 0.0
        self.written: Counter[str] = Counter()
        self.rows = self.bytes = self.events = self.deltas = 0
        engine.dynamo.client = self
        engine.dynamo.on_commit.append(self._committed)

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        async def call(**asked: Any) -> Any:
            answer = await getattr(self._client, operation)(**asked)
            if operation == "batch_get_item":
                self.read += sum(len(one["Keys"]) for one in asked["RequestItems"].values())
            elif operation == "query":
                self.read += max(1, ceil(sum(map(item_bytes, answer["Items"])) / READ_UNIT_BYTES))
            for item in asked.get("TransactItems", ()):
                self._change(item)
            return answer

        return call

    def _change(self, item: Mapping[str, Any]) -> None:
        ((verb, said),) = item.items()
        size = item_bytes(said["Item"]) if verb == "Put" else 0
        self.written[said["TableName"]] += 2 * max(1, ceil(size / WRITE_UNIT_BYTES))
        table = self._tables[said["TableName"]]
        if verb == "Put" and not table.expires and table is not DELTAS:
            self.rows += 1
            self.bytes += size

    def _committed(self, done: Committed) -> None:
        self.events += len(done.events)
        self.deltas += len(done.deltas)


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of an item, as AWS counts it: names and values; a number is a byte for two digits, and one more.
    Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html."""
    size = 0
    for name, value in item.items():
        ((kind, held),) = value.items()
        size += len(name.encode())
        match kind:
            case "N":
                size += -(-len(held.lstrip("-").rstrip("0")) // 2) + 1
            case "S":
                size += len(held.encode())
            case "B":
                size += len(a2b_base64(held) if isinstance(held, str) else held)  # in answers in base64
            case _:
                size += 1
    return size


class Taking:
    """What is taken between a begin and an end, each time; looking itself is taken off."""

    def __init__(self, engine: ClusterEngine, meter: Meter) -> None:
        self.each: dict[str, float] = {}
        self._engine = engine
        self._meter = meter

    async def begin(self) -> None:
        """From now on."""
        first = await self._look()
        self._tables = Counter(self._meter.written)
        self._before = await self._look()
        self._looking = {name: value - first[name] for name, value in self._before.items()}

    async def end(self, count: int, answered: int = 0) -> None:
        """Up to now, shared by so many."""
        after = await self._look()
        taken = {name: after[name] - self._before[name] - self._looking[name] for name in after}
        busiest = max((self._meter.written - self._tables).values(), default=0.0)
        taken |= {"write units of its busiest table": busiest, "answer": answered}
        self.each = {name: max(0.0, value) / count for name, value in taken.items()}

    async def _look(self) -> dict[str, float]:
        told: dict[str, str] = {}
        for section in ("cpu", "stats"):
            lines = (await self._engine.redis.call("INFO", section)).decode().splitlines()
            told |= dict(line.split(":", 1) for line in lines if ":" in line)
        meter = self._meter
        return {
            "processor": time.process_time() * 1e3,
            "processor of Redis": (float(told["used_cpu_user"]) + float(told["used_cpu_sys"])) * 1e6,
            "bytes out of Redis": float(told["total_net_output_bytes"]),
            "DynamoDB read units": meter.read,
            "DynamoDB write units": float(sum(meter.written.values())),
            "rows kept": meter.rows,
            "bytes kept": meter.bytes,
            "events told": meter.events,
            "counts told": meter.deltas,
        }
