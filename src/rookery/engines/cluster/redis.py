"""Redis: event streams, feeds and caches. All of it can be lost, so nothing waits long for it: where it does not answer
in time it is left alone for a second, and who asks meanwhile hears so at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from hiredis import pack_command
from redis.asyncio import ConnectionPool
from redis.asyncio import Redis as Client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as TooLate

TIMEOUT_S = 1.0  # of one call; a busy process may itself be late to see the answer
TIMEOUTS_MAX = 3  # in a row
LEFT_ALONE_S = 1.0  # after as many, or a broken connection
CALLS_AT_ONCE_MAX = 16  # of one process; those that wait for news, or are urgent, not counted
# Answers that say the same as none: it cannot take this just now.
_UNABLE = ("OOM", "LOADING", "READONLY", "MISCONF", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS")

_BORN = """
local now = redis.call('TIME')
redis.call('SET', KEYS[1], string.format('%d.%06d', now[1], now[2]), 'NX')
return redis.call('GET', KEYS[1])"""

Command = tuple[Any, ...]
T = TypeVar("T")


class RedisDown(Exception):
    """Redis cannot be used just now."""


class RedisRefused(Exception):
    """Redis said no to a command; the text is its own, and begins with a code."""


class Redis:
    """Redis at an address; the names of its keys begin with `prefix`. Replies come as they are on the wire."""

    def __init__(self, url: str, prefix: str) -> None:
        pool = ConnectionPool.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        pool.connection_class = _packing(pool.connection_class)
        self._client = Client(connection_pool=pool)
        self._client.response_callbacks.clear()
        self._prefix = prefix
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE_MAX)
        self._alone_until = 0.0
        self._failing = False
        self._timeouts = 0

    def key(self, name: str) -> str:
        """The name of a key."""
        return f"{self._prefix}{name}"

    async def call(self, *command: Any) -> Any:
        """The reply to one command. Raises RedisDown, RedisRefused."""
        return await self._guarded(lambda: self._client.execute_command(*command))  # type: ignore[no-untyped-call]

    async def news(self, *command: Any) -> Any:
        """The reply to a command that waits for news, a quarter of TIMEOUT_S at most. Raises RedisDown,
        RedisRefused."""
        return await self._asked(lambda: self._client.execute_command(*command))  # type: ignore[no-untyped-call]

    async def calls(
        self, commands: Sequence[Command], *, allowed: str = "", urgent: bool = False
    ) -> list[Any]:
        """The replies to several commands, in one round trip; not one transaction. Refusals that begin with `allowed`
        come as replies; what is `urgent` is not held up by others of this process. Raises RedisDown, and RedisRefused
        after all were carried out."""
        if not commands:
            return []
        go = self._asked if urgent else self._guarded
        return await go(lambda: self._pipelined(commands, allowed))

    async def run(self, script: str, keys: Sequence[str], *values: Any) -> Any:
        """What a script answers. Raises RedisDown, RedisRefused."""
        return await self.call(*scripted(script, keys, *values))

    async def born(self) -> str:
        """When its keys began to be, as seconds of its clock with a fraction: another after every flush and every
        restart that kept nothing. Raises RedisDown."""
        return (await self.run(_BORN, [self.key("born")])).decode()  # type: ignore[no-any-return]

    async def names(self, beginning: str) -> AsyncIterator[Sequence[bytes]]:
        """The keys whose names begin so, some at a time, perhaps one twice. Raises RedisDown."""
        cursor = b"0"
        while True:
            cursor, names = await self.call(
                "SCAN", cursor, "MATCH", f"{self.key(beginning)}*", "COUNT", 1_000
            )
            if names:
                yield names
            if cursor == b"0":
                return

    async def close(self) -> None:
        """Closes every connection."""
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    async def _pipelined(self, commands: Sequence[Command], allowed: str) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        for reply in replies:
            if isinstance(reply, Exception) and not (allowed and allowed in str(reply)):
                raise reply
        return replies

    async def _guarded(self, asked: Callable[[], Awaitable[T]]) -> T:
        async with self._turns:
            return await self._asked(asked)

    async def _asked(self, asked: Callable[[], Awaitable[T]]) -> T:
        now = asyncio.get_running_loop().time()
        if now < self._alone_until:
            raise RedisDown
        if self._failing:  # one asks again, the others wait for what it hears
            self._alone_until = now + LEFT_ALONE_S
        try:
            answer = await asked()
        except (TooLate, TimeoutError) as fault:
            self._timeouts += 1
            if self._timeouts >= TIMEOUTS_MAX:
                self._leave_alone()
            raise RedisDown from fault
        except ResponseError as fault:
            if not str(fault).startswith(_UNABLE):
                self._well()  # it answers: whoever was told no may have to mend something with it at once
                raise RedisRefused(str(fault)) from fault
            self._leave_alone()
            raise RedisDown from fault
        except (RedisError, OSError) as fault:
            self._leave_alone()
            raise RedisDown from fault
        self._well()
        return answer

    def _well(self) -> None:
        self._failing, self._alone_until, self._timeouts = False, 0.0, 0

    def _leave_alone(self) -> None:
        self._failing = True
        self._alone_until = asyncio.get_running_loop().time() + LEFT_ALONE_S


def _packing(kind: type[Any]) -> type[Any]:
    """The library's connection with hiredis' way to pack commands: its own takes 1 us an argument, six times as long,
    and most of ours have more than a hundred."""
    return type(kind.__name__, (kind,), {"pack_command": lambda _, *command: [pack_command(command)]})


def scripted(script: str, keys: Sequence[str], *values: Any) -> Command:
    """A script as a command. Its text goes along: Redis keeps what it compiled, and a restarted one needs no
    telling."""
    return ("EVAL", script, len(keys), *keys, *values)
