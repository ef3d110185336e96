"""What the accounts service needs of an engine. Every write is atomic with its event."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import UNSET, Struct, UnsetType

from rookery.core.entities import AccountState
from rookery.core.errors import Problem
from rookery.core.limits import Charge, Ticket


class Session(Struct, frozen=True):
    """A sign-in. Times are Unix milliseconds; `used_ms` is right to within the hour."""

    session_id: int
    user_id: int
    created_ms: int
    used_ms: int


class Account(Struct, frozen=True):
    """An account as its operator sees it."""

    user_id: int
    handle: str
    name: str
    protected: bool
    state: AccountState


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made. Without `created_ms` (Unix milliseconds) it begins now."""

    handle: str
    name: str
    bio: str = ""
    protected: bool = False
    created_ms: int | None = None


class Changes(Struct, frozen=True):
    """What is to change of an account; UNSET stays."""

    name: str | UnsetType = UNSET
    bio: str | UnsetType = UNSET
    protected: bool | UnsetType = UNSET


class Secret(Struct, frozen=True):
    """Something stored that must not reach a log: its text form does not show it."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Credentials(Secret, frozen=True):
    """The password hash of an active account; None where it has no password."""

    user_id: int
    handle: str
    password_hash: str | None


class SigningKey(Secret, frozen=True):
    """A key that signs JWTs, as a private JWK in JSON."""

    key_id: str
    private_jwk: bytes
    created_ms: int


def handle_taken() -> Problem:
    """409: an account has the handle or had it."""
    return Problem("handle_taken", "Another account has this handle or had it; choose another one.")


def wrong_credentials() -> Problem:
    """401, the same for an unknown handle and a wrong password."""
    return Problem("wrong_credentials", "The handle or the password is wrong.")


class AccountStore(Protocol):
    """Accounts and their passwords."""

    async def handle_taken(self, handle: str) -> bool:
        """Whether any account has or had the handle, in any case of its letters."""

    async def create(self, new: NewAccount, password_hash: str | None, ticket: Ticket) -> int:
        """Makes an account and returns its id. Raises Problem `handle_taken`."""

    async def credentials(self, handle: str) -> Credentials | None:
        """What an active account signs in with; None where there is no such account."""

    async def credentials_of(self, user_id: int) -> Credentials | None:
        """The same by id."""

    async def set_password(
        self, user_id: int, password_hash: str, *, replaces: str | None = None, keep_session: int = 0
    ) -> None:
        """Sets the password and ends every session but `keep_session`.

        Raises Problem `not_found` where the account is deleted, `wrong_credentials` where its password is no longer
        the one whose hash is `replaces`.
        """

    async def rehash(self, user_id: int, replaces: str, password_hash: str) -> None:
        """Keeps the same password under a newer hash, unless it was changed meanwhile."""

    async def update(self, user_id: int, changes: Changes, ticket: Ticket) -> None:
        """Changes an account. Raises Problem `not_found` where it is not active."""

    async def erase(self, user_id: int) -> None:
        """Deletes an account: its name, bio, password and sessions are gone, its handle stays taken. Its protection
        stays, too: what nobody might see of it does not become known to have been there.

        Raises Problem `not_found` where it is deleted already.
        """

    async def disable(self, user_id: int) -> None:
        """Hides an account and ends its sessions. Raises Problem `not_found` where it is deleted."""

    async def enable(self, user_id: int) -> None:
        """Shows a disabled account again. Raises Problem `not_found` where it is deleted."""

    async def by_handle(self, handle: str) -> Account | None:
        """The account with a handle, in any case of its letters; None where there is none or it is deleted."""

    async def accounts(self, after: str, limit: int) -> Sequence[Account]:
        """Accounts that are not deleted, by folded handle, strictly after one."""


class SessionStore(Protocol):
    """Sessions: kept under the SHA-256 of their token."""

    def recall(self, token_hash: bytes) -> Session | None:
        """A session that is alive, without waiting, or None where `find` must be asked. Never one that this process
        ended, nor one that ended more than a second ago."""

    def recall_id(self, session_id: int) -> Session | None:
        """The same by id."""

    async def find(self, token_hash: bytes) -> Session | None:
        """The session of an active account, or None where there is none. Its age is not looked at."""

    async def find_id(self, session_id: int) -> Session | None:
        """The same by id."""

    async def touch(self, session: Session, used_ms: int) -> None:
        """Remembers that the session was used. Says so in no event."""

    async def start(
        self, user_id: int, token_hash: bytes, *, password_hash: str | None, idle_ms: int, sessions_max: int
    ) -> int:
        """Starts a session and returns its id; those idle for longer than `idle_ms` end, and the oldest beyond
        `sessions_max`.

        Raises Problem `wrong_credentials` where the account is not active, or `password_hash` is given and no longer
        its password's.
        """

    async def of(self, user_id: int) -> Sequence[Session]:
        """The sessions of an account, newest first."""

    async def end(self, user_id: int, session_id: int) -> None:
        """Ends one session of an account, if it has it."""

    async def end_all(self, user_id: int) -> None:
        """Ends every session of an account."""


class KeyStore(Protocol):
    """The keys that sign JWTs."""

    async def keys(self) -> Sequence[SigningKey]:
        """All keys, newest first."""

    async def add(self, key: SigningKey, *, replaces_before_ms: int, drop_before_ms: int) -> None:
        """Adds a key unless one was made at or after `replaces_before_ms`, so that of several processes one adds
        its own; drops the keys made before `drop_before_ms`."""


class AttemptStore(Protocol):
    """Limits that are charged before it is known whether they apply: a failed log-in counts though it is refused."""

    async def room(self, charges: Sequence[Charge]) -> None:
        """Charges nothing. Raises RateLimited where a limit is used up."""

    async def take(self, ticket: Ticket) -> int:
        """Charges all of the ticket, or none and raises RateLimited; fills in its budget. Returns the time in Unix
        milliseconds, for `give_back`."""

    async def give_back(self, ticket: Ticket, taken_ms: int) -> None:
        """Takes the charges back from the windows that they were put in, and out of the budget."""
