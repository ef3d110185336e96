"""How times and numbers are shown; the script makes times relative."""

from functools import lru_cache

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(10_000)
def exact(timestamp: str) -> str:
    """`2026-11-27T05:13:00.123Z` as `27 Nov 2026, 05:13 UTC`."""
    return f"{day(timestamp)}, {timestamp[11:16]} UTC"


def day(timestamp: str) -> str:
    """`2026-11-27T05:13:00.123Z` as `27 Nov 2026`."""
    return f"{int(timestamp[8:10])} {_MONTHS[int(timestamp[5:7]) - 1]} {timestamp[:4]}"


def month(timestamp: str) -> str:
    """`2026-11-27T05:13:00.123Z` as `Nov 2026`."""
    return f"{_MONTHS[int(timestamp[5:7]) - 1]} {timestamp[:4]}"


def compact(number: int) -> str:
    """`9876`, `12.3K`, `34K`, `5.6M`: rounded down, so that no count shows more than there is."""
    if number < 10_000:
        return str(number)
    size, unit = (1_000, "K") if number < 1_000_000 else (1_000_000, "M")
    whole, tenths = divmod(number * 10 // size, 10)
    return f"{whole}.{tenths}{unit}" if tenths else f"{whole}{unit}"
