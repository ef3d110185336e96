"""What the simulation says, as the tables and the plot of docs/scale.md."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "rookery"  # the same figures give the same file
from matplotlib import pyplot  # noqa: E402

from rookery.config import Feed  # noqa: E402
from rookery.plan.load import Load  # noqa: E402
from rookery.plan.measured import figures  # noqa: E402
from rookery.plan.report import Plan  # noqa: E402
from simulation.check import DEVIATION_MAX, Compared  # noqa: E402
from simulation.followers import EXPONENT, LogNormal  # noqa: E402
from simulation.measured import Measured  # noqa: E402
from simulation.scenarios import BOUND_S, DAU, SHARES, Outcome  # noqa: E402

PAGE, PLOT = "scale.md", "scale.svg"
BLOCKS = ("breaks", "sizes", "simulation")  # of the page, that are made: each between two comments


def tables(
    measured: Measured, found: Sequence[Compared], outcomes: Sequence[Outcome], fit: LogNormal, seed: int
) -> str:
    """Markdown: the check against the engine, then the scenarios."""
    lines = [
        f"Seed {seed}. Service times: {measured.date}, {measured.machine}.",
        "",
        "| tweets a second, here | quantile | measured | simulated | off by | |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.tweets_per_s:g} | p{one.share * 100:g} | {one.measured:.0f} ms | {one.simulated:.0f} ms "
            f"| {one.deviation:+.0%} | {'holds' if one.holds else f'more than {DEVIATION_MAX:.0%}'} |"
            for one in found
        ),
        "",
        "| at 100 million a day | tweets simulated | p50 | p99 | p99.9 | max | later than 500 ms |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {one.name} | {one.tweets:,} ({one.of}) | "
            + " | ".join(_time(one.at(share)) for share in SHARES)
            + f" | {one.late:.3%} |"
            for one in outcomes
        ),
        "",
        f"Followers on the real graph of the check: log-normal, mean {fit.mean:.2f} and deviation {fit.deviation:.2f}"
        f" of the logarithm, {fit.distance:.3f} from the data (Kolmogorov-Smirnov). At 100 million: a power law with"
        f" exponent {EXPONENT} of the share that has more (Kwak et al. 2010), up to 100 million followers.",
    ]
    return "\n".join(lines)


def plan_tables() -> tuple[str, str]:
    """Markdown of what `rookery plan` says of 100 million users: what breaks first, and three sizes side by side."""
    sections = {
        one.title: one for one in Plan(Load(dau=DAU), figures(), Feed().celebrity_followers).sections()
    }
    limits, sizes = sections["What breaks first"], sections["Side by side"]
    shortly = [(limit, need, most, reached, then) for limit, need, most, reached, _, then in limits.rows]
    head = (*limits.head[:4], limits.head[5])
    return _table(head, shortly), _table(sizes.head, sizes.rows)


def put(page: str, block: str, made: str) -> str:
    """The page with one of BLOCKS replaced. Raises ValueError where it is not there."""
    begin, end = (f"<!-- {block}: made by `make simulate` -->", f"<!-- end of {block} -->")
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{PAGE} lacks the lines {begin} and {end}")
    return f"{before}{begin}\n{made}\n{end}{after}"


def draw(file: Path, outcomes: Sequence[Outcome]) -> None:
    """Plots the share of tweets that take longer than a time, both logarithmic."""
    canvas, axes = pyplot.subplots(figsize=(8, 4.5))
    for one in outcomes:
        last = len(one.quantiles) - 1
        axes.plot(one.quantiles, [1 - at / (last + 1) for at in range(last + 1)], label=one.name)
    axes.axvline(BOUND_S, color="black", linewidth=1, linestyle=":")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("seconds until a follower's feed shows a tweet; dotted: 500 ms", fontsize=8)
    axes.set_ylabel("share of tweets that take longer", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=7)
    canvas.tight_layout()
    canvas.savefig(file, metadata={"Date": None})
    pyplot.close(canvas)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1_000:.0f} ms"
