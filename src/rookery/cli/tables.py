"""The files that `rookery load` reads, line by line: one that cannot be taken costs that line alone."""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from rookery.core.errors import OperatorError

NODE_MAX = 10**14 - 1  # `u` and its number have the 15 characters of a handle
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COMMENTS = ("#", "%")
_SURROGATE = re.compile("[\ud800-\udfff]")  # how bytes that are not UTF-8 are read here


@dataclass(frozen=True, slots=True)
class Fault:
    """A line (from 1) that cannot be taken, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """`a b`: a follows b."""

    line: int
    follower: int
    followee: int


@dataclass(frozen=True, slots=True)
class TweetRow:
    """A tweet of a CSV file. `line`: where it begins, from 1; `number`: among the data rows, from 0; empty fields and
    absent columns are None. `created_ms` is Unix time in milliseconds, the place in degrees."""

    line: int
    number: int
    text: str
    row_id: str | None
    screen_name: str | None
    created_ms: int | None
    latitude: float | None
    longitude: float | None


def edge_lines(path: Path) -> Iterator[EdgeLine | Fault]:
    """The lines of a graph but for empty ones and comments (# or %). Raises OSError."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for line, text in enumerate(file, 1):
            if not text.strip() or text.lstrip().startswith(_COMMENTS):
                continue
            try:
                yield EdgeLine(line, *_nodes(text.replace(",", " ").split()))
            except ValueError as fault:
                yield Fault(line, str(fault))


def _nodes(words: Sequence[str]) -> tuple[int, int]:
    if len(words) != 2 or not all(word.isascii() and word.isdecimal() for word in words):
        raise ValueError("is not two numbers: `a b` says that a follows b")
    one, other = int(words[0]), int(words[1])
    if max(one, other) > NODE_MAX:
        raise ValueError(f"has a number above {NODE_MAX}, too long for a handle")
    if one == other:
        raise ValueError(f"lets {one} follow itself")
    return one, other


def tweet_rows(path: Path) -> Iterator[TweetRow | Fault]:
    """The data rows of a CSV file whose first line names its columns. Raises OperatorError, OSError."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, strict=True)
        names = _names(path, reader)
        number = 0
        while True:
            lines.begin()
            line = lines.number + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                lines.back_to_second()
                yield Fault(line, f"is not CSV: {fault}")
            else:
                if not fields:
                    continue
                yield _row(line, number, names, fields)
            number += 1


class _Lines:
    """The lines of a file. A quote that is never closed swallows what follows it, so after a fault reading goes on at
    the line after the one in which the broken row begins."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.number = 0
        self._lines = lines
        self._taken: list[str] = []
        self._again: deque[str] = deque()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self._taken.append(line)
        return line

    def begin(self) -> None:
        """A row begins here."""
        self._taken = []

    def back_to_second(self) -> None:
        """Goes back to the second line of the row."""
        again = self._taken[1:]
        self._again.extendleft(reversed(again))
        self.number -= len(again)


def _names(path: Path, reader: Iterator[list[str]]) -> Sequence[str]:
    try:
        names = [name.strip().lower() for name in next(reader, [])]
    except csv.Error as fault:
        raise OperatorError(f"{path} is not CSV ({fault}): its first line must name the columns.") from None
    if "text" not in names:
        raise OperatorError(f"{path} has no column `text`: its first line must name the columns.")
    return names


def _row(line: int, number: int, names: Sequence[str], fields: Sequence[str]) -> TweetRow | Fault:
    if len(fields) != len(names):
        return Fault(line, f"has {len(fields)} fields, and the first line names {len(names)} columns")
    row = dict(zip(names, fields, strict=True))
    if broken := [name for name, value in row.items() if not value.isascii() and _SURROGATE.search(value)]:
        return Fault(line, f"{broken[0]} is not UTF-8")
    try:
        return TweetRow(
            line,
            number,
            row["text"],
            row.get("id") or None,
            row.get("screen_name") or None,
            _time_ms(row.get("created_at")),
            _degrees("latitude", row.get("latitude")),
            _degrees("longitude", row.get("longitude")),
        )
    except ValueError as fault:
        return Fault(line, str(fault))


def _time_ms(value: str | None) -> int | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"created_at {value!r} is no time such as 2026-01-31 10:00:00") from None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)


def _degrees(name: str, value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        raise ValueError(f"{name} {value!r} is no number") from None
