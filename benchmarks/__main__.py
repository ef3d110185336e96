"""`python -m benchmarks`: measures, prints each figure with its bound, and writes the report."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    cluster_costs,
    cluster_fanout,
    cluster_feed_read,
    cluster_growth,
    cluster_processes,
    cluster_stages,
    cluster_staleness,
    fanout,
    feed_read,
    live_page,
    pages,
    report,
    sample,
    scale,
    search,
    staleness,
    tweets,
)
from benchmarks.figures import Figure, shown
from benchmarks.report import Found
from benchmarks.run import PROJECT, Benchmark, Run, Skipped
from rookery.core.errors import OperatorError

BENCHMARKS: Sequence[Benchmark] = (
    feed_read.BENCHMARK,
    pages.BENCHMARK,
    tweets.BENCHMARK,
    fanout.BENCHMARK,
    staleness.BENCHMARK,
    live_page.BENCHMARK,
    search.BENCHMARK,
    sample.BENCHMARK,
    scale.BENCHMARK,
)
CLUSTER: Sequence[Benchmark] = (
    cluster_costs.BENCHMARK,
    cluster_fanout.BENCHMARK,
    cluster_feed_read.BENCHMARK,
    cluster_staleness.BENCHMARK,
    cluster_stages.BENCHMARK,
    cluster_processes.BENCHMARK,
    cluster_growth.BENCHMARK,
)
_NAMES = [one.name for one in (*BENCHMARKS, *CLUSTER)]
QUICK = "A quick run: everything is small, so these figures show that the benchmarks work, not how fast anything is."


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what was asked for. Returns 0 when every bound holds, 1 when one is broken, 2 where one could not run."""
    asked = _parser().parse_args(arguments)
    chosen = [one for one in (*BENCHMARKS, *CLUSTER) if one.name in asked.names] or list(BENCHMARKS)
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.quick:
        print(f"{QUICK}\n", flush=True)
    found: list[Found] = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.folder) as scratch:
        run = Run(asked.quick, Path(scratch))
        for at, one in enumerate(chosen, 1):
            print(f"[{at}/{len(chosen)}] {one.name}: {one.summary}", flush=True)
            found.append(Found(one, os.getloadavg()[0], report.pace(), _measured(one, run)))
    return _concluded(found, asked)


def _measured(benchmark: Benchmark, run: Run) -> Sequence[Figure]:
    begun = time.monotonic()
    try:
        figures = benchmark.measure(run)
    except (Skipped, OperatorError) as fault:
        print(f"  left out: {fault}", flush=True)
        return []
    for figure in figures:
        verdict = "" if run.quick else figure.verdict()
        value = shown(figure.value, figure.unit)
        print(f"  {figure.name:<58} {value:>16}  {figure.shown_bound():<18} {verdict}".rstrip())
    print(f"  ({time.monotonic() - begun:.0f} s)", flush=True)
    return figures


def _concluded(found: Sequence[Found], asked: argparse.Namespace) -> int:
    """Writes the report and says which bounds hold. Returns the exit code."""
    left_out = [one.benchmark.name for one in found if not one.figures]
    if left_out:
        print(f"Left out: {', '.join(left_out)}.")
    if asked.quick:
        print(QUICK)
        return 2 if left_out else 0
    if len(left_out) < len(found) and not asked.no_report:
        written = report.write(asked.report, [one for one in found if one.figures])
        print(f"Wrote {', '.join(path.name for path in written)} in {asked.report}.")
    bound = [figure for one in found for figure in one.figures if figure.holds is not None]
    broken = [figure for figure in bound if not figure.holds]
    print(f"{len(bound) - len(broken)} of {len(bound)} bounds hold.")
    for figure in broken:
        print(
            f"  BROKEN {figure.bench}: {figure.name}, {shown(figure.value, figure.unit)}, {figure.shown_bound()}"
        )
    return 1 if broken else 2 if left_out else 0


def _name(given: str) -> str:
    if given not in _NAMES:
        raise argparse.ArgumentTypeError(f"there is no benchmark {given}: choose of {', '.join(_NAMES)}")
    return given


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {one.name:<12} {one.summary}" for one in (*BENCHMARKS, *CLUSTER))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        usage='make bench [ARGS="[NAME ...] [--quick] [--folder FOLDER] [--report REPORT] [--no-report]"]',
        description="Measures Rookery on this machine, each figure against its bound.\n\nbenchmarks:\n"
        + names,
        epilog="The whole takes some 12 minutes and 5 GB of disk. The server has one core,\n"
        "or all where a figure is not of one, and the load another, so nothing else should run meanwhile.\n"
        "Exit code: 0 all bounds hold, 1 one is broken, 2 one could not run.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        type=_name,
        help="these alone; without any all but those of the cluster engine",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="everything small, no verdict, no report: does it work? (2 minutes)",
    )
    parser.add_argument(
        "--folder", type=Path, default=PROJECT / "build", help="where data folders are made (build)"
    )
    parser.add_argument("--report", type=Path, default=PROJECT / "docs", help="where the report goes (docs)")
    parser.add_argument("--no-report", action="store_true", help="print only")
    return parser


if __name__ == "__main__":
    sys.exit(main())
