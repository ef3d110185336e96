"""Many writes under way at a time, so that they share commits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

AT_ONCE = 512


async def each(items: Iterable[T], work: Callable[[T], Awaitable[Any]], at_once: int = AT_ONCE) -> None:
    """Begins `work` on every item in order, at most `at_once` under way. Raises the first fault, which ends the
    rest."""
    room = asyncio.Semaphore(at_once)

    async def one(item: T) -> None:
        try:
            await work(item)
        finally:
            room.release()

    try:
        async with asyncio.TaskGroup() as group:
            for item in items:
                await room.acquire()
                group.create_task(one(item))
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from None
