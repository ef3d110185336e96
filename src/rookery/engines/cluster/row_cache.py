"""Rows of DynamoDB kept in Redis for everybody who reads them.

A key is absent, or holds a row (or that there is none), or a reader's lease, or writers' marks. Who finds it absent
puts a lease there, reads the row consistently, and then puts it in place of that very lease. A writer first puts a mark
in place of whatever is there, commits, and then takes the mark away (row_marks.py). While a key holds a lease or a mark
everybody reads DynamoDB.

So a row that is found is the row as it is at that moment. It was read under a lease, which was put where there was no
mark, and neither was replaced until now. A commit after that reading would have had its mark in the key before it, and
had it there until after it: then the lease could not have been put, or would have been replaced. In particular:

- *A slow reader* whose lease is older than a commit finds a mark, nothing, or another's lease, and fills nothing.
- *Two writers at one key*: a mark names both, and each takes away only itself, so the key stays marked until the last.
- *A writer that dies after the mark* leaves it for MARKED_MS, in which its commit is carried out or never will be.
  Likewise one that does not know whether its commit stands: it leaves its marks. A dead one is not kept by the marks of
  others: each has an end of its own.
- *A mark that expires* does so long after its commit has been given up.
- *Taken away late*: until then the key holds the mark. What is owed is told when Redis is back (outbox.Publisher).
- *Redis flushed, or started empty, between mark and commit*: for as long as a lost mark would count, leases and rows
  live so shortly that neither outlives a commit by half a second.

New rows need no mark where their absence is not cached. A new delta needs none either: its writer takes the key away
before it answers, which replaces any lease; if it dies in between, folding the delta (which marks) mends the key.

A writer that cannot reach Redis marks nothing. What hides something is then refused; whatever else is written shows to
others when Redis is told, and if its process dies before that, when the row's lifetime ends.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from msgspec import msgpack

from rookery.core.entities import STRANGER
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.redis import Redis, RedisDown, RedisRefused
from rookery.engines.cluster.row_marks import ABSENCES, MARKED_MS, name_of
from rookery.engines.cluster.tables import DELTAS, Item, Key, Table

ROW_KEPT_MS = 3_600_000
ABSENCE_KEPT_MS = 600_000
LEASED_MS = 5_000  # who reads for longer fills nothing
YOUNG_LEASED_MS, YOUNG_KEPT_MS = 200, 250  # while marks may have been lost
DECODED_MAX = 20_000  # rows that a process keeps decoded
OWN_DELTAS_MAX = 200  # of one viewer that are looked at

_LEASE = """
local time = redis.call('TIME')
redis.call('SET', KEYS[1], string.format('%d.%06d', time[1], time[2]), 'NX')
local young = (time[1] - redis.call('GET', KEYS[1])) * 1000 <= tonumber(ARGV[4])
for at = 2, #KEYS do redis.call('SET', KEYS[at], ARGV[1], 'NX', 'PX', young and ARGV[3] or ARGV[2]) end
return young and 1 or 0"""
_FILL = """
for at, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    local value = ARGV[2 * at]
    if value == '' then redis.call('DEL', key) else redis.call('SET', key, value, 'PX', ARGV[2 * at + 1]) end
  end
end"""
_ROW, _LEASED = b"V", b"L"

Place = tuple[Table, Key]
Held = Item | list[Item] | None  # a row, a partition of DELTAS, or that there is none


@dataclass(slots=True)
class Rows:
    """What one reading found. `deltas`: the viewer's that are not folded, oldest last; `at_once`: all of it is as of
    one moment."""

    found: dict[Table, dict[Key, Item]]
    deltas: list[Item] = field(default_factory=list)
    at_once: bool = False

    def __getitem__(self, table: Table) -> Mapping[Key, Item]:
        """The rows of a table."""
        return self.found[table]


class RowSource(Protocol):
    """Where rows are read from."""

    async def read(self, wanted: Mapping[Table, Sequence[Key]], *, deltas_of: int = STRANGER) -> Rows:
        """Rows by key as they are now, those that are not there left out, and beside them an account's unfolded
        deltas."""


class TableRows:
    """Rows as DynamoDB has them."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    async def read(self, wanted: Mapping[Table, Sequence[Key]], *, deltas_of: int = STRANGER) -> Rows:
        """See RowSource."""
        found, deltas = await asyncio.gather(self._dynamo.get_all(wanted), self._deltas(deltas_of))
        return Rows(found, deltas)

    async def _deltas(self, account: int) -> list[Item]:
        if account == STRANGER:
            return []
        return await self._dynamo.query(DELTAS, account, limit=OWN_DELTAS_MAX)


class RowCache:
    """Rows as Redis keeps them, and as DynamoDB has them where it keeps none or is away."""

    def __init__(self, dynamo: Dynamo, redis: Redis) -> None:
        self._tables = TableRows(dynamo)
        self._redis = redis

    async def read(self, wanted: Mapping[Table, Sequence[Key]], *, deltas_of: int = STRANGER) -> Rows:
        """See RowSource."""
        places: list[Place] = [(table, key) for table, keys in wanted.items() for key in dict.fromkeys(keys)]
        if deltas_of != STRANGER:
            places.append((DELTAS, (deltas_of,)))
        rows = Rows({table: {} for table in wanted}, at_once=True)
        if not places:
            return rows
        try:
            kept = await self._redis.call("MGET", *(name_of(self._redis, *place) for place in places))
        except (RedisDown, RedisRefused):
            return await self._tables.read(wanted, deltas_of=deltas_of)
        vacant, held = [], []
        for place, value in zip(places, kept, strict=True):
            if value is None:
                vacant.append(place)
            elif value.startswith(_ROW):
                _take(rows, place, _decoded(value))
            else:
                held.append(place)
        if vacant or held:
            rows.at_once = False
            await self._fetch(rows, vacant, held)
        return rows

    async def _fetch(self, rows: Rows, vacant: Sequence[Place], held: Sequence[Place]) -> None:
        """Reads from DynamoDB, and fills what was vacant."""
        filling = _Filling(self._redis, vacant)
        await filling.lease()
        wanted: dict[Table, list[Key]] = {}
        for table, key in (*vacant, *held):
            wanted.setdefault(table, []).append(key)
        account = wanted.pop(DELTAS, [(STRANGER,)])[0][0]
        assert isinstance(account, int)
        read = await self._tables.read(wanted, deltas_of=account)
        for place in (*vacant, *held):
            _take(rows, place, _found(read, place))
        await filling.fill(read)


class _Filling:
    """One reader's leases of keys, and what it puts in their place."""

    def __init__(self, redis: Redis, places: Sequence[Place]) -> None:
        self._redis = redis
        self._places = places
        self._lease = _LEASED + secrets.token_bytes(8)
        self._kept_ms: tuple[int, int] | None = None  # rows and absences; None: nothing is leased

    async def lease(self) -> None:
        """Leases the keys that are vacant still."""
        if not self._places:
            return
        keys = [self._redis.key("born"), *self._names()]
        try:
            young = await self._redis.run(
                _LEASE, keys, self._lease, LEASED_MS, YOUNG_LEASED_MS, MARKED_MS + 1_000
            )
        except (RedisDown, RedisRefused):
            return
        self._kept_ms = (YOUNG_KEPT_MS, YOUNG_KEPT_MS) if young else (ROW_KEPT_MS, ABSENCE_KEPT_MS)

    async def fill(self, read: Rows) -> None:
        """Puts what was read in place of the leases that stand."""
        if self._kept_ms is None:
            return
        values: list[bytes | int] = []
        for place in self._places:
            held = _found(read, place)
            keep = held is not None or place[0] in ABSENCES
            values += (_ROW + msgpack.encode(held) if keep else b"", self._kept_ms[held is None])
        try:
            await self._redis.run(_FILL, self._names(), self._lease, *values)
        except (RedisDown, RedisRefused):
            return

    def _names(self) -> list[str]:
        return [name_of(self._redis, *place) for place in self._places]


@lru_cache(maxsize=DECODED_MAX)
def _decoded(value: bytes) -> Held:
    """What a key holds. The same bytes give the same object, so that what was made of it can be known again; nobody
    changes it."""
    return msgpack.decode(value[len(_ROW) :])  # type: ignore[no-any-return]


def _found(read: Rows, place: Place) -> Held:
    table, key = place
    return read.deltas if table is DELTAS else read[table].get(key)


def _take(rows: Rows, place: Place, held: Held) -> None:
    table, key = place
    if isinstance(held, list):
        rows.deltas = held
    elif held is not None:
        rows.found[table][key] = held
