"""The rules of accounts: who signs up, who gets in, and what ends a session."""

from collections.abc import Sequence
from dataclasses import dataclass

from rookery.core import clock
from rookery.core.errors import Invalid, Problem, not_found
from rookery.core.limits import Charge, Ticket
from rookery.services.accounts.forms import (
    Farewell,
    LogIn,
    NewPassword,
    ProfileChange,
    SignUp,
    check_handle,
)
from rookery.services.accounts.operator import Operator
from rookery.services.accounts.passwords import Passwords
from rookery.services.accounts.store import (
    AccountStore,
    AttemptStore,
    Changes,
    Credentials,
    NewAccount,
    Secret,
    Session,
    SessionStore,
    handle_taken,
    wrong_credentials,
)
from rookery.services.accounts.tokens import AccessTokens, new_session_token, token_hash

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
    """Sign-up, log-in, sessions and the account itself. `operator` is what the command line does to accounts."""

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
        self.operator = Operator(accounts, passwords, self._start)
        self._policy = policy
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
        return await self._sign_in(user_id, password_hash)

    async def log_in(self, form: LogIn, address: str, ticket: Ticket) -> SignedIn:
        """Starts a session. Raises Problem `wrong_credentials`, `overloaded` or RateLimited."""
        try:
            handle = check_handle(form.handle)
        except ValueError:
            handle = ""  # no account has it, and what was typed there by mistake is not kept
        known = await self._accounts.credentials(handle)
        password_hash = await self._prove(known, handle, form.password, address, ticket)
        assert known is not None  # or nothing would have been proven
        if self.passwords.outdated(password_hash):
            renewed = await self.passwords.hash(form.password)
            await self._accounts.rehash(known.user_id, password_hash, renewed)
            password_hash = renewed
        return await self._sign_in(known.user_id, password_hash)

    async def end_sessions(self, user_id: int) -> None:
        """Ends every session of the account."""
        await self._sessions.end_all(user_id)

    async def sessions(self, user_id: int) -> Sequence[Session]:
        """The live sessions of an account, newest first."""
        oldest = clock.now_ms() - self._policy.session_idle_ms
        return [one for one in await self._sessions.of(user_id) if one.used_ms > oldest]

    async def require_session(self, user_id: int, session_id: int) -> None:
        """Raises Problem `not_found` where the account has no such session."""
        if all(one.session_id != session_id for one in await self.sessions(user_id)):
            raise not_found("session")

    async def end_session(self, user_id: int, session_id: int) -> None:
        """Ends one session."""
        await self._sessions.end(user_id, session_id)

    async def update(self, user_id: int, form: ProfileChange, ticket: Ticket) -> None:
        """Changes name, bio or protection."""
        await self._accounts.update(user_id, Changes(form.name, form.bio, form.protected), ticket)

    async def change_password(
        self, user_id: int, session_id: int, form: NewPassword, address: str, ticket: Ticket
    ) -> None:
        """Sets a new password and ends every other session.

        Raises Problem `wrong_credentials`, `overloaded`, RateLimited, or Invalid where it is the handle.
        """
        known = await self._known(user_id)
        if form.new.lower() == known.handle.lower():
            raise Invalid({"new": "must not be the handle"})
        replaces = await self._prove(known, known.handle, form.current, address, ticket)
        password_hash = await self.passwords.hash(form.new)
        await self._accounts.set_password(user_id, password_hash, replaces=replaces, keep_session=session_id)

    async def delete(self, user_id: int, form: Farewell, address: str, ticket: Ticket) -> None:
        """Deletes the account for good; what it wrote is erased by the other services on its event.

        Raises Problem `wrong_credentials`, `overloaded` or RateLimited.
        """
        known = await self._known(user_id)
        await self._prove(known, known.handle, form.password, address, ticket)
        await self._accounts.erase(user_id)

    async def _known(self, user_id: int) -> Credentials:
        known = await self._accounts.credentials_of(user_id)
        if known is None:
            raise not_found("account")
        return known

    async def _prove(
        self, known: Credentials | None, handle: str, password: str, address: str, ticket: Ticket
    ) -> str:
        """The hash that the password fits. A failure is charged before the password is tried, and given back when it
        fits, so that many guesses at once are no more than the limit."""
        ticket.charges = self._policy.failure(handle.lower(), address)
        taken_ms = await self._attempts.take(ticket)
        stored = known.password_hash if known else None
        try:
            right = await self.passwords.verify(stored, password)
        except Problem:
            await self._attempts.give_back(ticket, taken_ms)
            raise
        if stored is None or not right:
            raise wrong_credentials()
        await self._attempts.give_back(ticket, taken_ms)
        return stored

    async def _sign_in(self, user_id: int, password_hash: str) -> SignedIn:
        session_id, session_token = await self._start(user_id, password_hash)
        access_token = await self.tokens.issue(user_id, session_id)
        return SignedIn(user_id, session_id, session_token, access_token, self.tokens.lifetime_s)

    async def _start(self, user_id: int, password_hash: str | None) -> tuple[int, str]:
        token = new_session_token()
        session_id = await self._sessions.start(
            user_id,
            token_hash(token),
            password_hash=password_hash,
            idle_ms=self._policy.session_idle_ms,
            sessions_max=self._policy.sessions_max,
        )
        return session_id, token
