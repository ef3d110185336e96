"""Every number of a plan says where it comes from, and what it says is there."""

import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, CLUSTER
from benchmarks.figures import Figure
from benchmarks.report import Found, write
from benchmarks.run import PROJECT, Benchmark
from rookery.core.errors import OperatorError
from rookery.plan import limits, measured
from rookery.plan.limits import Stated
from rookery.plan.load import Load
from rookery.plan.measured import FEED_ROWS, GATEWAY, Figures, wanted
from rookery.plan.resources import KINDS

REGISTRY = {one.name: one for one in (*BENCHMARKS, *CLUSTER)}
REPORT = json.loads((PROJECT / "docs" / "benchmarks.json").read_text())["benchmarks"]


def figure_names(benchmark: Benchmark) -> Iterator[str]:
    """The names of a benchmark's figures as patterns: what its module gives Figure, anything where a name has a part
    that is reckoned."""
    tree = ast.parse(inspect.getsource(sys.modules[benchmark.measure.__module__]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Figure":
            match node.args[1]:
                case ast.Constant(str(text)):
                    yield re.escape(text)
                case ast.JoinedStr(parts):
                    yield "".join(
                        re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+"
                        for part in parts
                    )
                case ast.Name("name"):  # of cluster_costs: it takes the names from the plan
                    yield "|".join(map(re.escape, measured.OTHERS))


@pytest.mark.parametrize("one", wanted(KINDS), ids=lambda one: f"{one.bench}: {one.figure}")
def test_a_measured_figure_is_one_of_a_benchmark(one: measured.Wanted) -> None:
    """Each names a benchmark that there is, and a figure that this one makes; if it was run, one that it made."""
    assert one.bench in REGISTRY
    assert any(re.fullmatch(pattern, one.figure) for pattern in figure_names(REGISTRY[one.bench]))
    if one.bench in REPORT:
        assert one.figure in {figure["name"] for figure in REPORT[one.bench]["figures"]}
    assert (one.instead is None) == (one.because == "")


def test_every_ratio_has_a_source() -> None:
    """Each ratio is explained, and comes from somewhere that one can look up, or is said to be assumed."""
    for one in fields(Load):
        assert one.metadata["doc"].endswith("."), one.name
        source = one.metadata["source"]
        assert "assumed" in source or re.search(r"\b(19|20)\d\d\b|S-1", source), one.name


def test_every_limit_has_a_page() -> None:
    """Each limit of an engine is stated on a page of its maker."""
    stated = [one for one in vars(limits).values() if isinstance(one, Stated)]

    assert list(limits.LIMITS) == stated
    for one in stated:
        assert re.match(r"https://(docs\.aws\.amazon\.com|repost\.aws|aws\.amazon\.com)/", one.source)


def test_what_comes_with_rookery_is_what_the_report_says() -> None:
    """The figures in the package are those of docs/benchmarks.json, each with its day and machine."""
    assert measured.FILE.read_text() == measured.kept(REPORT, wanted(KINDS))


def test_a_run_of_a_benchmark_changes_the_plan(tmp_path: Path) -> None:
    """What a benchmark reports is what a plan reckons with from then on; other figures stay."""
    known = {name: REPORT[name] for name in ("tweets", "fanout")}
    (tmp_path / "benchmarks.json").write_text(json.dumps({"benchmarks": known}))
    (bench,) = [one for one in CLUSTER if one.name == FEED_ROWS.bench]

    write(tmp_path, [Found(bench, 0.5, 10.0, [Figure(bench.name, FEED_ROWS.figure, 77_000, "rows/s")])])
    found = Figures(json.loads((tmp_path / "measured.json").read_text())["benchmarks"])

    assert found.value(FEED_ROWS) == 77_000
    assert found.known(FEED_ROWS).source.startswith(f"benchmark cluster_fanout: {FEED_ROWS.figure} (20")
    assert found.known(GATEWAY).source.count(REPORT["tweets"]["date"]) == 1


def test_what_was_not_measured_is_said_to_be_stated() -> None:
    """Where a benchmark was not run yet the stated figure is used and says so; where there is none, one hears what to
    run."""
    none = Figures({})

    known = none.known(FEED_ROWS)
    assert (known.value, known.stated) == (50_000, True)
    assert known.source.startswith("stated, not measured yet: ")
    with pytest.raises(OperatorError, match="python -m benchmarks tweets"):
        none.value(GATEWAY)
