"""A store of follows with accounts of its own, for the tests of its contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rookery.core.entities import AccountState
from rookery.core.events import Event, Kind
from rookery.core.visibility import Facts
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.facts import EmbeddedFacts
from rookery.engines.embedded.follows import EmbeddedFollows
from rookery.engines.embedded.snapshots import Snapshots
from rookery.services.follows.projector import FollowsUpkeep

CELEBRITY_FOLLOWERS = 3


@dataclass
class Circle:
    """A store with accounts, which stand in `people`, and what it has said."""

    database: Database
    snapshots: Snapshots
    facts: EmbeddedFacts
    follows: EmbeddedFollows
    people: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    async def join(self, count: int) -> list[int]:
        """New accounts."""
        joined = await self.database.write(lambda tx: [_account(tx) for _ in range(count)])
        self.people.extend(joined)
        return joined

    async def set_protected(self, user_id: int, protected: bool) -> None:
        """As the accounts service does it."""

        def work(tx: Tx) -> None:
            tx.execute("UPDATE users SET protected = ? WHERE user_id = ?", (protected, user_id))
            tx.emit(Kind.ACCOUNT_PROTECTED if protected else Kind.ACCOUNT_OPENED, user_id, actor=user_id)

        await self.database.write(work)

    async def set_state(self, user_id: int, state: AccountState) -> None:
        """As the accounts service does it."""
        said = {AccountState.DISABLED: Kind.ACCOUNT_DISABLED, AccountState.DELETED: Kind.ACCOUNT_DELETED}

        def work(tx: Tx) -> None:
            tx.execute("UPDATE users SET state = ? WHERE user_id = ?", (int(state), user_id))
            tx.emit(said[state], user_id, actor=user_id)

        await self.database.write(work)

    def news(self) -> list[Event]:
        """The events since the last call."""
        self.snapshots.look()
        heard, self.events[:] = list(self.events), []
        return heard

    async def upkeep(self) -> None:
        """Carries out what the events since the last look ask for."""
        keeper = FollowsUpkeep(self.follows)
        for event in self.news():
            await keeper.on_event(event)

    async def edge(self, viewer: int, other: int) -> int:
        """The Edge bits."""
        return (await self.facts.gather(viewer, (), [other])).edge(other)

    async def counts(self, user_id: int) -> tuple[int, int]:
        """Followers and following as the account shows them."""
        facts = await self.facts.gather(0, (), [user_id])
        return counts_in(facts, user_id)

    def celebrity_ms(self, user_id: int) -> int | None:
        """When the account was flagged."""
        with self.snapshots.open() as connection:
            row = connection.execute(
                "SELECT celebrity_ms FROM follow_counts WHERE user_id = ? AND celebrity_ms > 0", (user_id,)
            ).fetchone()
        return None if row is None else int(row[0])


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
async def opened(folder: Path, *, synchronous: str = "FULL") -> AsyncIterator[Circle]:
    """A circle in a folder of its own."""
    files = Files(folder, b"k" * 32, synchronous=synchronous)
    files.migrate("core")
    files.migrate("feed")
    database, snapshots = Database(files), Snapshots(files)
    follows = EmbeddedFollows(database, snapshots, CELEBRITY_FOLLOWERS)
    circle = Circle(database, snapshots, EmbeddedFacts(snapshots), follows)
    snapshots.on_event.append(circle.events.append)
    try:
        yield circle
    finally:
        database.close()
        snapshots.close()
