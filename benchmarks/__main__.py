"""`python -m benchmarks`: measures, prints each figure with its bound, and writes the report."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import fanout, feed_read, report, scale, search, staleness, tweets
from benchmarks.figures import Figure, shown
from benchmarks.run import PROJECT, Benchmark, Run, Skipped
from rookery.core.errors import OperatorError

BENCHMARKS: Sequence[Benchmark] = (
    feed_read.BENCHMARK,
    tweets.BENCHMARK,
    fanout.BENCHMARK,
    staleness.BENCHMARK,
    search.BENCHMARK,
    scale.BENCHMARK,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what was asked for. Returns 0 when every bound holds, 1 when one is broken, 2 where nothing could run."""
    asked = _parser().parse_args(arguments)
    chosen = [one for one in BENCHMARKS if not asked.only or one.name in asked.only]
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.folder) as scratch:
        run = Run(asked.quick, Path(scratch))
        figures = [figure for one in chosen for figure in _measured(one, run)]
    if not figures:
        return 2
    if not asked.quick and not asked.no_report:
        written = report.write(asked.report, figures)
        print(f"Wrote {', '.join(path.name for path in written)} in {asked.report}.")
    broken = [figure for figure in figures if figure.holds is False]
    bound = [figure for figure in figures if figure.holds is not None]
    print(f"{len(bound) - len(broken)} of {len(bound)} bounds hold.")
    return 1 if broken else 0


def _measured(benchmark: Benchmark, run: Run) -> Sequence[Figure]:
    print(f"{benchmark.name}: {benchmark.summary}", flush=True)
    begun = time.monotonic()
    try:
        figures = benchmark.measure(run)
    except (Skipped, OperatorError) as fault:
        print(f"  left out: {fault}", flush=True)
        return []
    for figure in figures:
        value = shown(figure.value, figure.unit)
        print(f"  {figure.name:<58} {value:>16}  {figure.shown_bound():<18} {figure.verdict()}")
    print(f"  ({time.monotonic() - begun:.0f} s)", flush=True)
    return figures


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {one.name:<12} {one.summary}" for one in BENCHMARKS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures Rookery on this machine, each figure against its bound.\n\nbenchmarks:\n"
        + names,
        epilog="The whole takes some 10 minutes and 5 GB of disk. The server runs on one core, the load on another,\n"
        "so nothing else should run meanwhile. Exit code: 0 all bounds hold, 1 one is broken, 2 nothing could run.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=[one.name for one in BENCHMARKS], help="these alone"
    )
    parser.add_argument(
        "--quick", action="store_true", help="everything small, no report: does it work? (3 minutes)"
    )
    parser.add_argument(
        "--folder", type=Path, default=PROJECT / "build", help="where data folders are made (build)"
    )
    parser.add_argument("--report", type=Path, default=PROJECT / "docs", help="where the report goes (docs)")
    parser.add_argument("--no-report", action="store_true", help="print only")
    return parser


if __name__ == "__main__":
    sys.exit(main())
