"""Carrying a network out of files into a data folder, through the services."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rookery.bootstrap import Network
from rookery.cli.flow import each
from rookery.cli.progress import Step, Steps
from rookery.cli.tables import EdgeLine, Fault, TweetRow, edge_lines, tweet_rows
from rookery.core.content import OldText
from rookery.core.entities import AccountState
from rookery.core.errors import OperatorError, Problem
from rookery.services.accounts.store import Account, NewAccount

_PASSING = frozenset({"overloaded", "engine_unavailable"})  # no fault of the line that meets them


L = TypeVar("L", EdgeLine, TweetRow)
Whose = Callable[[TweetRow], int]  # the id of a row's author; raises ValueError where there is none


@dataclass(slots=True)
class Tally:
    """What became of one kind of thing."""

    loaded: int = 0
    present: int = 0
    skipped: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> int:
        """How many were looked at in a second."""
        return round((self.loaded + self.present + self.skipped) / self.seconds) if self.seconds else 0


@dataclass(slots=True)
class Loaded:
    """What a load did. `skipped`: (file, line, reason)."""

    accounts: Tally = field(default_factory=Tally)
    follows: Tally = field(default_factory=Tally)
    tweets: Tally = field(default_factory=Tally)
    skipped: list[tuple[str, int, str]] = field(default_factory=list)
    catch_up_s: float = 0.0


class Loader:
    """Loads graphs and tweets; what is there already stays as it is. New accounts get `password_hash`."""

    def __init__(self, net: Network, steps: Steps, password_hash: str | None) -> None:
        self.done = Loaded()
        self._net = net
        self._steps = steps
        self._password_hash = password_hash
        self._accounts: dict[str, int | str] = {}  # by folded handle: the id, or why there is none

    async def graph(self, path: Path, *, undirected: bool) -> list[int]:
        """Loads the accounts and follows of a graph; returns the accounts' ids in the order of their numbers."""
        edges = (edge for edge in edge_lines(path) if isinstance(edge, EdgeLine))
        numbers = {number for edge in edges for number in (edge.follower, edge.followee)}
        ordered = [f"u{number}" for number in sorted(numbers)]
        await self._join(dict.fromkeys(ordered))

        async def follow(edge: EdgeLine) -> None:
            one, other = self._account(f"u{edge.follower}"), self._account(f"u{edge.followee}")
            for follower, followee in ((one, other), (other, one)) if undirected else ((one, other),):
                self._count(self.done.follows, await self._net.follows.follow(follower, followee))

        await self._carry("Follows", self.done.follows, path, edge_lines, follow)
        return [found for handle in ordered if isinstance(found := self._accounts[handle], int)]

    async def graph_accounts(self) -> list[int]:
        """The ids of the accounts of graphs loaded before (`u` and a number), in the order of their numbers."""
        found = [
            (int(number), account.user_id)
            async for account in self._net.accounts.operator.accounts()
            if (number := account.handle[1:]).isdecimal() and account.handle[0] == "u"
        ]
        return [user_id for _, user_id in sorted(found)]

    async def tweets_by_their_authors(self, path: Path) -> None:
        """Loads tweets; `screen_name` says whose they are. An account begins with its first tweet."""
        began: dict[str, int | None] = {}
        handles: dict[str, str] = {}
        for row in tweet_rows(path):
            if isinstance(row, TweetRow) and row.screen_name is not None:
                folded = row.screen_name.lower()
                handles.setdefault(folded, row.screen_name)
                times = [at for at in (began.get(folded), row.created_ms) if at is not None]
                began[folded] = min(times, default=None)
        await self._join({handle: began[folded] for folded, handle in handles.items()})

        def author(row: TweetRow) -> int:
            if row.screen_name is None:
                raise ValueError("has no screen_name")
            return self._account(row.screen_name)

        await self._tweets(path, author)

    async def tweets_dealt(self, path: Path, accounts: list[int]) -> None:
        """Loads tweets; data row n goes to account n modulo their number. Raises OperatorError."""
        if not accounts:
            raise OperatorError(
                "There are no accounts u0, u1, ... to deal the tweets to: load a graph with --graph."
            )
        await self._tweets(path, lambda row: accounts[row.number % len(accounts)])

    async def catch_up(self) -> None:
        """Returns when feeds and index have taken in everything."""
        began = time.monotonic()
        with self._steps.step("Feeds, index"):
            await self._net.engine.caught_up()
        self.done.catch_up_s = time.monotonic() - began

    async def _tweets(self, path: Path, author: Whose) -> None:
        async def write(row: TweetRow) -> None:
            text = OldText(author(row), row.text, row.created_ms, row.latitude, row.longitude)
            written = await self._net.tweets.load(text, row_id=row.row_id)
            self._count(self.done.tweets, written is not None)

        await self._carry("Tweets", self.done.tweets, path, tweet_rows, write)

    async def _join(self, handles: Mapping[str, int | None]) -> None:
        """Makes the accounts that are not there yet, or finds out why they cannot be; each with when it begins."""

        async def join(one: tuple[str, int | None]) -> None:
            handle, created_ms = one
            self._accounts[handle.lower()] = await self._joined(handle, created_ms)
            step.advance()

        async with self._timed("Accounts", self.done.accounts, len(handles)) as step:
            await each(handles.items(), join)

    async def _joined(self, handle: str, created_ms: int | None) -> int | str:
        found = await self._net.engine.accounts.by_handle(handle)
        if found is not None:
            return self._found(found)
        try:
            new = NewAccount(handle, handle, created_ms=created_ms)
            made = await self._net.accounts.operator.load(new, self._password_hash)
        except ValueError as fault:
            return f"the handle {handle!r} {fault}"
        except Problem as problem:
            if problem.code in _PASSING:
                raise
            return f"@{handle} cannot be made: {problem.detail}"
        self.done.accounts.loaded += 1
        return made

    def _found(self, account: Account) -> int | str:
        if account.state is not AccountState.ACTIVE:
            return f"@{account.handle} is disabled"
        self.done.accounts.present += 1
        return account.user_id

    def _account(self, handle: str) -> int:
        found = self._accounts[handle.lower()]
        if isinstance(found, str):
            raise ValueError(found)
        return found

    async def _carry(
        self,
        name: str,
        tally: Tally,
        path: Path,
        read: Callable[[Path], Iterable[L | Fault]],
        work: Callable[[L], Awaitable[None]],
    ) -> None:
        """`work` on each line of a file; one that cannot be taken is told and skipped."""
        total = sum(1 for _ in read(path))
        async with self._timed(name, tally, total) as step:

            async def tried(line: L | Fault) -> None:
                try:
                    if isinstance(line, Fault):
                        raise ValueError(line.reason)
                    await work(line)
                except ValueError as fault:
                    self._skip(path, line.line, str(fault), tally)
                except Problem as problem:
                    if problem.code in _PASSING:
                        raise
                    self._skip(path, line.line, problem.detail, tally)
                step.advance()

            await each(read(path), tried)

    def _skip(self, path: Path, line: int, reason: str, tally: Tally) -> None:
        tally.skipped += 1
        self.done.skipped.append((str(path), line, reason))
        self._steps.tell(f"{path} line {line}: {reason}")

    def _count(self, tally: Tally, new: bool) -> None:
        if new:
            tally.loaded += 1
        else:
            tally.present += 1

    @asynccontextmanager
    async def _timed(self, name: str, tally: Tally, total: int) -> AsyncIterator[Step]:
        began = time.monotonic()
        with self._steps.step(name, total) as step:
            yield step
        tally.seconds += time.monotonic() - began
