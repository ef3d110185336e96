"""The picture of the report: how many times better than its bound each figure is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "rookery"  # the same figures give the same file
from matplotlib import pyplot  # noqa: E402

from benchmarks.figures import Bound  # noqa: E402

_HOLDS, _BROKEN = "#2a7f62", "#b3372f"


def draw(file: Path, figures: Sequence[Mapping[str, Any]]) -> None:
    """Draws the figures that have a bound as bars on a logarithmic axis: right of 1 it holds."""
    if not figures:
        return
    labels = [f"{one['bench']}: {one['name']}" for one in figures]
    margins = [Bound(**one["bound"]).margin(one["value"]) for one in figures]
    colours = [_HOLDS if one["holds"] else _BROKEN for one in figures]
    canvas, axes = pyplot.subplots(figsize=(9, 1.2 + 0.28 * len(figures)))
    axes.barh(labels, [margin - 1 for margin in margins], left=1, color=colours)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(min(0.4, *margins) * 0.9, max(2.0, *margins) * 1.1)
    axes.set_xticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "the bound", "2x", "5x", "10x", "20x", "50x"])
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    axes.set_xlabel("times better than its bound", fontsize=8)
    canvas.tight_layout()
    canvas.savefig(file, metadata={"Date": None})
    pyplot.close(canvas)
