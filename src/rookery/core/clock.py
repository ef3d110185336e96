"""The wall clock, in one place so that every part reads time the same way."""

import time


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
