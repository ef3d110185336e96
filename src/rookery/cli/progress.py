"""Progress of long work on standard error: bars on a terminal, a line a finished step elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Step:
    """One step of the work. `done` counts what is done of it."""

    def __init__(self, bars: Progress | None, task: TaskID | None) -> None:
        self.done = 0
        self._bars = bars
        self._task = task

    def advance(self, count: int = 1) -> None:
        """Says that so much more is done."""
        self.done += count
        if self._bars is not None and self._task is not None:
            self._bars.advance(self._task, count)


class Steps:
    """The steps of a piece of work, one after the other."""

    def __init__(self, bars: Progress | None) -> None:
        self._bars = bars

    def tell(self, line: str) -> None:
        """Prints a line beside the steps."""
        if self._bars is None:
            print(line, file=sys.stderr, flush=True)
        else:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Step]:
        """A step of `total` things (None: nobody knows how many)."""
        step = Step(self._bars, None if self._bars is None else self._bars.add_task(name, total=total))
        yield step
        if self._bars is None:
            print(f"{name}: {step.done:,}", file=sys.stderr, flush=True)


@contextmanager
def steps() -> Iterator[Steps]:
    """Shows steps while the block runs."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Steps(None)
        return
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        yield Steps(bars)
