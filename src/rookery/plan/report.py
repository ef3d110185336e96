"""A plan laid out: tables for people, and the same as plain values for programs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from math import ceil
from typing import Any

from rookery.plan import breaking, limits, resources
from rookery.plan.load import Load, option
from rookery.plan.measured import COLD, WRITES, Figures
from rookery.plan.render import Section, shown
from rookery.plan.resources import Rates

COMPARED = (1e4, 1e6, 1e8)
Measure = tuple[str, str, Callable[[Load, Rates, Figures], float]]

RATES: Sequence[Measure] = (
    ("Feed pages", "/s", lambda load, of, figures: of.actions["feed page"] + of.actions[COLD]),
    ("Tweets, replies and retweets", "/s", lambda load, of, figures: of.posts),
    ("Likes", "/s", lambda load, of, figures: of.actions["like"]),
    ("Searches", "/s", lambda load, of, figures: of.actions["search page"]),
    ("All requests", "/s", lambda load, of, figures: of.requests),
    ("Feed rows written", "rows/s", lambda load, of, figures: of.rows),
    ("Events to each group of workers", "/s", lambda load, of, figures: of.events),
    ("DynamoDB: transactions", "/s", lambda load, of, figures: sum(of.actions[one] for one in WRITES)),
    ("DynamoDB: reads", "units/s", resources.read_units),
    ("DynamoDB: writes", "units/s", lambda load, of, figures: resources.write_units(of, figures)),
    ("Redis: processor", "s/s", resources.redis_processors),
    ("Redis: network, sent", "B/s", lambda load, of, figures: resources.redis_bytes_out(of, figures)),
    ("Redis: memory", "B", resources.redis_bytes),
    ("Network to clients", "B/s", lambda load, of, figures: resources.answer_bytes(of, figures)),
    ("Redis: primaries, if its keys were parted", "", lambda *given: redis_primaries(*given)),
)
SIZES: Sequence[Measure] = (
    ("DynamoDB: more each month", "B", lambda load, of, figures: resources.stored_a_month(of, figures)),
    ("DynamoDB: who follows whom", "B", lambda load, of, figures: resources.follows_bytes(load, figures)),
    ("DynamoDB: outbox", "B", lambda load, of, figures: resources.outbox_bytes(of, figures)),
    (
        "OpenSearch: more each month, with a copy",
        "B",
        lambda load, of, figures: (
            resources.COPIES * resources.index_bytes(load, of, figures) / load.months if load.months else 0.0
        ),
    ),
    (
        "OpenSearch: size in the end, with a copy",
        "B",
        lambda load, of, figures: resources.COPIES * resources.index_bytes(load, of, figures),
    ),
    ("OpenSearch: shards, without copies", "", resources.shards),
)


class Plan:
    """A load, the figures it is reckoned from, and what comes of it."""

    def __init__(self, load: Load, figures: Figures, celebrity_followers: int) -> None:
        self.load = load
        self.figures = figures
        self.mean = resources.rates(load, figures)
        self.peak = resources.rates(load, figures, load.peak)
        self.reached = breaking.reached(load, figures)
        self.hot_spots = breaking.hot_spots(figures, celebrity_followers)

    def sections(self) -> list[Section]:
        """Every table."""
        return [
            self._needs(),
            self._processes(),
            self._sizes(),
            self._limits(),
            self._hot_spots(),
            self._comparison(),
            self._ratios(),
            self._figures(),
            self._stated(),
        ]

    def record(self) -> dict[str, Any]:
        """The same as plain values, in the units that stand beside them."""
        return {
            "load": {one.name: getattr(self.load, one.name) for one in fields(self.load)},
            "needs": [
                {"name": name, "unit": unit, "mean": mean, "peak": peak}
                for (name, unit, _), mean, peak in zip(
                    RATES, self._values(RATES, self.mean), self._values(RATES, self.peak), strict=True
                )
            ],
            "processes": [
                {
                    "kind": kind,
                    "mean": low,
                    "peak": high,
                    "bytes_each": resources.process_bytes(kind, self.figures),
                }
                for kind, low, high in self._counted()
            ],
            "sizes": [
                {"name": name, "unit": unit, "value": value}
                for (name, unit, _), value in zip(SIZES, self._values(SIZES, self.mean), strict=True)
            ],
            "limits": [
                {
                    "name": one.limit.name,
                    "unit": one.limit.unit,
                    "need_at_peak": one.need,
                    "most": one.limit.most,
                    "reached_at_dau": one.dau,
                    "source": one.limit.why,
                    "then": one.limit.then,
                }
                for one in self.reached
            ],
            "hot_spots": [
                {"name": one.name, "most": one.most, "unit": one.unit, "source": one.why}
                for one in self.hot_spots
            ],
            "comparison": [
                {"dau": dau, "peak": dict(zip(self._compared_names(), values, strict=True))}
                for dau, values in self._compared()
            ],
            "assumptions": [
                {
                    "option": option(one.name),
                    "value": getattr(self.load, one.name),
                    "source": one.metadata["source"],
                }
                for one in fields(self.load)
            ],
            "figures": [
                {"figure": one.figure, "value": known.value, "unit": known.unit, "source": known.source}
                for one, known in self.figures.asked.items()
            ],
        }

    def _values(self, measures: Sequence[Measure], of: Rates) -> list[float]:
        return [measure(self.load, of, self.figures) for _, _, measure in measures]

    def _counted(self) -> list[tuple[str, int, int]]:
        low = resources.all_processes(self.load, self.mean, self.figures)
        high = resources.all_processes(self.load, self.peak, self.figures)
        return [(kind, low[kind], high[kind]) for kind in resources.KINDS]

    def _needs(self) -> Section:
        mean, peak = self._values(RATES, self.mean), self._values(RATES, self.peak)
        rows = [
            (name, shown(low, unit), shown(high, unit))
            for (name, unit, _), low, high in zip(RATES, mean, peak, strict=True)
        ]
        said = f"{self.load.dau:,.0f} people a day; the peak is {self.load.peak:g} times the mean."
        return Section("What it takes", said, ("what", "mean", "peak"), rows)

    def _processes(self) -> Section:
        counted = self._counted()
        rows = [
            (kind, f"{low:,}", f"{high:,}", shown(high * resources.process_bytes(kind, self.figures), "B"))
            for kind, low, high in counted
        ]
        low, high = sum(one for _, one, _ in counted), sum(one for _, _, one in counted)
        rows.append(("all", f"{low:,}", f"{high:,}", ""))
        said = (
            f"Each has a processor like the measured one, busy for {self.load.busy_share:.0%} at most; two of each at"
            " the least. What accounts and pages cost is not reckoned: theirs is the least. The front proxy is left"
            " out."
        )
        return Section("Processes", said, ("process", "mean", "peak", "memory at the peak"), rows)

    def _sizes(self) -> Section:
        values = self._values(SIZES, self.mean)
        rows = [(name, shown(value, unit)) for (name, unit, _), value in zip(SIZES, values, strict=True)]
        said = f"Tweets are kept for {self.load.months:g} months."
        return Section("Storage", said, ("what", "size"), rows)

    def _limits(self) -> Section:
        rows = [
            (
                one.limit.name,
                shown(one.need, one.limit.unit),
                shown(one.limit.most, one.limit.unit),
                "never" if one.dau is None else shown(one.dau, ""),
                one.limit.why,
                one.limit.then,
            )
            for one in self.reached
        ]
        first = self.reached[0]
        said = (
            f"First: {first.limit.name}, at {shown(first.dau, '')} people a day."
            if first.dau is not None
            else "Nothing does."
        )
        head = ("limit", "need at the peak", "most", "reached at (people a day)", "source", "what to do then")
        return Section("What breaks first", said, head, rows)

    def _hot_spots(self) -> Section:
        rows = [(one.name, shown(one.most, one.unit), one.why) for one in self.hot_spots]
        return Section(
            "What one place bears", "However many people there are.", ("what", "most", "source"), rows
        )

    def _compared_names(self) -> list[str]:
        return [name for name, _, _ in RATES] + ["Processes"] + [name for name, _, _ in SIZES]

    def _compared(self) -> list[tuple[float, list[float]]]:
        found = []
        for dau in COMPARED:
            load = self.load.at(dau)
            mean, peak = (resources.rates(load, self.figures, times) for times in (1.0, load.peak))
            values = [measure(load, peak, self.figures) for _, _, measure in RATES]
            values.append(sum(resources.all_processes(load, peak, self.figures).values()))
            values += [measure(load, mean, self.figures) for _, _, measure in SIZES]
            found.append((dau, values))
        return found

    def _comparison(self) -> Section:
        units = [unit for _, unit, _ in RATES] + [""] + [unit for _, unit, _ in SIZES]
        columns = [values for _, values in self._compared()]
        rows = [
            (name, *(shown(value, unit) for value in row))
            for name, unit, row in zip(self._compared_names(), units, zip(*columns, strict=True), strict=True)
        ]
        head = ("at the peak", *(f"{dau:,.0f} a day" for dau in COMPARED))
        return Section("Side by side", "The same people in other numbers.", head, rows)

    def _ratios(self) -> Section:
        defaults = Load()
        rows = []
        for one in fields(self.load):
            value = getattr(self.load, one.name)
            given = value != getattr(defaults, one.name)
            source = "as you said" if given else one.metadata["source"]
            rows.append((option(one.name), f"{value:,.10g}", one.metadata["doc"], source))
        return Section("What people do", "Each is an option.", ("option", "value", "what", "source"), rows)

    def _figures(self) -> Section:
        asked = sorted(self.figures.asked.items(), key=lambda one: (not one[1].stated, one[0].bench))
        rows = [(one.figure, f"{known.value:,.4g} {known.unit}", known.source) for one, known in asked]
        stated = sum(known.stated for _, known in asked)
        said = (
            f"{stated} of {len(asked)} are stated, as no benchmark has measured them yet: they stand at the top."
            if stated
            else "All are measured."
        )
        return Section("What a thing costs", said, ("figure", "value", "source"), rows)

    def _stated(self) -> Section:
        rows = [(shown(one.value, one.unit), one.source) for one in limits.LIMITS]
        return Section("What AWS states", "Limits and units of its engines.", ("value", "source"), rows)


def redis_primaries(load: Load, of: Rates, figures: Figures) -> int:
    """How many primaries of the size that limits.py names would do: the most of processor / busy share, memory and
    network, each over what one has."""
    room = limits.REDIS_MEMORY.value * (1 - limits.REDIS_RESERVED.value)
    return max(
        1,
        ceil(resources.redis_processors(load, of, figures) / load.busy_share),
        ceil(resources.redis_bytes(load, of, figures) / room),
        ceil(resources.redis_bytes_out(of, figures) / limits.REDIS_NETWORK.value),
    )


def as_json(plan: Plan) -> str:
    """The plan for programs."""
    return json.dumps(plan.record(), indent=2)
