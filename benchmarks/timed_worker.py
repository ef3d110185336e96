"""The feed worker as it is, but that it tells of every batch how long it took.

`python -m benchmarks.timed_worker FILE` appends a line to FILE for each: JSON with `waited_ms`, from telling until it
was taken up, of each event; `rows`, the feeds that it wrote to; and `took_ms`.
"""

import json
import sys
import time
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from rookery.cli import main
from rookery.core.events import Event
from rookery.engines.cluster.fanout import FanOut
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.streams import Message, place

_rows: ContextVar[list[int]] = ContextVar("rows")


def _timed(file: str) -> None:
    apply, push = FanOut.apply, StoredFeeds.push

    async def timed_apply(self: FanOut, batch: Sequence[Message[Event]]) -> None:
        begun = time.time()
        rows: list[int] = []
        _rows.set(rows)
        await apply(self, batch)
        told = {
            "waited_ms": [begun * 1_000 - place(one.entry)[0] for one in batch],
            "rows": sum(rows),
            "took_ms": (time.time() - begun) * 1_000,
        }
        with open(file, "a", encoding="utf-8") as kept:  # noqa: ASYNC230, PTH123 - a line, and it is measured after
            kept.write(json.dumps(told) + "\n")

    async def counted_push(self: StoredFeeds, viewers: Sequence[int], *given: Any, **named: Any) -> None:
        _rows.get().append(len(viewers))
        await push(self, viewers, *given, **named)

    FanOut.apply = timed_apply  # type: ignore[method-assign]
    StoredFeeds.push = counted_push  # type: ignore[method-assign]


if __name__ == "__main__":
    _timed(sys.argv[1])
    sys.argv = ["rookery", "work", "feed"]
    main()
