"""Accounts, sessions, keys and attempts on either engine, as one process sees them, and a look at what is kept."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rookery.core.events import Event, Kind
from rookery.engines.embedded.ledger import EmbeddedLedger
from rookery.gateway.dispatch import Ledger
from rookery.services.accounts.store import AccountStore, AttemptStore, KeyStore, SessionStore
from tests.members import Members


class Registry(ABC):
    """The stores of one process. What is asked below is about the data, which another process may share."""

    accounts: AccountStore
    sessions: SessionStore
    attempts: AttemptStore
    keys: KeyStore
    ledger: Ledger

    @abstractmethod
    async def settle(self) -> None:
        """Waits for as long as this process may still take a session for alive that another one has ended."""

    @abstractmethod
    async def outbox(self) -> list[Event]:
        """All events, in order."""

    @abstractmethod
    async def users(self) -> list[tuple[str, str, str, bool, int]]:
        """Handle, name, bio, protection and state of every account."""

    @abstractmethod
    async def secrets_kept(self) -> tuple[int, int]:
        """How many accounts have a password, and how many sessions are kept."""

    @abstractmethod
    async def age_sessions(self, by_ms: int) -> None:
        """Lets every session be used last that much earlier."""

    @abstractmethod
    async def used(self) -> dict[str, int]:
        """The uses of every window of a limit, by whose it is."""

    @abstractmethod
    async def begin_windows(self, at_ms: int) -> None:
        """Lets every window have begun at this time."""

    async def kinds(self, user_id: int) -> list[Kind]:
        """What the outbox says of an account, in order."""
        return [event.kind for event in await self.outbox() if event.subject == user_id]


class EmbeddedRegistry(Registry):
    """One in a folder."""

    def __init__(self, folder: Path) -> None:
        self.members = Members(folder)
        self.accounts, self.sessions = self.members.accounts, self.members.sessions
        self.attempts, self.keys = self.members.attempts, self.members.keys
        self.ledger = EmbeddedLedger(self.members.snapshots)

    async def settle(self) -> None:
        """See Registry. The end of a session shows at once."""

    async def outbox(self) -> list[Event]:
        """See Registry."""
        rows = self.members.rows("SELECT event_id, kind, actor, subject, other FROM outbox ORDER BY event_id")
        return [Event(one, Kind(kind), *rest) for one, kind, *rest in rows]

    async def users(self) -> list[tuple[str, str, str, bool, int]]:
        """See Registry."""
        rows = self.members.rows("SELECT handle, name, bio, protected, state FROM users")
        return [(handle, name, bio, bool(protected), state) for handle, name, bio, protected, state in rows]

    async def secrets_kept(self) -> tuple[int, int]:
        """See Registry."""
        ((passwords,),) = self.members.rows("SELECT count(*) FROM credentials")
        ((sessions,),) = self.members.rows("SELECT count(*) FROM sessions")
        return passwords, sessions

    async def age_sessions(self, by_ms: int) -> None:
        """See Registry."""
        await self.members.database.write(
            lambda tx: tx.execute("UPDATE sessions SET used_ms = used_ms - ?", (by_ms,))
        )

    async def used(self) -> dict[str, int]:
        """See Registry."""
        return dict(self.members.rows("SELECT subject, used FROM rate_windows"))

    async def begin_windows(self, at_ms: int) -> None:
        """See Registry."""
        await self.members.database.write(
            lambda tx: tx.execute("UPDATE rate_windows SET start_ms = ?", (at_ms,))
        )


@asynccontextmanager
async def two_in(folder: Path) -> AsyncIterator[tuple[Registry, Registry]]:
    """Two processes on the same folder."""
    both = EmbeddedRegistry(folder), EmbeddedRegistry(folder)
    try:
        yield both
    finally:
        for one in both:
            one.members.close()
