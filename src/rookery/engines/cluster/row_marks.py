"""Keys of cached rows, and what writers do to them: they mark a key before the commit and take the mark away after it.

A mark keeps everyone from filling the key. It holds the token of each writer that is at it, with the time until which
that one counts, so whoever finishes first takes away only its own. See row_cache.py for why that is enough.
"""

import secrets

from rookery.core.errors import Problem
from rookery.engines.cluster.redis import Command, Redis, RedisDown, RedisRefused, scripted
from rookery.engines.cluster.tables import (
    COUNTS,
    DELTAS,
    EDGES,
    LIKES,
    REPLIES,
    RETWEETS,
    TWEETS,
    USERS,
    Key,
    Table,
)
from rookery.engines.cluster.tx import Action, Touched, Tx

ABSENCES = frozenset({COUNTS, EDGES, LIKES, RETWEETS})  # where it is cached too that there is no row
ROWS = ABSENCES | {TWEETS, REPLIES, USERS}
MARKED_MS = (
    60_000  # longer than a commit may take from its first try on (dynamo.COMMIT_S_MAX and a last call)
)

_STANDING = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function others(held)
  local found = {}
  for at = 2, #held, 32 do
    local one = string.sub(held, at, at + 31)
    if string.sub(one, 1, 16) ~= ARGV[1] and tonumber(string.sub(one, 17)) > now then found[#found + 1] = one end
  end
  return table.concat(found)
end
"""
_MARK = (
    _STANDING
    + """
local own = ARGV[1] .. string.format('%016d', now + ARGV[2])
for _, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  local before = held and string.sub(held, 1, 1) == 'M' and others(held) or ''
  redis.call('SET', key, 'M' .. before .. own, 'PX', ARGV[2])
end"""
)
_CLEAR = (
    _STANDING
    + """
for _, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  local left = held and string.sub(held, 1, 1) == 'M' and others(held) or ''
  if left == '' then redis.call('DEL', key) else redis.call('SET', key, 'M' .. left, 'KEEPTTL') end
end"""
)


class RowMarks:
    """The guard of this process's writes (see Dynamo.guard)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def begin(self, tx: Tx) -> None:
        """Marks what the write changes. Raises Problem `engine_unavailable` where it must not stand before caches know
        and Redis cannot be used; any other goes on, and what is cached of it stays until Redis is told, or for its
        lifetime."""
        names = {name_of(self._redis, one.table, one.key) for one in tx.actions if _cached(one)}
        marked = sorted({name_of(self._redis, one.table, one.key) for one in tx.actions if _seen(one)})
        tx.touched = Touched(sorted(names), secrets.token_hex(8))
        if not marked:
            return
        try:
            await self._redis.run(_MARK, marked, tx.touched.token, MARKED_MS)
        except (RedisDown, RedisRefused) as fault:
            if tx.caches_first:
                raise Problem(
                    "engine_unavailable",
                    "What others have cached of this cannot be taken back just now.",
                    retry_after_s=2,
                ) from fault

    async def refused(self, tx: Tx) -> None:
        """Takes the marks of a write away that certainly did not happen. Where Redis does not answer they expire."""
        if tx.touched.names:
            try:
                await self._redis.call(*clearing(tx.touched))
            except (RedisDown, RedisRefused):
                return


def clearing(touched: Touched) -> Command:
    """The command that takes the write's marks, and whatever else is in the keys, away; another's marks stay."""
    return scripted(_CLEAR, touched.names, touched.token)


def name_of(redis: Redis, table: Table, key: Key) -> str:
    """The key of a row in Redis; of DELTAS a whole partition has one."""
    parts = key[:1] if table is DELTAS else key
    return redis.key(":".join(["row", table.name, *map(str, parts)]))


def _cached(action: Action) -> bool:
    return action.verb != "ConditionCheck" and (action.table in ROWS or action.table is DELTAS)


def _seen(action: Action) -> bool:
    """Whether what is cached can be another than after the write, for anyone but who waits for its answer. Nobody has
    cached that a new tweet is not there; a new delta is missed by its own author alone."""
    return _cached(action) and not (action.new and action.table not in ABSENCES)
