"""The pulse of a process: its gauges, taken every second, among them how late its event loop runs."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from rookery.gateway.metrics import READY, Gauge, Meter, Series

TICK_S = 0.1
TICKS_A_SAMPLE = 10
SAMPLES_KEPT = 10
LOOP_DELAY = Gauge("loop_delay_ms", "Longest wait for a turn on the event loop in the last 10 s.")


class Pulse:
    """Keeps the meter of a process. `ready` says whether it can do what it is there for; from `drain` on it is not."""

    def __init__(
        self,
        ready: Callable[[], bool],
        series: Sequence[Series],
        gauges: Sequence[tuple[Gauge, Callable[[], float]]],
        folder: Path | None,
    ) -> None:
        own: list[tuple[Gauge, Callable[[], float]]] = [(READY, self.is_ready), (LOOP_DELAY, self._delay_ms)]
        self._ready = ready
        self._draining = False
        self._late: deque[float] = deque(
            [0.0], maxlen=SAMPLES_KEPT
        )  # the longest in each second, in milliseconds
        self._task: asyncio.Task[None] | None = None
        self.meter = Meter(series, [*own, *gauges], folder)

    def start(self) -> None:
        """Begins; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def drain(self) -> None:
        """Says from now on that the process is not ready."""
        self._draining = True
        self.meter.sample()

    def close(self) -> None:
        """Stops."""
        if self._task is not None:
            self._task.cancel()

    def is_ready(self) -> bool:
        """Whether the process is ready now."""
        return not self._draining and self._ready()

    def _delay_ms(self) -> float:
        return max(self._late)

    async def _run(self) -> None:
        while True:
            self.meter.sample()
            self._late.append(0.0)
            for _ in range(TICKS_A_SAMPLE):
                due = perf_counter() + TICK_S
                await asyncio.sleep(TICK_S)
                self._late[-1] = max(self._late[-1], (perf_counter() - due) * 1_000)
