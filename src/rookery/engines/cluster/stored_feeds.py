"""Feeds as Redis keeps them: one string each, of words of eight bytes.

First stands a header: version (changes whenever the string is written anew), floor (the id down to which the feed is
complete; ID_MAX while it is being built), the id at which it was built, and the celebrities that are merged at read,
after their number. Then come entries in the order in which they arrived: the id, and for a retweet a second word, the
original's id with the highest bit set. Entries are appended only where there is a header.

A feed that is not there, for whatever reason, is built when it is next read.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from rookery.core.ids import ID_MAX
from rookery.engines.cluster.clock import IdClock
from rookery.engines.cluster.redis import Command, Redis, scripted
from rookery.services.feed.store import Entry

KEPT_S = 30 * 24 * 3600  # after its last reading
KEYS_AT_ONCE_MAX = 500  # of one script, so that others get their turn
TRIMMED_AT_ONCE = 32  # feeds, some 0.2 ms of this process each
LOOKED_THROUGH = 64 * 8  # newest bytes in which an entry is looked for that comes for the first time
_WORD = 8
_HEAD = struct.Struct(">QQQQ")
_ORIGINAL = 1 << 63

# Appends an entry wherever there is a feed that does not hold it; answers which of them have grown long, of each once
# in 512 bytes.
_PUSH = """
local entry, look, long = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local id, grown = string.sub(entry, 1, 8), {}
for place, key in ipairs(KEYS) do
  local size = redis.call('STRLEN', key)
  if size > 0 then
    local from = math.max(32, size - look)
    local held, at = redis.call('GETRANGE', key, from, -1), 0
    repeat at = string.find(held, id, at + 1, true) until not at or at % 8 == 1
    if not at then
      size = redis.call('APPEND', key, entry)
      if size > long and size % 512 < #entry then grown[#grown + 1] = place end
    end
  end
end
return grown"""
# Writes a string anew where it still begins as it did; what was appended since stays.
_REPLACE = """
local size = tonumber(ARGV[2])
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
local anew = ARGV[3] .. redis.call('GETRANGE', KEYS[1], size, -1)
if ARGV[4] == '' then
  redis.call('SET', KEYS[1], anew, 'KEEPTTL')
else
  redis.call('SET', KEYS[1], anew, 'EX', ARGV[4])
end
return 1"""


@dataclass(frozen=True, slots=True)
class Mark:
    """Version and size change whenever the feed does; `celebrities` are how many it names."""

    version: int
    size: int
    built: int
    celebrities: int


@dataclass(frozen=True, slots=True)
class StoredFeed:
    """A feed as it was read. `arrived`: entries in the order in which they came, those from before it was built first;
    some may be there twice."""

    version: int
    floor: int
    built: int
    celebrities: tuple[int, ...]
    arrived: tuple[Entry, ...]

    def below(self, before: int) -> list[Entry]:
        """The entries from the floor on, strictly below an id, newest first."""
        held = {one: original for one, original in self.arrived if self.floor <= one < before}
        return sorted(held.items(), reverse=True)

    def late(self, seen: int) -> int:
        """The lowest id not above `seen` that came after the newest of those, or `seen`: who saw the feed when that one
        was its newest may not know it."""
        last = max((one for one, _ in self.arrived if one <= seen), default=0)
        ids = [one for one, _ in self.arrived]
        after = ids[ids.index(last) + 1 :] if last else []
        return min((one for one in after if one < last), default=seen)


class StoredFeeds:
    """The feeds in Redis. One keeps at most some `keep` entries; `trust` of them are left when it is trimmed."""

    def __init__(self, redis: Redis, clock: IdClock, *, keep: int = 900, trust: int = 800) -> None:
        self._redis = redis
        self._clock = clock
        self._keep = keep
        self._trust = trust

    async def read(self, viewer: int) -> StoredFeed | None:
        """The viewer's feed, kept for another while; None where there is none, or it is being built. Raises
        RedisDown."""
        raw = await self._redis.call("GETEX", self.name(viewer), "EX", KEPT_S)
        found = _unpacked(raw) if raw else None
        return None if found is None or found.floor == ID_MAX else found

    async def mark(self, viewer: int) -> Mark | None:
        """What is to know of a feed without reading it; None where there is none. Raises RedisDown."""
        name = self.name(viewer)
        head, size = await self._redis.calls([("GETRANGE", name, 0, _HEAD.size - 1), ("STRLEN", name)])
        if not head:
            return None
        version, floor, built, celebrities = _HEAD.unpack(head)
        return None if floor == ID_MAX else Mark(version, size, built, celebrities)

    async def begin(self, viewer: int, *, dead_after_ms: int) -> int | None:
        """Writes the header of a feed to be built and returns its version; None where there is a feed, or somebody
        began one less than `dead_after_ms` ago. Raises RedisDown."""
        version = self._clock.mint()
        head = _HEAD.pack(version, ID_MAX, version, 0)
        if await self._redis.call("SET", self.name(viewer), head, "NX", "EX", KEPT_S) is not None:
            return version
        raw = await self._redis.call("GET", self.name(viewer))
        found = _unpacked(raw) if raw else None
        if found is None or found.floor != ID_MAX or version - found.version < dead_after_ms << 16:
            return None
        taken = await self._redis.run(
            _REPLACE, [self.name(viewer)], raw[: _HEAD.size], _HEAD.size, head, KEPT_S
        )
        return version if taken else None

    async def fill(
        self, viewer: int, version: int, floor: int, celebrities: Sequence[int], entries: Sequence[Entry]
    ) -> bool:
        """Stores what was pulled, newest first, if the header still stands; returns whether it did. Raises
        RedisDown."""
        before = _HEAD.pack(version, ID_MAX, version, 0)
        after = _packed(StoredFeed(version, floor, version, tuple(celebrities), tuple(reversed(entries))))
        return bool(await self._redis.run(_REPLACE, [self.name(viewer)], before, _HEAD.size, after, KEPT_S))

    async def push(self, viewers: Sequence[int], entry: Entry, *, again: bool) -> None:
        """Appends an entry to those of the feeds that are there and lack it; `again`: it may have been there for long.
        Trims those that have grown long. Raises RedisDown."""

        async def push(part: Sequence[int]) -> None:
            grown = await self._redis.call(*self.pushing(part, entry, again=again))
            await self.trim([part[at - 1] for at in grown])

        starts = range(0, len(viewers), KEYS_AT_ONCE_MAX)
        await asyncio.gather(*(push(viewers[start : start + KEYS_AT_ONCE_MAX]) for start in starts))

    async def trim(self, viewers: Sequence[int]) -> None:
        """Leaves the newest of each feed, and raises its floor to them; of a few at a time, so that whoever waits for
        Redis meanwhile sees the answer in time. Raises RedisDown."""
        for start in range(0, len(viewers), TRIMMED_AT_ONCE):
            names = [*map(self.name, viewers[start : start + TRIMMED_AT_ONCE])]
            found = await self._redis.calls([("GET", name) for name in names])
            trimmed = [_trimmed(raw, self._clock.mint(), self._keep, self._trust) for raw in found]
            await self._redis.calls(
                [
                    scripted(_REPLACE, [name], raw[: _HEAD.size], len(raw), left, "")
                    for name, raw, left in zip(names, found, trimmed, strict=True)
                    if left
                ]
            )

    def pushing(self, viewers: Sequence[int], entry: Entry, *, again: bool = False) -> Command:
        """The command that appends an entry, to KEYS_AT_ONCE_MAX feeds at most."""
        look = 1 << 30 if again else LOOKED_THROUGH
        return scripted(_PUSH, [*map(self.name, viewers)], _words(entry), look, self._long)

    def dropping(self, viewers: Sequence[int]) -> Command:
        """The command that makes feeds be built anew."""
        return ("UNLINK", *map(self.name, viewers))

    async def drop(self, viewer: int) -> None:
        """Makes a feed be built anew. Raises RedisDown."""
        await self._redis.call(*self.dropping([viewer]))

    async def drop_all(self) -> None:
        """Takes every feed away. Raises RedisDown."""
        async for names in self._redis.names("feed:"):
            await self._redis.call("UNLINK", *names)

    async def all(self) -> AsyncIterator[int]:
        """Whose feeds there are. Raises RedisDown."""
        async for names in self._redis.names("feed:"):
            for name in names:
                yield int(name.rpartition(b":")[2])

    def name(self, viewer: int) -> str:
        """The key of a feed."""
        return self._redis.key(f"feed:{viewer}")

    @property
    def _long(self) -> int:
        """The size beyond which a feed is trimmed."""
        return _HEAD.size + self._keep * _WORD


def _words(entry: Entry) -> bytes:
    one, original = entry
    return struct.pack(">QQ", one, original | _ORIGINAL) if original else struct.pack(">Q", one)


def _packed(feed: StoredFeed) -> bytes:
    head = _HEAD.pack(feed.version, feed.floor, feed.built, len(feed.celebrities))
    return b"".join(
        [head, struct.pack(f">{len(feed.celebrities)}Q", *feed.celebrities), *map(_words, feed.arrived)]
    )


def _unpacked(raw: bytes) -> StoredFeed | None:
    if not _is_feed(raw):
        return None
    version, floor, built, count, *words = struct.unpack(f">{len(raw) // _WORD}Q", raw)
    arrived: list[Entry] = []
    for word in words[count:]:
        if word & _ORIGINAL:
            arrived[-1] = (arrived[-1][0], word ^ _ORIGINAL)
        else:
            arrived.append((word, 0))
    return StoredFeed(version, floor, built, tuple(words[:count]), tuple(arrived))


def _trimmed(raw: bytes | None, version: int, keep: int, trust: int) -> bytes | None:
    """A feed with the newest `trust` of its entries, each once, as they came; None where it has no more than `keep`, or
    is being built. Words are not made into entries: a worker trims as much as it appends."""
    if raw is None or not _is_feed(raw):
        return None
    _, floor, built, count, *words = struct.unpack(f">{len(raw) // _WORD}Q", raw)
    celebrities, words = words[:count], words[count:]
    ids = [word for word in words if word < _ORIGINAL]
    if floor == ID_MAX or len(ids) <= keep:
        return None
    if len(set(ids)) < len(ids):
        words = _each_once(words)
        ids = list(dict.fromkeys(ids))
    newest = sorted(ids)[-trust:]
    if len(newest) == trust:
        floor = max(floor, newest[0])
    left = _from(words, floor)
    return struct.pack(f">{4 + count + len(left)}Q", version, floor, built, count, *celebrities, *left)


def _from(words: list[int], floor: int) -> list[int]:
    """The words of the entries from the floor on, as they came. Nearly in order, so only those up to the last one below
    the floor have to be looked at alone."""
    end = next((at + 1 for at in range(len(words) - 1, -1, -1) if words[at] < floor), 0)
    if 0 < end < len(words) and words[end] >= _ORIGINAL:
        end += 1
    left, stays = [], False
    for word in words[:end]:
        if word < _ORIGINAL:
            stays = word >= floor
        if stays:
            left.append(word)
    return left + words[end:]


def _each_once(words: Sequence[int]) -> list[int]:
    """The words without those of entries that came before."""
    left: list[int] = []
    held: set[int] = set()
    is_new = False
    for word in words:
        if word < _ORIGINAL:
            is_new = word not in held
            held.add(word)
        if is_new:
            left.append(word)
    return left


def _is_feed(raw: bytes) -> bool:
    return len(raw) >= _HEAD.size and not len(raw) % _WORD
