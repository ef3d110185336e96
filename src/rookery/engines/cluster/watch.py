"""A stream of events held against the outbox: what it lacks is sent again, and how far each group has come is known.

Every stretch of the outbox is read QUICK_MS after it was minted, and again SLOW_MS after: until then a commit may
become visible, whatever held it up. Events that the stream does not hold are sent to it. What a stream holds its
groups get: so when a group has acknowledged all that the stream held when a stretch had been read for the second time,
it has done everything up to there. That is its position. Redis being emptied, or replaced by a copy that may lack
something, shows in its epoch; each group then gets everything again from its position on.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from rookery.core.clock import now_ms
from rookery.core.events import Event
from rookery.core.ids import first_id_at
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.outbox import Announcer, stretch
from rookery.engines.cluster.redis import Command, Redis, RedisRefused
from rookery.engines.cluster.streams import PARTITIONS, Standing, place
from rookery.engines.cluster.tables import OUTBOX_SHARDS, Item, Value
from rookery.engines.cluster.upkeep import TWICE

QUICK_MS, SLOW_MS = 2_000, 60_000
QUICK_EVERY_S, IDLE_EVERY_S = 2.0, 10.0  # the second where nothing new is in the stream
SLOW_EVERY_S = 20.0
STOCK_EVERY_S = 5.0
STRETCH_MAX = first_id_at(60_000)  # of the outbox looked at at once
ALL = 1_000_000  # events of a shard in such a stretch
ENTRIES_MAX = 1_000  # of a stream read or sent in one call
SHARDS_AT_ONCE_MAX = 4
BACKLOG_MAX = 10_000  # with more waiting nothing is sent again
AGAIN_AT_ONCE = 200  # events a shard that are sent again together
KEPT_MS = 600_000  # of what every group has done
STREAM_MAX = 100_000  # messages; a group that is further behind is sent the others again from the outbox
_START = b"0-0"


@dataclass(slots=True)
class _Group:
    """How far a group is: `done` up to this event id; `done_next`, which is so only if Redis has been the same for a
    while; `again`, up to where it was sent everything again, or None; and the entries which, when it has passed them,
    move `done_next`."""

    done: int = 0
    again: int | None = None
    done_next: int = 0
    milestones: deque[tuple[bytes, int]] = field(default_factory=deque)
    behind: int = 0


class Watch:
    """One stream, and the shards of the outbox that go to it."""

    def __init__(self, dynamo: Dynamo, redis: Redis, announcer: Announcer, number: int) -> None:
        self._dynamo = dynamo
        self._redis = redis
        self._announcer = announcer
        self._number = number
        self._name = announcer.events.names[number]
        self._shards = range(number, OUTBOX_SHARDS, PARTITIONS)
        self.begin({})

    def begin(self, row: Item) -> None:
        """Goes on where the last one who watched has come to, as it was passed on."""
        self._epoch = str(row.get("epoch", ""))
        self._quick = self._slow = int(row.get("looked", 0))
        self._groups = {
            name: _Group(int(row.get(f"done_{name}", 0)), _again(row, name))
            for name in self._announcer.events.topic.groups
        }
        self._held: dict[int, None] = {}  # events of the stream, as they came
        self._last = _START
        self._quick_at = self._slow_at = self._stock_at = monotonic()
        self._active = True

    def passed_on(self) -> dict[str, Value | None]:
        """What `begin` wants to know."""
        said: dict[str, Value | None] = {"epoch": self._epoch, "looked": self._slow}
        for name, group in self._groups.items():
            said |= {f"done_{name}": group.done, f"again_{name}": group.again}
        return said

    async def look(self, epoch: str) -> None:
        """Does what it is time for. Raises RedisDown, RedisRefused, Problem: nothing is lost by that."""
        if epoch != self._epoch:
            self._start_over(epoch)
        if monotonic() - self._stock_at >= STOCK_EVERY_S:
            self._stock_at = monotonic()
            await self._take_stock()
        if max(group.behind for group in self._groups.values()) > BACKLOG_MAX:
            return
        await self._read()
        if monotonic() - self._quick_at >= (QUICK_EVERY_S if self._active else IDLE_EVERY_S):
            self._quick_at = monotonic() if await self._look_quickly() else 0.0
        if monotonic() - self._slow_at >= SLOW_EVERY_S:
            self._slow_at = monotonic() if await self._look_again() else 0.0
        for name, group in self._groups.items():
            if group.again is not None and group.behind <= AGAIN_AT_ONCE:
                group.again = await self._send_again(name, group, group.again)

    def _start_over(self, epoch: str) -> None:
        """Another Redis, or an emptied one: nothing is known of what it holds and what came of it."""
        if self._epoch:
            for group in self._groups.values():
                _from_done(group)
        self._epoch = epoch
        self._held.clear()
        self._last = _START

    async def _look_quickly(self) -> bool:
        """Looks at a stretch for the first time; whether it came to the end."""
        upper = await self._bound(self._quick, QUICK_MS)
        self._active = await self._send_missing(await self._events(self._quick, upper))
        self._quick = max(self._quick, upper)
        return _near(upper, QUICK_MS)

    async def _look_again(self) -> bool:
        """Looks at a stretch for the last time; whether it came to the end."""
        upper = await self._bound(self._slow, SLOW_MS)
        events = await self._events(self._slow, upper)
        await self._send_missing(events)
        twice = [event for event in events if event.kind in TWICE]
        await self._send(self._announcer.messages(twice, only="upkeep", again=True))
        await self._read()
        for group in self._groups.values():
            if group.again is None:
                group.milestones.append((self._last, upper))
        self._slow = max(self._slow, upper)
        self._quick = max(self._quick, upper)
        self._forget()
        return _near(upper, SLOW_MS)

    async def _send_again(self, name: str, group: _Group, above: int) -> int | None:
        """Sends a group what it may not have had, oldest first; up to where, or None at the end."""
        below = self._quick
        found = await self._gather(above, below, AGAIN_AT_ONCE)
        full = [events[-1].event_id for events in found if len(events) == AGAIN_AT_ONCE]
        upper = min(full, default=below)
        again = sorted(
            (one for events in found for one in events if one.event_id <= upper), key=lambda one: one.event_id
        )
        await self._send(self._announcer.messages(again, only=name, again=True))
        await self._read()
        group.milestones.append((self._last, upper))
        group.behind += len(again)
        return upper if upper < below else None

    async def _take_stock(self) -> None:
        """Learns how far the groups are, and lets go what all of them have done."""
        for group in self._groups.values():
            group.done = max(group.done, group.done_next)
        oldest = [await self._standing(name, group) for name, group in self._groups.items()]
        at_ms = place(self._last)[0] - KEPT_MS
        if at_ms > 0:
            least = min([*oldest, b"%d-0" % at_ms], key=place)
            await self._redis.call("XTRIM", self._name, "MINID", "~", least)
        if await self._redis.call("XLEN", self._name) > STREAM_MAX:
            await self._cut(oldest)

    async def _standing(self, name: str, group: _Group) -> bytes:
        """The oldest entry that the group may still need."""
        try:
            (standing,) = await self._announcer.events.standings(name, [self._number])
        except RedisRefused:  # the group or the stream is not there yet
            await self._announcer.events.make_groups()
            return _START
        group.behind = standing.behind
        while group.milestones and standing.passed(group.milestones[0][0]):
            group.done_next = max(group.done_next, group.milestones.popleft()[1])
        return _needed(standing)

    async def _cut(self, oldest: Sequence[bytes]) -> None:
        """Bounds the stream. A group that has not done what goes gets it from the outbox when it has caught up."""
        await self._redis.call("XTRIM", self._name, "MAXLEN", STREAM_MAX)
        first = await self._redis.call("XRANGE", self._name, "-", "+", "COUNT", 1)
        for group, entry in zip(self._groups.values(), oldest, strict=True):
            if first and place(entry) < place(first[0][0]):
                _from_done(group)

    async def _read(self) -> None:
        """Takes in what has come into the stream."""
        before = self._last
        while entries := await self._redis.call(
            "XRANGE", self._name, b"(" + self._last, "+", "COUNT", ENTRIES_MAX
        ):
            for one in self._announcer.events.parsed(self._number, entries):
                if not one.only:
                    self._held[one.body.event_id] = None
            self._last = entries[-1][0]
        self._active = self._active or before != self._last

    def _forget(self) -> None:
        """Lets go of what is not looked at any more; as they come nearly in order, the first of them are enough."""
        while self._held and (first := next(iter(self._held))) <= self._slow:
            del self._held[first]

    async def _send_missing(self, events: Sequence[Event]) -> bool:
        """Sends what the stream does not hold; whether there was any."""
        if not events:
            return False
        await self._read()
        missing = [event for event in events if event.event_id not in self._held]
        await self._send(self._announcer.messages(missing, again=True))
        return bool(missing)

    async def _send(self, commands: Sequence[Command]) -> None:
        for start in range(0, len(commands), ENTRIES_MAX):
            await self._redis.calls(commands[start : start + ENTRIES_MAX])

    async def _events(self, above: int, upper: int) -> list[Event]:
        """All events above one id, up to another."""
        found = await self._gather(above, upper, ALL)
        return [event for events in found for event in events]

    async def _gather(self, above: int, upper: int, limit: int) -> list[list[Event]]:
        """The oldest events of each shard."""
        turns = asyncio.Semaphore(SHARDS_AT_ONCE_MAX)

        async def of(shard: int) -> list[Event]:
            async with turns:
                return await stretch(self._dynamo, shard, above, upper + 1, limit)

        return list(await asyncio.gather(*map(of, self._shards))) if upper > above else []

    async def _bound(self, looked: int, age_ms: int) -> int:
        """Up to where the next look goes: not too far at once, but over a time without events."""
        latest = first_id_at(now_ms() - age_ms)
        if latest - looked <= STRETCH_MAX:
            return latest
        first = [events[0].event_id for events in await self._gather(looked, latest, 1) if events]
        return min(latest, min(first, default=latest) + STRETCH_MAX)


def _again(row: Item, name: str) -> int | None:
    held = row.get(f"again_{name}")
    return None if held is None else int(held)


def _from_done(group: _Group) -> None:
    """Has a group sent everything again from where it is known to have been."""
    group.again = group.done if group.again is None else min(group.done, group.again)
    group.done_next = group.done
    group.milestones.clear()


def _near(upper: int, age_ms: int) -> bool:
    """Whether a look came as far as one goes at this age."""
    return upper + STRETCH_MAX // 2 > first_id_at(now_ms() - age_ms)


def _needed(standing: Standing) -> bytes:
    return standing.delivered if standing.oldest_open is None else standing.oldest_open
