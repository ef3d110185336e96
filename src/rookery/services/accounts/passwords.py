"""Passwords: which are good enough, and hashing them with argon2id off the event loop."""

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from typing import TypeVar
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from rookery.core.errors import Problem

T = TypeVar("T")

LENGTH_MIN = 8
LENGTH_MAX = 1_024
HASHES_AT_ONCE = 2  # docs/api.md, Security
WAITING_MAX = 64

# OWASP's password storage cheat sheet: one core for some 20 ms and 19 MiB, so that two at once leave a laptop usable.
MEMORY_KIB = 19_456
ROUNDS = 2


def check_password(password: str) -> str:
    """Check: a password good enough to be set. Source: docs/api.md, Security."""
    if not LENGTH_MIN <= len(normalize("NFC", password)) <= LENGTH_MAX:
        raise ValueError(f"must be {LENGTH_MIN} to {LENGTH_MAX} characters")
    if any("\ud800" <= one <= "\udfff" for one in password):
        raise ValueError("must be Unicode text")
    if password.casefold() in well_known():
        raise ValueError("is one of the passwords that everyone tries first")
    return password


@cache
def well_known() -> frozenset[str]:
    """The passwords of LENGTH_MIN characters or more that are guessed first, case-folded."""
    text = resources.files(__package__).joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())


class Passwords:
    """Hashes and verifies, HASHES_AT_ONCE at a time; when `waiting_max` wait, more are refused.

    `rounds` and `memory_kib` are argon2id's costs. The same password typed in another normal form of Unicode is the
    same password.
    """

    def __init__(
        self, *, rounds: int = ROUNDS, memory_kib: int = MEMORY_KIB, waiting_max: int = WAITING_MAX
    ) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="rookery-argon2")
        self._waiting_max = waiting_max
        self._busy = 0
        self._unmatched = _unmatched_hash(self._hasher)

    async def hash(self, password: str) -> str:
        """The hash to store. Raises Problem `overloaded`."""
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; takes as long where nothing is. Raises Problem `overloaded`."""
        return await self._run(lambda: self._matches(stored or self._unmatched, password))

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other costs than these."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Lets the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _bytes(password))
        except (Argon2Error, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._busy >= HASHES_AT_ONCE + self._waiting_max:
            raise Problem("overloaded", "Too many people are signing in; try again.", retry_after_s=2)
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._busy -= 1


def _bytes(password: str) -> bytes:
    return normalize("NFC", password).encode("utf-8", "surrogatepass")


def _unmatched_hash(hasher: PasswordHasher) -> str:
    """A hash that no password matches and that costs as much to try as a real one."""
    salt, digest = (b64encode(os.urandom(size)).decode().rstrip("=") for size in (16, 32))
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${digest}"
