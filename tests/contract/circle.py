"""A store of follows with accounts of its own, for the tests of its contract."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rookery.core.entities import AccountState
from rookery.core.events import Event, Kind
from rookery.core.visibility import Facts
from rookery.engines.cluster.facts import ClusterFacts
from rookery.engines.cluster.follows import ClusterFollows
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.facts import EmbeddedFacts
from rookery.engines.embedded.follows import EmbeddedFollows
from rookery.engines.embedded.snapshots import Snapshots
from rookery.services.follows.projector import FollowsUpkeep

CELEBRITY_FOLLOWERS = 3
ENDED = {AccountState.DISABLED: Kind.ACCOUNT_DISABLED, AccountState.DELETED: Kind.ACCOUNT_DELETED}


@dataclass(kw_only=True)
class Circle(ABC):
    """A store with accounts, which stand in `people`, and what it has said."""

    follows: EmbeddedFollows | ClusterFollows
    facts: EmbeddedFacts | ClusterFacts
    people: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @abstractmethod
    async def join(self, count: int) -> list[int]:
        """New accounts."""

    @abstractmethod
    async def set_protected(self, user_id: int, protected: bool) -> None:
        """As the accounts service does it."""

    @abstractmethod
    async def set_state(self, user_id: int, state: AccountState) -> None:
        """As the accounts service does it."""

    @abstractmethod
    async def settle(self) -> None:
        """Lets counting come to rest."""

    @abstractmethod
    async def celebrity_ms(self, user_id: int) -> int | None:
        """When the account was flagged."""

    @abstractmethod
    async def edges_left(self) -> int:
        """How many rows say what holds between accounts."""

    def news(self) -> list[Event]:
        """The events since the last call."""
        heard, self.events[:] = list(self.events), []
        return heard

    async def upkeep(self) -> None:
        """Carries out what the events since the last look ask for."""
        keeper = FollowsUpkeep(self.follows)
        for event in self.news():
            await keeper.on_event(event)

    async def gather(self, viewer: int, user_ids: list[int]) -> Facts:
        """What is shown of accounts, with counters."""
        await self.settle()
        return await self.facts.gather(viewer, (), user_ids)

    async def edge(self, viewer: int, other: int) -> int:
        """The Edge bits."""
        return (await self.facts.gather(viewer, (), [other])).edge(other)

    async def counts(self, user_id: int) -> tuple[int, int]:
        """Followers and following as the account shows them."""
        return counts_in(await self.gather(0, [user_id]), user_id)


@dataclass(kw_only=True)
class EmbeddedCircle(Circle):
    """One in a folder."""

    database: Database
    snapshots: Snapshots
    facts: EmbeddedFacts
    follows: EmbeddedFollows

    async def join(self, count: int) -> list[int]:
        """See Circle."""
        joined = await self.database.write(lambda tx: [_account(tx) for _ in range(count)])
        self.people.extend(joined)
        return joined

    async def set_protected(self, user_id: int, protected: bool) -> None:
        """See Circle."""

        def work(tx: Tx) -> None:
            tx.execute("UPDATE users SET protected = ? WHERE user_id = ?", (protected, user_id))
            tx.emit(Kind.ACCOUNT_PROTECTED if protected else Kind.ACCOUNT_OPENED, user_id, actor=user_id)

        await self.database.write(work)

    async def set_state(self, user_id: int, state: AccountState) -> None:
        """See Circle."""

        def work(tx: Tx) -> None:
            tx.execute("UPDATE users SET state = ? WHERE user_id = ?", (int(state), user_id))
            tx.emit(ENDED[state], user_id, actor=user_id)

        await self.database.write(work)

    async def settle(self) -> None:
        """See Circle. Counters are written with the follow itself."""

    async def celebrity_ms(self, user_id: int) -> int | None:
        """See Circle."""
        sql = "SELECT celebrity_ms FROM follow_counts WHERE user_id = ? AND celebrity_ms > 0"
        with self.snapshots.open() as connection:
            rows = rows_of(connection, sql, (user_id,))
        return rows[0][0] if rows else None

    async def edges_left(self) -> int:
        """See Circle."""
        with self.snapshots.open() as connection:
            return int(rows_of(connection, "SELECT count(*) FROM edges")[0][0])

    def news(self) -> list[Event]:
        """See Circle."""
        self.snapshots.look()
        return super().news()


def _account(tx: Tx) -> int:
    user_id = tx.mint()
    handle = f"u{user_id % 10**9}"
    tx.execute("INSERT INTO users VALUES (?, ?, ?, 'Name', '', 0, 0)", (user_id, handle, handle))
    return user_id


def counts_in(facts: Facts, user_id: int) -> tuple[int, int]:
    """Followers and following of a gathered account."""
    card = facts.user(user_id)
    assert card is not None
    return card.facts.followers, card.facts.following


@asynccontextmanager
async def opened(folder: Path, *, synchronous: str = "FULL") -> AsyncIterator[EmbeddedCircle]:
    """A circle in a folder of its own."""
    files = Files(folder, b"k" * 32, synchronous=synchronous)
    files.migrate("core")
    files.migrate("feed")
    database, snapshots = Database(files), Snapshots(files)
    circle = EmbeddedCircle(
        database=database,
        snapshots=snapshots,
        facts=EmbeddedFacts(snapshots),
        follows=EmbeddedFollows(database, snapshots, CELEBRITY_FOLLOWERS),
    )
    snapshots.on_event.append(circle.events.append)
    try:
        yield circle
    finally:
        database.close()
        snapshots.close()
