"""Ids: 63 bits, `unix_ms << 16 | 16 bits`; the lowest bit says which table holds the row.

Ids sort by time, so they page by themselves; a reply's id is odd, so a reader goes straight to its table.
"""

from datetime import UTC, datetime
from functools import lru_cache

ID_MAX = (1 << 63) - 1
_TIME_SHIFT = 16


def first_id_at(at_ms: int) -> int:
    """The lowest id of a millisecond (`at_ms`: Unix time)."""
    return at_ms << _TIME_SHIFT


def time_ms(item_id: int) -> int:
    """The Unix time in milliseconds at which an id was minted."""
    return item_id >> _TIME_SHIFT


def is_reply(item_id: int) -> bool:
    """Whether the id belongs to the replies table."""
    return bool(item_id & 1)


def next_id(last_id: int, now_ms: int) -> int:
    """The next even id after `last_id`: never repeats one, also when the clock steps back."""
    return max(now_ms << _TIME_SHIFT, (last_id | 1) + 1)


def parse_id(text: str) -> int | None:
    """The id in a decimal string, or None where it is none (empty, signed, too large, other digits, a zero ahead)."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19) or text[0] == "0":
        return None
    value = int(text)
    return value if value <= ID_MAX else None


def timestamp(at_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-11-22T10:00:00.123Z`."""
    seconds, millis = divmod(at_ms, 1000)
    return f"{_second(seconds)}.{millis:03d}Z"


@lru_cache(4_096)
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()[:19]
