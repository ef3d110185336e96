"""What the simulation draws from, and how it tells what it found."""

import json
import random
from pathlib import Path
from statistics import fmean

import pytest

from benchmarks.run import PROJECT
from simulation import check, report
from simulation.draws import Draw, quantiles_of
from simulation.followers import FOLLOWERS_MAX, Pareto, degrees, fitted
from simulation.measured import Load, Measured, read
from simulation.pipeline import Cost, Stages, in_feeds
from simulation.scenarios import Scenario

LOAD = Load(
    2.0,
    0.3,
    write=[20.0, 30.0, 60.0],
    early=[0.0, 2.0, 4.0],
    read=[10.0, 12.0, 40.0],
    waited=[0.0, 1.0, 2.0],
    seen=[30.0, 45.0, 120.0],
    batches=[(1, 10, 6.0), (1, 30, 8.0), (2, 50, 10.0)],
)
MEASURED = Measured("2026-01-01", "a machine", 2, [LOAD])


def test_draws_have_the_distribution_that_they_are_given() -> None:
    """Drawn times have the mean of the measured ones, and lie between the least and the greatest of them."""
    chance = random.Random(1)
    values = [chance.lognormvariate(3, 0.5) for _ in range(5_000)]
    draw = Draw(quantiles_of(values), chance)
    drawn = [draw() for _ in range(20_000)]
    assert fmean(values) == pytest.approx(fmean(drawn), rel=0.03)
    assert min(values) <= min(drawn) <= max(drawn) <= max(values)


def test_a_batch_costs_each_event_and_each_row() -> None:
    """The processor's part of a batch grows with its events and its rows; the rest of what a measured batch took is
    slept, and never less than nothing."""
    stages = Stages(LOAD, random.Random(2), Cost(4.0, 0.1))
    assert (3 * 4.0 + 60 * 0.1) / 1_000 == pytest.approx(stages.work([10.0, 20.0, 30.0]))
    asleep = [stages.asleep() for _ in range(1_000)]
    assert 0 == min(asleep)
    assert max(asleep) <= 1.0 / 1_000  # of the first batch 6 - 4 - 1 ms


def test_followers_are_found_again() -> None:
    """The fit of log-normal numbers finds their mean and deviation; a power law has the mean that it was asked for."""
    chance = random.Random(3)
    fit = fitted([max(1, round(chance.lognormvariate(4, 0.7))) for _ in range(5_000)])
    assert 4 == pytest.approx(fit.mean, rel=0.02)
    assert 0.7 == pytest.approx(fit.deviation, rel=0.05)
    assert fit.distance < 0.03
    law = Pareto.with_mean(208)
    assert 208 == pytest.approx(law.mean_below(FOLLOWERS_MAX), rel=1e-6)
    drawn = [law.draw(chance) for _ in range(200_000)]
    below = fmean(one if one < 10_000 else 0.0 for one in drawn)
    assert law.mean_below(10_000) == pytest.approx(below, rel=0.03)
    assert [2, 1, 1] == degrees(["1 2", "", "1 3"])


def test_what_a_lost_stream_cannot_be_told_is_told_later() -> None:
    """Nothing that is written while its stream is away shows before the stream is back; all of it shows."""
    stages = Stages(LOAD, random.Random(4), Cost(1.0, 0.02))
    due = [one / 10 for one in range(100)]
    answered, shown = in_feeds(due, [5.0] * 100, stages, [0.0], told_from=3.0, told_to=6.0)
    written = list(zip(due, answered, shown, strict=True))
    away = [there for begun, at, there in written if begun >= 3 and at < 6]
    assert len(away) > 20
    assert min(away) > 6
    assert all(there > begun for begun, _, there in written)


def test_a_seed_gives_the_same_again(tmp_path: Path) -> None:
    """The same seed gives the same figures, another one others; the check and a scenario alike."""
    graph = tmp_path / "edges"
    graph.write_text("1 2\n1 3\n2 3\n3 4\n")
    assert check.compared(MEASURED, graph, 1) == check.compared(MEASURED, graph, 1)
    assert check.compared(MEASURED, graph, 1) != check.compared(MEASURED, graph, 2)
    due = [one / 100 for one in range(200)]
    outcomes = [Scenario(MEASURED, seed).outcome("some", due, [0.0]) for seed in (1, 1, 2)]
    assert outcomes[0] == outcomes[1] != outcomes[2]


def test_the_fleet_is_that_of_the_plan() -> None:
    """The workers that a part of the fleet has bear its part of the load: nearly no tweet is late on an average day."""
    one = Scenario(MEASURED, 1)
    assert one.workers(5) > one.workers(1) >= 1
    rows = fmean(one.rows() for _ in range(100_000))
    assert one.people.follows * one.people.delivered_share == pytest.approx(rows, rel=0.05)
    assert one.outcome("a while", one.tweets(1, 10.0), [0.0] * one.workers(1)).late < 0.01


def test_the_page_gets_the_tables_between_its_marks() -> None:
    """What stands between the marks is replaced, once; a page without them is refused."""
    begin, end = "<!-- sizes: made by `make simulate` -->", "<!-- end of sizes -->"
    page = f"before\n{begin}\nold\n{end}\nafter\n"
    assert f"before\n{begin}\nnew\n{end}\nafter\n" == report.put(page, "sizes", "new")
    with pytest.raises(ValueError, match="lacks the lines"):
        report.put(page, "breaks", "new")


def test_the_simulation_is_held_against_the_engine(shared_data: Path) -> None:
    """At the three loads that were measured last, the simulated p50 and p99 are within 20% of the measured, and the
    page shows that measurement."""
    measured = read()
    found = check.compared(measured, shared_data / "socfb-Reed98.edges", 1)
    assert 6 == len(found)
    assert [] == [one for one in found if not one.holds]
    page = (PROJECT / "docs" / report.PAGE).read_text("utf-8")
    assert f"Service times: {measured.date}, {measured.machine}." in page
    assert (6, 0) == (page.count("% | holds |"), page.count("more than 20% |"))


def test_a_simulation_that_is_off_is_told() -> None:
    """A deviation of more than 20%, up or down, does not hold."""
    assert check.Compared(2, 0.5, 100, 119).holds
    assert not check.Compared(2, 0.5, 100, 121).holds
    assert not check.Compared(2, 0.5, 100, 79).holds


def test_the_file_of_measurements_is_read_as_it_is_written(tmp_path: Path) -> None:
    """Stages and batches come back as the benchmark keeps them."""
    file = tmp_path / "measured.json"
    names = {
        "write_ms": LOAD.write,
        "early_ms": LOAD.early,
        "read_ms": LOAD.read,
        "waited_ms": LOAD.waited,
        "seen_ms": LOAD.seen,
    }
    load = {"tweets_per_s": 2.0, "busy": 0.3, **names, "batches": LOAD.batches}
    file.write_text(
        json.dumps({"date": MEASURED.date, "machine": MEASURED.machine, "workers": 2, "loads": [load]})
    )
    assert MEASURED == read(file)
