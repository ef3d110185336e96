"""The feed worker as it is, but that it tells of every batch how long it took.

`python -m benchmarks.timed_worker FILE` appends a line to FILE for each: JSON with `told`, what each event is about and
when it was told, in Unix ms; `begun`, when it was taken up; `rows`, the feeds that it wrote to; and `took_ms` until the
last of them had it.
"""

import json
import sys
import time
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from rookery.cli.commands import main
from rookery.core.events import Event
from rookery.engines.cluster.fanout import FanOut
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.streams import Message, place

_pushed: ContextVar[list[tuple[int, float]]] = ContextVar("pushed")  # feeds, and when they had it


def _timed(file: str) -> None:
    apply, push = FanOut.apply, StoredFeeds.push

    async def timed_apply(self: FanOut, batch: Sequence[Message[Event]]) -> None:
        begun = time.time()
        pushed: list[tuple[int, float]] = []
        _pushed.set(pushed)
        await apply(self, batch)
        told = {
            "told": [(one.body.subject, place(one.entry)[0]) for one in batch],
            "begun": begun * 1_000,
            "rows": sum(rows for rows, _ in pushed),
            "took_ms": (max((at for _, at in pushed), default=begun) - begun) * 1_000,
        }
        with open(file, "a", encoding="utf-8") as kept:  # noqa: ASYNC230, PTH123 - a line, and it is measured after
            kept.write(json.dumps(told) + "\n")

    async def counted_push(self: StoredFeeds, viewers: Sequence[int], *given: Any, **named: Any) -> None:
        await push(self, viewers, *given, **named)
        _pushed.get().append((len(viewers), time.time()))

    FanOut.apply = timed_apply  # type: ignore[method-assign]
    StoredFeeds.push = counted_push  # type: ignore[method-assign]


if __name__ == "__main__":
    _timed(sys.argv[1])
    sys.argv = ["rookery", "work", "feed"]
    main()
