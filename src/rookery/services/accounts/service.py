"""The rules of accounts: who signs up, who gets in, and what ends a session."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec import UNSET

from rookery.core import clock
from rookery.core.errors import Invalid, Problem, not_found
from rookery.core.limits import Charge, Ticket
from rookery.services.accounts.forms import (
    Farewell,
    LogIn,
    NewPassword,
    ProfileChange,
    SignUp,
    check_bio,
    check_handle,
    check_name,
)
from rookery.services.accounts.passwords import Passwords, check_password
from rookery.services.accounts.store import (
    Account,
    AccountStore,
    AttemptStore,
    Changes,
    Credentials,
    NewAccount,
    Secret,
    Session,
    SessionStore,
)
from rookery.services.accounts.tokens import AccessTokens, new_session_token, token_hash

T = TypeVar("T")
DAY_MS = 86_400_000
QUARTER_HOUR_S = 15 * 60
HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator may set. A limit on failed log-ins that is None does not hold."""

    session_idle_ms: int = 30 * DAY_MS
    sessions_max: int = 100
    failures_per_account: int | None = 10  # in 15 minutes, by account and address together
    failures_per_address: int | None = 100  # in an hour

    def failure(self, account: str, address: str) -> tuple[Charge, ...]:
        """What a failed log-in costs."""
        together = f"{account} {address}"
        limits = (
            ("failed log-ins to an account", together, self.failures_per_account, QUARTER_HOUR_S),
            ("failed log-ins from an address", address, self.failures_per_address, HOUR_S),
        )
        return tuple(
            Charge(what, subject, most, period) for what, subject, most, period in limits if most is not None
        )


class SignedIn(Secret, frozen=True):
    """A new session with its tokens; `expires_in` is the access token's life in seconds."""

    user_id: int
    session_id: int
    session_token: str
    access_token: str
    expires_in: int


class AccountsService:
    """Sign-up, log-in, sessions and the account itself. Reads of sessions for each request are in gateway/auth.py."""

    def __init__(
        self,
        accounts: AccountStore,
        sessions: SessionStore,
        attempts: AttemptStore,
        passwords: Passwords,
        tokens: AccessTokens,
        policy: Policy,
    ) -> None:
        self.passwords = passwords
        self.tokens = tokens
        self.policy = policy
        self._accounts = accounts
        self._sessions = sessions
        self._attempts = attempts

    async def sign_up(self, form: SignUp, ticket: Ticket) -> SignedIn:
        """Makes an account and signs it in. Raises Problem `handle_taken`, `overloaded` or RateLimited."""
        await self._attempts.room(ticket.charges)
        if await self._accounts.handle_taken(form.handle):
            raise handle_taken()
        password_hash = await self.passwords.hash(form.password)
        user_id = await self._accounts.create(NewAccount(form.handle, form.name), password_hash, ticket)
        return await self._start(Credentials(user_id, password_hash))

    async def log_in(self, form: LogIn, address: str) -> SignedIn:
        """Starts a session. Raises Problem `wrong_credentials`, `overloaded` or RateLimited."""
        try:
            handle = check_handle(form.handle).lower()
        except ValueError:
            handle = ""  # no account has it, and what was typed there by mistake is not kept
        known = await self._accounts.credentials(handle)
        return await self._proven(known, handle, form.password, address, self._start_fresh(form.password))

    async def refresh(self, user_id: int, session_id: int) -> str:
        """A new access token for a live session."""
        return await self.tokens.issue(user_id, session_id)

    async def log_out(self, user_id: int, session_id: int, *, everywhere: bool) -> None:
        """Ends the session, or all of the account's."""
        if everywhere:
            await self._sessions.end_all(user_id)
        else:
            await self._sessions.end(user_id, session_id)

    async def sessions(self, user_id: int) -> Sequence[Session]:
        """The live sessions of an account, newest first."""
        oldest = clock.now_ms() - self.policy.session_idle_ms
        return [one for one in await self._sessions.of(user_id) if one.used_ms > oldest]

    async def end_session(self, user_id: int, session_id: int) -> None:
        """Ends one session. Raises Problem `not_found`."""
        await self._sessions.end(user_id, session_id)

    async def update(self, user_id: int, form: ProfileChange, ticket: Ticket) -> None:
        """Changes name, bio or protection."""
        await self._accounts.update(user_id, Changes(form.name, form.bio, form.protected), ticket)

    async def change_password(self, user_id: int, session_id: int, form: NewPassword, address: str) -> None:
        """Sets a new password and ends every other session.

        Raises Problem `wrong_credentials`, `overloaded`, RateLimited, or Invalid where it is the handle.
        """
        known = await self._accounts.credentials_of(user_id)
        if known is not None and form.new.lower() == known.handle.lower():
            raise Invalid({"new": "must not be the handle"})

        async def change(proven: Credentials) -> None:
            password_hash = await self.passwords.hash(form.new)
            await self._accounts.set_password(
                user_id, password_hash, replaces=proven.password_hash, keep_session=session_id
            )

        await self._proven(known, str(user_id), form.current, address, change)
