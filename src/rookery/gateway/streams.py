"""Live streams: server-sent events, until the client goes, its session ends or the server stops."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from rookery.core.errors import Problem
from rookery.gateway.intake import Receive, Send

SESSION_LOOK_S = 0.4  # a stream ends within a second of its session, also on a busy machine
CANCEL_AGAIN_S = 0.2
TAKEN_S_MAX = 20.0  # a client that takes nothing for so long has lost its stream
RETRY_AFTER_S = 15


class Streams:
    """The live streams of this process. At most `most` of an account at once; None: any number."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._open: Counter[int] = Counter()
        self._stopping = asyncio.Event()

    @property
    def count(self) -> int:
        """How many are open."""
        return self._open.total()

    def stop(self) -> None:
        """Ends every stream, now and from now on."""
        self._stopping.set()

    def enter(self, viewer: int) -> None:
        """Counts a stream in; `leave` must follow. Raises Problem `rate_limited`."""
        if self._most is not None and self._open[viewer] >= self._most:
            raise Problem(
                "rate_limited",
                f"The limit of {self._most} live streams at once is used up; close one.",
                retry_after_s=RETRY_AFTER_S,
            )
        self._open[viewer] += 1

    def leave(self, viewer: int) -> None:
        """Counts a stream out."""
        self._open[viewer] -= 1
        if not self._open[viewer]:
            del self._open[viewer]

    async def send(
        self,
        chunks: AsyncIterator[bytes],
        receive: Receive,
        send: Send,
        session_lives: Callable[[], Awaitable[bool]],
    ) -> None:
        """Sends the chunks as the rest of an answer, until something ends it. Raises what `chunks` raises."""
        feeding = asyncio.ensure_future(_feed(chunks, send))
        gone = asyncio.ensure_future(_until_gone(receive))
        stopped = asyncio.ensure_future(self._stopping.wait())
        tasks = (feeding, gone, stopped)
        try:
            while not await _any_done(tasks, SESSION_LOOK_S):
                if not await session_lives():
                    break
            still_there = not gone.done()
        finally:
            await _end(tasks)
        if still_there:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        if not feeding.cancelled() and (fault := feeding.exception()) and not isinstance(fault, TimeoutError):
            raise fault


async def _any_done(tasks: Iterable["asyncio.Future[Any]"], seconds: float) -> bool:
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    return bool(done)


async def _end(tasks: Iterable["asyncio.Future[Any]"]) -> None:
    """Cancels the tasks until they end: a cancellation that comes as a library ends a call of its own can be lost."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _feed(chunks: AsyncIterator[bytes], send: Send) -> None:
    try:
        async for chunk in chunks:
            async with asyncio.timeout(TAKEN_S_MAX):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
