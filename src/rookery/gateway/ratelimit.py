"""How often: reads are counted in the process, writes are charged in their own transaction (core.limits)."""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

from rookery.config import Limits
from rookery.core.errors import RateLimited
from rookery.core.limits import Budget, Charge
from rookery.core.routes import Limit

QUARTER_S = 15 * 60
HOUR_S = 3_600
DAY_S = 24 * HOUR_S
CHARGES_KEPT = 10_000  # of accounts that write often, made once
WINDOWS_MAX = 200_000  # accounts and addresses that a process remembers


class Window:
    """The reads of one account or address since the window began."""

    __slots__ = ("ends_s", "limit", "used")

    def __init__(self, limit: int, ends_s: float) -> None:
        self.limit = limit
        self.ends_s = ends_s
        self.used = 0


class ReadLimits:
    """Counts reads in fixed windows that begin with their first read. Accounts are counted by their id, strangers by
    their address; a limit that is None does not hold. `clock` gives seconds that never step back."""

    def __init__(
        self,
        account_max: int | None,
        address_max: int | None,
        clock: Callable[[], float] = time.monotonic,
        windows_max: int = WINDOWS_MAX,
    ) -> None:
        self._account_max = account_max
        self._address_max = address_max
        self._clock = clock
        self._windows_max = windows_max
        self._windows: dict[int | str, Window] = {}

    def take(self, viewer: int, address: str) -> Window | None:
        """Counts a read; None where no limit holds. Raises RateLimited."""
        limit = self._account_max if viewer else self._address_max
        if limit is None:
            return None
        subject = viewer or address
        now = self._clock()
        window = self._windows.get(subject)
        if window is None or window.ends_s <= now:
            window = self._begin(subject, limit, now)
        if window.used >= limit:
            whose = "of an account" if viewer else "from an address without an account"
            raise RateLimited(f"reads {whose} in 15 minutes", limit, self._reset_s(window))
        window.used += 1
        return window

    def give_back(self, window: Window) -> None:
        """Takes the last read back: refused requests do not count."""
        window.used -= 1

    def budget(self, window: Window) -> Budget:
        """What is left of a window."""
        return Budget(window.limit, window.limit - window.used, self._reset_s(window))

    def _reset_s(self, window: Window) -> int:
        return max(1, -int(-(window.ends_s - self._clock()) // 1))

    def _begin(self, subject: int | str, limit: int, now: float) -> Window:
        if len(self._windows) >= self._windows_max:
            self._forget(now)
        self._windows.pop(subject, None)  # so that the dict stays in the order of the windows' ends
        window = self._windows[subject] = Window(limit, now + QUARTER_S)
        return window

    def _forget(self, now: float) -> None:
        """Drops the windows that ended, and the oldest tenth where that is not enough."""
        least = self._windows_max // 10 + 1
        for subject, window in list(self._windows.items()):
            if window.ends_s > now and least <= 0:
                return
            del self._windows[subject]
            least -= 1


def read_limits(limits: Limits) -> ReadLimits:
    """The read limits of the settings."""
    return ReadLimits(
        limits.reads_per_15min if limits.enabled else None,
        limits.reads_per_15min_address if limits.enabled and limits.addresses_enabled else None,
    )


class ChargeLedger(Protocol):
    """Where the charges of writes are kept."""

    async def left(self, charges: Sequence[Charge]) -> Budget:
        """What is left of the tightest of these limits, without charging any."""


class WriteCharges:
    """What each kind of write costs. Failed log-ins are charged by the accounts service, which alone knows of them."""

    def __init__(self, limits: Limits) -> None:
        self._enabled = limits.enabled
        self._by_account: dict[Limit, tuple[tuple[str, int, int], ...]] = {
            "tweets": (
                ("tweets, replies and retweets in 3 hours", limits.tweets_per_3h, 3 * HOUR_S),
                ("tweets, replies and retweets in a day", limits.tweets_per_day, DAY_S),
            ),
            "likes": (("likes in a day", limits.likes_per_day, DAY_S),),
            "follows": (("follows in a day", limits.follows_per_day, DAY_S),),
        }
        self._sign_ups = limits.sign_ups_per_hour_address if limits.addresses_enabled else None
        self._of_account = lru_cache(CHARGES_KEPT)(self._charges)

    def of(self, limit: Limit, viewer: int, address: str) -> tuple[Charge, ...]:
        """The charges of one write."""
        if not self._enabled:
            return ()
        if limit == "sign_up" and self._sign_ups is not None:
            return (Charge("sign-ups from an address in an hour", address, self._sign_ups, HOUR_S),)
        return self._of_account(limit, viewer)

    def _charges(self, limit: Limit, viewer: int) -> tuple[Charge, ...]:
        subject = str(viewer)
        return tuple(
            Charge(what, subject, count_max, period_s)
            for what, count_max, period_s in self._by_account.get(limit, ())
        )
