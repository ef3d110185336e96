"""Feed workers as a queueing system, event by event.

What is told waits in one queue. A worker with a free turn takes a batch of what waits, and is at work on several at a
time, between which it divides its processor equally; how large and how many is as in the code. What is in a batch shows
when the batch is done, though the code may show a part of it earlier.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rookery.engines.cluster.working import FEED_BATCH_MAX, FEED_BATCHES_AT_ONCE

_TOLD, _DONE, _JOINS = range(3)
Work = Callable[
    [Sequence[float]], float
]  # seconds of one processor for a batch, by the feed rows of its events


@dataclass(slots=True)
class _Worker:
    """`shared`: seconds of work that each batch in hand has had so far, or would have had from the beginning on; a
    batch ends when that reaches its own mark in `ends`."""

    shared: float = 0.0
    since: float = 0.0
    version: int = 0
    ends: list[tuple[float, int, Sequence[int]]] = field(default_factory=list)

    def advance(self, now: float) -> None:
        if self.ends:
            self.shared += (now - self.since) / len(self.ends)
        self.since = now

    def next_end(self) -> float:
        return self.since + max(0.0, self.ends[0][0] - self.shared) * len(self.ends)


def delivered(
    told: Sequence[float],
    rows: Sequence[float],
    work: Work,
    workers: Sequence[float],
    *,
    batch_max: int = FEED_BATCH_MAX,
    turns: int = FEED_BATCHES_AT_ONCE,
) -> list[float]:
    """When each event is in the feeds, in seconds as `told` is: when it comes to the queue. `rows`: feed rows that it
    makes. `workers`: from when on each of them works. Raises ValueError where there is none."""
    if not workers:
        raise ValueError("without workers nothing is ever delivered")
    done = [0.0] * len(told)
    agenda: list[tuple[float, int, int, int]] = [(at, _TOLD, one, 0) for one, at in enumerate(told)]
    agenda += [(at, _JOINS, one, 0) for one, at in enumerate(workers)]
    heapq.heapify(agenda)
    fleet = [_Worker() for _ in workers]
    free: deque[int] = deque()
    waiting: deque[int] = deque()
    number = 0
    while agenda:
        now, what, one, version = heapq.heappop(agenda)
        if what == _TOLD:
            waiting.append(one)
        elif what == _JOINS:
            free.append(one)
        else:
            worker = fleet[one]
            if version != worker.version:
                continue
            worker.advance(now)
            _, _, batch = heapq.heappop(worker.ends)
            for event in batch:
                done[event] = now
            if len(worker.ends) == turns - 1:
                free.append(one)
            _schedule(agenda, worker, one)
        while waiting and free:
            one = free.popleft()
            worker = fleet[one]
            batch = [waiting.popleft() for _ in range(min(batch_max, len(waiting)))]
            worker.advance(now)
            number += 1
            mark = worker.shared + work([rows[event] for event in batch])
            heapq.heappush(worker.ends, (mark, number, batch))
            if len(worker.ends) < turns:
                free.append(one)
            _schedule(agenda, worker, one)
    return done


def _schedule(agenda: list[tuple[float, int, int, int]], worker: _Worker, one: int) -> None:
    worker.version += 1
    if worker.ends:
        heapq.heappush(agenda, (worker.next_end(), _DONE, one, worker.version))
