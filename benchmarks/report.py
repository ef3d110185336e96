"""The report: benchmarks.json with every figure, benchmarks.md for people, benchmarks.svg with what has a bound, and
the figures that `rookery plan` reckons with, which come with the package.

A run of some benchmarks replaces their figures and keeps the others', each with the day and the machine it is from.
"""

import json
import os
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from benchmarks.figures import Figure, shown
from benchmarks.plot import draw
from benchmarks.run import PROJECT, Benchmark
from rookery.plan import measured, resources

_HEAD = """# Benchmarks

Made by `make bench`; do not edit. Every figure stands beside the bound that it must keep; a ratio is measured against
a limit in the same run, in turns. What stands for itself depends on the machine: before each benchmark Python adds
numbers for a moment, and that pace is told. `make bench ARGS="--help"` tells how to measure some alone.

![How many times better than its bound each figure is](benchmarks.svg)
"""
_ADDITIONS = 2_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a run of a benchmark found. `others`: the load average just before it, which is what other programs asked
    of the machine; figures taken beside much of that are too low. `pace`: millions of additions that Python did in a
    second just before it; a rented core of the same name may do three times as many on another day."""

    benchmark: Benchmark
    others: float
    pace: float
    figures: Sequence[Figure]


def write(folder: Path, found: Sequence[Found]) -> list[Path]:
    """Writes the four files, keeping what other benchmarks' earlier runs found; returns their paths. Those of the plan
    go into the package where the others go into docs/."""
    json_file, page, picture = (folder / f"benchmarks.{ending}" for ending in ("json", "md", "svg"))
    kept = json.loads(json_file.read_text()) if json_file.exists() else {}
    known: dict[str, Any] = kept.get("benchmarks", {})
    for one in found:
        known[one.benchmark.name] = {
            "measures": one.benchmark.summary,
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": machine(),
            "load_before": round(one.others, 2),
            "pace": round(one.pace, 1),
            "figures": [figure.record() for figure in one.figures],
        }
    folder.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps({"benchmarks": known}, indent=2) + "\n")
    page.write_text(_page(known))
    draw(picture, [one for bench in known.values() for one in bench["figures"] if one["bound"]])
    planned = measured.FILE if folder.resolve() == PROJECT / "docs" else folder / measured.FILE.name
    planned.write_text(measured.kept(known, measured.wanted(resources.KINDS)))
    return [json_file, page, picture, planned]


def pace() -> float:
    """Millions of additions that Python does in a second on one core, of five tries the best."""
    spans = []
    for _ in range(5):
        begun, total = time.perf_counter(), 0
        for number in range(_ADDITIONS):
            total += number
        spans.append(time.perf_counter() - begun)
    return _ADDITIONS / min(spans) / 1e6


def machine() -> str:
    """The machine in a line: processor, cores, memory, system, Python, SQLite."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    parts = [
        _processor(),
        f"{os.cpu_count()} cores",
        f"{memory_gib:.0f} GiB",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"SQLite {apsw.sqlite_lib_version()}",
    ]
    return ", ".join(parts)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _page(benchmarks: Mapping[str, Any]) -> str:
    parts = [_HEAD]
    for name, bench in benchmarks.items():
        parts.append(f"## {name}\n\n`make bench ARGS={name}`: {bench['measures']}.\n")
        pace = f", {bench['pace']} million additions/s" if "pace" in bench else ""
        parts.append(
            f"{bench['date']}, {bench['machine']}; load average before it {bench['load_before']}{pace}.\n"
        )
        parts.append(
            "| figure | measured | bound | |\n|---|---|---|---|\n" + "\n".join(_rows(bench["figures"])) + "\n"
        )
    return "\n".join(parts)


def _rows(figures: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for one in figures:
        note = f" ({one['note']})" if one["note"] else ""
        bound = f"{one['bound']['side']} {shown(one['bound']['limit'], one['unit'])}" if one["bound"] else ""
        verdict = {None: "", True: "holds", False: "**broken**"}[one["holds"]]
        yield f"| {one['name']}{note} | {shown(one['value'], one['unit'])} | {bound} | {verdict} |"
