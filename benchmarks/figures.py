"""A figure that a benchmark measured, and the bound that it must keep."""

from dataclasses import dataclass
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure must be, against a limit in the figure's unit."""

    side: Literal[">=", "<=", "<"]
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value keeps it."""
        if self.side == ">=":
            return value >= self.limit
        return value < self.limit or (self.side == "<=" and value == self.limit)

    def margin(self, value: float) -> float:
        """How many times better than the limit a value is: above 1 where the bound holds."""
        if self.side == ">=":
            return value / self.limit
        return self.limit / value if value else float("inf")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `note` says what it was measured against, where that is not in its name."""

    bench: str
    name: str
    value: float
    unit: str
    bound: Bound | None = None
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether its bound holds; None where it has none."""
        return None if self.bound is None else self.bound.holds(self.value)

    def shown_bound(self) -> str:
        """The bound for a person to read; empty where there is none."""
        return "" if self.bound is None else f"{self.bound.side} {shown(self.bound.limit, self.unit)}"

    def verdict(self) -> str:
        """One word on the bound."""
        return {None: "", True: "holds", False: "BROKEN"}[self.holds]

    def record(self) -> dict[str, Any]:
        """The figure as JSON."""
        bound = None if self.bound is None else {"side": self.bound.side, "limit": self.bound.limit}
        return {
            "bench": self.bench,
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "bound": bound,
            "holds": self.holds,
            "note": self.note,
        }


def at_least(limit: float) -> Bound:
    """A lower bound."""
    return Bound(">=", limit)


def at_most(limit: float) -> Bound:
    """An upper bound."""
    return Bound("<=", limit)


def under(limit: float) -> Bound:
    """An upper bound, the limit itself excluded."""
    return Bound("<", limit)


def shown(value: float, unit: str) -> str:
    """A value with its unit, to some three digits."""
    places = 0 if value >= 100 else 2 if value >= 1 else 3
    digits = f"{value:,.{places}f}"
    return digits if unit == "ratio" else f"{digits} {unit}"


def quantile(values: list[float], share: float) -> float:
    """The least value that `share` of the values do not exceed; `values` is not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ratio_of_medians(values: list[float], limits: list[float]) -> float:
    """How the typical value compares with the typical limit, both measured in turns in one run."""
    return median(values) / median(limits)
