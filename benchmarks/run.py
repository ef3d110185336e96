"""What a benchmark is given: where it may write, how long it may take, and how it tells what it does."""

import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure

PROJECT = Path(__file__).parent.parent
KEY = bytes.fromhex("5e" * 32)  # of folders that live for one run


class Skipped(Exception):
    """A benchmark cannot run here; the text says what it lacks."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the benchmarks. `quick` makes everything small: its figures show that it works, not how fast."""

    quick: bool
    scratch: Path

    def pick(self, whole: int, quick: int) -> int:
        """A size for the whole run, or for the quick one."""
        return quick if self.quick else whole

    def say(self, text: str) -> None:
        """Tells a person what goes on."""
        print(f"  {text}", file=sys.stderr, flush=True)

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """A folder for as long as the block runs."""
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.scratch))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark by its name on the command line."""

    name: str
    summary: str
    measure: Callable[[Run], Sequence[Figure]]


def pinned(core: int) -> Callable[[], None] | None:
    """What a child process calls to stay on one core; None where the system cannot do that (macOS)."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    chosen = cores[core % len(cores)]
    return lambda: os.sched_setaffinity(0, {chosen})


def resident_mib(pid: int | str = "self") -> float:
    """The memory of a process in MiB; where there is no /proc (macOS) this process's at its peak."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / (1 << 10)
