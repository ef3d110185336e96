"""Redis Streams: what commits said, on its way to consumer groups. A topic is PARTITIONS streams by subject.

A group gets every message at least once: what it did not acknowledge it gets again. A message may be for one group only
(what the sweeper sends again to that one).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from rookery.core.events import Event, Kind
from rookery.engines.cluster.redis import Command, Redis, RedisRefused
from rookery.engines.cluster.tx import Delta, shard_of

PARTITIONS = 16  # divides the shards of the outbox: what is in one shard goes to one stream
BLOCK_MS = 250  # that a read waits for something new; shorter than a call to Redis may take
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Topic(Generic[T]):
    """A kind of messages, and the groups that get them."""

    name: str
    groups: tuple[str, ...]
    subject: Callable[[T], int]
    pack: Callable[[T], tuple[Any, ...]]
    unpack: Callable[..., T]


EVENTS: Topic[Event] = Topic(
    "events",
    ("feed", "search", "upkeep"),
    lambda event: event.subject,
    lambda event: (event.event_id, int(event.kind), event.actor, event.subject, event.other, event.backdated),
    lambda event_id, kind, *rest: Event(event_id, Kind(kind), *rest),
)
DELTAS: Topic[Delta] = Topic(
    "deltas",
    ("counts",),
    lambda delta: delta.subject,
    lambda delta: (delta.delta_id, delta.actor, delta.subject, delta.field, delta.amount),
    Delta,
)


@dataclass(frozen=True, slots=True)
class Message(Generic[T]):
    """A message of a stream. `again`: somebody may have had it before; `only`: the one group that it is for, or ""."""

    stream: str
    entry: bytes
    body: T
    again: bool
    only: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a group is in one stream, as entries of that: the last there is, the last it got, the oldest it got and
    did not acknowledge (or None), and how many it has not acknowledged in all."""

    last: bytes
    delivered: bytes
    oldest_open: bytes | None
    behind: int

    def passed(self, entry: bytes) -> bool:
        """Whether the group has done everything up to this entry."""
        if self.oldest_open is not None and place(self.oldest_open) <= place(entry):
            return False
        return place(self.delivered) >= place(entry)


class Streams(Generic[T]):
    """The streams of one topic."""

    def __init__(self, redis: Redis, topic: Topic[T]) -> None:
        self.topic = topic
        self.names = tuple(redis.key(f"{topic.name}:{number}") for number in range(PARTITIONS))
        self._redis = redis

    def partition(self, body: T) -> int:
        """The number of the stream of a message."""
        return shard_of(self.topic.subject(body)) % PARTITIONS

    def adding(self, body: T, *, only: str = "", again: bool = False) -> Command:
        """The command that sends a message."""
        sent = (
            "XADD",
            self.names[self.partition(body)],
            "*",
            "b",
            msgspec.msgpack.encode(self.topic.pack(body)),
        )
        return (*sent, *(("g", only) if only else ()), *(("a", "1") if again else ()))

    async def make_groups(self) -> None:
        """Makes the groups that are not there, from the first message on."""
        commands = [
            ("XGROUP", "CREATE", name, group, "0", "MKSTREAM")
            for name in self.names
            for group in self.topic.groups
        ]
        await self._redis.calls(commands, allowed="BUSYGROUP")

    async def read(self, group: str, consumer: str, count: int) -> list[Message[T]]:
        """New messages; waits BLOCK_MS for the first one."""
        asked = ("GROUP", group, consumer, "COUNT", count, "BLOCK", BLOCK_MS, "STREAMS")
        return await self._read((*asked, *self.names, *(">" for _ in self.names)), again=False)

    async def read_own(self, group: str, consumer: str, count: int) -> list[Message[T]]:
        """Messages that the consumer got and did not acknowledge: one whose answer was lost does not know of them."""
        asked = ("GROUP", group, consumer, "COUNT", count, "STREAMS")
        return await self._read((*asked, *self.names, *("0" for _ in self.names)), again=True)

    async def claim(self, group: str, consumer: str, idle_ms: int, count: int) -> list[Message[T]]:
        """Messages that a consumer got longer ago than `idle_ms` and neither acknowledged nor kept: it is taken to be
        dead."""
        replies = await self._redis.calls(
            [("XAUTOCLAIM", name, group, consumer, idle_ms, "0", "COUNT", count) for name in self.names]
        )
        return [
            one
            for name, (_, entries, *_) in zip(self.names, replies, strict=True)
            for one in self._messages(name, entries, again=True)
        ]

    async def keep(self, group: str, consumer: str, messages: Sequence[Message[T]]) -> None:
        """Says that the consumer still works on them, so that nobody claims them."""
        await self._redis.calls(
            [
                ("XCLAIM", name, group, consumer, 0, *entries, "JUSTID")
                for name, entries in _by_stream(messages).items()
            ],
            urgent=True,
        )

    async def acknowledge(self, group: str, messages: Sequence[Message[T]]) -> None:
        """Says that they are done."""
        await self._redis.calls(
            [("XACK", name, group, *entries) for name, entries in _by_stream(messages).items()],
            urgent=True,
        )

    async def leave(self, group: str, consumer: str) -> None:
        """Forgets a consumer, unless it has something that it did not acknowledge."""
        replies = await self._redis.calls(
            [("XPENDING", name, group, "-", "+", 1, consumer) for name in self.names]
        )
        await self._redis.calls(
            [
                ("XGROUP", "DELCONSUMER", name, group, consumer)
                for name, pending in zip(self.names, replies, strict=True)
                if not pending
            ]
        )

    async def standings(self, group: str, numbers: Sequence[int] = range(PARTITIONS)) -> list[Standing]:
        """How far the group is in each of the streams. Raises RedisRefused where a stream or the group is gone."""
        commands: list[Command] = []
        for number in numbers:
            name = self.names[number]
            commands += [("XINFO", "STREAM", name), ("XINFO", "GROUPS", name), ("XPENDING", name, group)]
        replies = await self._redis.calls(commands)
        return [_standing(group, *replies[at : at + 3]) for at in range(0, len(replies), 3)]

    async def behind(self, group: str) -> int:
        """How many messages the group has not done yet. Makes the group where it is not there. Raises RedisDown."""
        try:
            found = await self.standings(group)
        except RedisRefused:
            await self.make_groups()
            found = await self.standings(group)
        return sum(one.behind for one in found)

    async def lag_ms(self, group: str) -> int:
        """How long the oldest message that the group has not acknowledged has been in its stream, by Redis's clock; 0
        where there is none. Raises RedisDown, and RedisRefused where a stream or the group is gone."""
        found = await self.standings(group)
        oldest = [one.oldest_open for one in found if one.oldest_open is not None]
        fresh = [
            ("XRANGE", name, b"(" + one.delivered, "+", "COUNT", 1)
            for name, one in zip(self.names, found, strict=True)
            if one.oldest_open is None and one.behind
        ]
        (seconds, micros), *replies = await self._redis.calls([("TIME",), *fresh])
        oldest += [entries[0][0] for entries in replies if entries]
        now_ms = int(seconds) * 1_000 + int(micros) // 1_000
        return max((now_ms - place(entry)[0] for entry in oldest), default=0)

    async def give_back(
        self, group: str, consumer: str, messages: Sequence[Message[T]], idle_ms: int
    ) -> None:
        """Lets others claim at once what the consumer will not do: those that claim what is idle for so long."""
        await self._redis.calls(
            [
                ("XCLAIM", name, group, consumer, 0, *entries, "IDLE", idle_ms, "JUSTID")
                for name, entries in _by_stream(messages).items()
            ]
        )

    def parsed(self, number: int, entries: Sequence[Any]) -> list[Message[T]]:
        """Entries of a stream as a plain reading of it gives them."""
        return self._messages(self.names[number], entries, again=False)

    async def _read(self, asked: Command, *, again: bool) -> list[Message[T]]:
        answer = await self._redis.news("XREADGROUP", *asked)
        return [
            one
            for name, entries in answer or ()
            for one in self._messages(name.decode(), entries, again=again)
        ]

    def _messages(self, name: str, entries: Sequence[Any], *, again: bool) -> list[Message[T]]:
        found = []
        for entry, fields in entries:
            if fields is None:  # acknowledged by nobody, and trimmed
                continue
            held = dict(zip(fields[::2], fields[1::2], strict=True))
            body = self.topic.unpack(*msgspec.msgpack.decode(held[b"b"]))
            only = held.get(b"g", b"").decode()
            found.append(Message(name, entry, body, again or b"a" in held, only))
        return found


def place(entry: bytes) -> tuple[int, int]:
    """An entry's place in its stream: milliseconds of Redis's clock, and a number."""
    at_ms, _, number = entry.partition(b"-")
    return int(at_ms), int(number or 0)


def fields_of(flat: Sequence[Any]) -> dict[bytes, Any]:
    """Names and values as Redis tells them, one after the other."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _by_stream(messages: Sequence[Message[T]]) -> Mapping[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for one in messages:
        found.setdefault(one.stream, []).append(one.entry)
    return found


def _standing(group: str, stream: Sequence[Any], groups: Sequence[Any], pending: Sequence[Any]) -> Standing:
    named = {one[b"name"]: one for one in map(fields_of, groups)}
    if group.encode() not in named:
        raise RedisRefused("NOGROUP")
    mine = named[group.encode()]
    last, delivered = fields_of(stream)[b"last-generated-id"], mine[b"last-delivered-id"]
    waiting = mine.get(b"lag")
    if waiting is None:  # not known after some kinds of trimming
        waiting = int(place(delivered) < place(last))
    return Standing(last, delivered, pending[1], int(waiting) + int(pending[0]))
