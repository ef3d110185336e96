"""The embedded engine: every store over one data folder, its projectors, and how they start and end."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rookery.core.errors import OperatorError
from rookery.engines.embedded.accounts import EmbeddedAccounts
from rookery.engines.embedded.attempts import EmbeddedAttempts
from rookery.engines.embedded.check import compare
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.damage import make_ready
from rookery.engines.embedded.database import Database
from rookery.engines.embedded.doorbell import Bell
from rookery.engines.embedded.export import EmbeddedExport
from rookery.engines.embedded.facts import EmbeddedFacts
from rookery.engines.embedded.feed import EmbeddedFeed
from rookery.engines.embedded.follows import EmbeddedFollows
from rookery.engines.embedded.ledger import EmbeddedLedger
from rookery.engines.embedded.news import News
from rookery.engines.embedded.profiles import EmbeddedProfiles
from rookery.engines.embedded.projecting import FeedOptions, Lag, Projections
from rookery.engines.embedded.projection import forget, offsets
from rookery.engines.embedded.replies import EmbeddedReplies
from rookery.engines.embedded.search import EmbeddedSearch
from rookery.engines.embedded.sessions import EmbeddedSessions
from rookery.engines.embedded.signing_keys import EmbeddedKeys
from rookery.engines.embedded.snapshots import Snapshots
from rookery.engines.embedded.tweets import EmbeddedTweets
from rookery.engines.embedded.upkeep import Upkeep, UpkeepRunner
from rookery.engines.findings import Findings

CATCH_UP_STEP_S = 0.01


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the engine is told by the settings; times in milliseconds, sizes in entries."""

    write_queue_max: int = 4_096
    group_max: int = 128
    outbox_keep_ms: int = 600_000
    celebrity_followers: int = 10_000
    feed: FeedOptions = field(default_factory=FeedOptions)


class EmbeddedEngine:
    """One process's view of a data folder. Unless it does not `work`, it also does what follows writes while it holds
    the folder's locks; with a `bell`, another process projects and is woken by it."""

    def __init__(
        self,
        folder: Path,
        key: bytes,
        options: EngineOptions,
        *,
        works: bool = True,
        bell: Bell | None = None,
    ) -> None:
        self.files = prepare(folder, key)
        self.database = Database(self.files, queue_max=options.write_queue_max, group_max=options.group_max)
        self.snapshots = Snapshots(self.files)
        self.facts = EmbeddedFacts(self.snapshots)
        self.database.on_writing.append(self.facts.expect)
        self.database.on_abandoned.append(self.facts.give_up)
        self.database.on_written.append(self.facts.prepare)
        self.news = News(self.snapshots)
        self.accounts = EmbeddedAccounts(self.database, self.snapshots)
        self.sessions = EmbeddedSessions(self.database, self.snapshots)
        self.attempts = EmbeddedAttempts(self.database, self.snapshots)
        self.signing_keys = EmbeddedKeys(self.database, self.snapshots)
        self.export = EmbeddedExport(self.snapshots)
        self.ledger = EmbeddedLedger(self.snapshots)
        self.tweets = EmbeddedTweets(self.database, self.snapshots)
        self.replies = EmbeddedReplies(self.database, self.snapshots)
        self.follows = EmbeddedFollows(self.database, self.snapshots, options.celebrity_followers)
        self.profiles = EmbeddedProfiles(self.tweets, self.replies, self.follows)
        self.feed = EmbeddedFeed(self.files, self.snapshots, self.news, keep=options.feed.trust)
        self.search = EmbeddedSearch(self.files)
        self._projections = Projections(self.files, options.feed) if works and bell is None else None
        self._lag = Lag(self.files)
        self._works = works
        self._bell = bell
        self._options = options
        self._upkeep: UpkeepRunner | None = None

    async def start(self, upkeep: Sequence[Upkeep]) -> None:
        """Starts projecting and upkeep; needs a running loop."""
        self.news.start()
        if self._bell is not None:
            self.database.on_commit.append(self._bell.ring)
        if self._projections is not None:
            self.database.on_commit.append(self._projections.wake)
            self._projections.start()
        if self._works:
            self._upkeep = UpkeepRunner(
                self.files, self.database, self.snapshots, upkeep, self._options.outbox_keep_ms
            )
            self._upkeep.start()

    async def close(self) -> None:
        """Finishes the accepted writes and closes every file."""
        if self._upkeep is not None:
            await self._upkeep.close()
        await self.news.close()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.database.close)
        if self._projections is not None:
            await loop.run_in_executor(None, self._projections.close)
        self._lag.close()
        self.feed.close()
        self.search.close()
        self.snapshots.close()

    async def caught_up(self, on_progress: Callable[[int], None] | None = None) -> None:
        """Returns when feeds and index have taken in every event there is now; `on_progress` gets what is left of
        the way, in milliseconds of events."""
        goal = self.last_event()
        loop = asyncio.get_running_loop()
        while True:
            reached = await loop.run_in_executor(None, offsets, self.files, ("feed", "search"))
            least = min(one or 0 for one in reached.values())
            if least >= goal:
                return
            if on_progress is not None:
                on_progress((goal - least) >> 16)
            await asyncio.sleep(CATCH_UP_STEP_S)

    async def rebuild(self, projection: str) -> None:
        """Throws a projection (`feed` or `search`) away, and returns when it is made anew."""
        await asyncio.get_running_loop().run_in_executor(None, forget, self.files, projection)
        await self.caught_up()

    async def compare(self, on_progress: Callable[[str], None]) -> Findings:
        """Compares counters, feeds and index with the truth; see check.py."""
        return await asyncio.get_running_loop().run_in_executor(None, compare, self.files, on_progress)

    def last_event(self) -> int:
        """The newest event of the truth."""
        with self.snapshots.open():
            return self.snapshots.position

    def waiting(self) -> int:
        """How many writes wait."""
        return self.database.waiting()

    def lag_ms(self) -> int:
        """How old the oldest event is that feeds or index lack."""
        return self._lag.ms()


def prepare(folder: Path, key: bytes) -> Files:
    """The files of a data folder, made and migrated where needed. Raises OperatorError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = Files(folder, key)
        make_ready(files)
    except (FileExistsError, NotADirectoryError):
        raise OperatorError(f"{folder} is no folder: name another with --data.") from None
    except OSError as fault:
        raise OperatorError(
            f"Cannot make or use the data folder {folder} ({os.strerror(fault.errno or 0)}): make that possible, or"
            " name another with --data."
        ) from None
    return files
