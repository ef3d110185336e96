"""Tables as a terminal or Markdown shows them, and values as people read them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A table under a title; `said` stands between the two."""

    title: str
    said: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def shown(value: float, unit: str) -> str:
    """A value to three digits: bytes in powers of 1,024, other large ones in thousands, millions, milliards."""
    binary = unit.startswith("B")
    scale, names = (1024, ("", "Ki", "Mi", "Gi", "Ti", "Pi")) if binary else (1000, ("", "k", "M", "G"))
    power = 0
    while abs(value) >= scale * 0.9995 and power < len(names) - 1:
        value, power = value / scale, power + 1
    digits = f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"
    if binary:
        return f"{digits} {names[power]}{unit}"
    return f"{digits}{names[power]}{'' if unit.startswith('/') or not unit else ' '}{unit}"


def markdown(sections: Sequence[Section]) -> str:
    """The tables as Markdown."""
    parts = []
    for one in sections:
        lines = [f"| {' | '.join(row)} |" for row in (one.head, ["---"] * len(one.head), *one.rows)]
        parts.append(f"## {one.title}\n\n{one.said}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def text(sections: Sequence[Section]) -> str:
    """The tables as columns of a terminal; the last column may be long."""
    parts = []
    for one in sections:
        widths = [max(len(row[at]) for row in (one.head, *one.rows)) for at in range(len(one.head) - 1)]
        lines = [
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
            for row in (one.head, *one.rows)
        ]
        parts.append(f"{one.title.upper()}\n{one.said}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)
