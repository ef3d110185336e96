"""`python -m simulation`: checks the simulation against the measured engine, and simulates 100 million users."""

import argparse
import sys
import time
from collections.abc import Sequence

from benchmarks.run import PROJECT
from benchmarks.texts import shared_data
from simulation import report
from simulation.check import compared
from simulation.followers import degrees, fitted
from simulation.measured import read
from simulation.scenarios import all_outcomes

SEED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 where the simulation agrees with what was measured, 1 where it is off, 2 where the graph is missing."""
    asked = _parser().parse_args(arguments)
    data = shared_data()
    if data is None:
        print(
            "The Reed98 graph is not beside the project (ROOKERY_SHARED_DATA names another folder).",
            file=sys.stderr,
        )
        return 2
    begun = time.monotonic()
    measured, graph = read(), data / "socfb-Reed98.edges"
    _say(f"three measured loads, seed {asked.seed}")
    found = compared(measured, graph, asked.seed)
    outcomes = all_outcomes(measured, asked.seed, _say)
    made = report.tables(
        measured, found, outcomes, fitted(degrees(graph.read_text().splitlines())), asked.seed
    )
    print(made)
    if not asked.no_report:
        page = PROJECT / "docs" / report.PAGE
        text = page.read_text("utf-8")
        for block, table in zip(report.BLOCKS, (*report.plan_tables(), made), strict=True):
            text = report.put(text, block, table)
        page.write_text(text, "utf-8")
        report.draw(page.with_name(report.PLOT), outcomes)
    _say(f"{time.monotonic() - begun:.0f} s")
    off = [one for one in found if not one.holds]
    for one in off:
        _say(f"off by {one.deviation:+.0%} at {one.tweets_per_s:g} tweets/s, p{one.share * 100:g}")
    return 1 if off else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='make simulate [ARGS="',
        description="Simulates how soon tweets show, from what `python -m benchmarks cluster_stages` measured.",
        epilog="Takes a minute. Exit code: 0 it agrees with the engine, 1 it is off, 2 it could not run.",
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of the random numbers (%(default)s)")
    parser.add_argument(
        "--no-report", action="store_true", help=f"print only; leave docs/{report.PAGE} as it is"
    )
    return parser


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
