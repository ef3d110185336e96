"""What the operator does to accounts, at the command line: no limits, no password asked."""

from collections.abc import AsyncIterator, Awaitable, Callable

from rookery.core.entities import STRANGER
from rookery.core.errors import OperatorError
from rookery.core.limits import Ticket
from rookery.services.accounts.forms import SignUp, check_bio, check_handle, check_name
from rookery.services.accounts.passwords import Passwords, check_password
from rookery.services.accounts.store import Account, AccountStore, NewAccount

LISTED = 500  # accounts read at once

StartSession = Callable[[int, str | None], Awaitable[tuple[int, str]]]


class Operator:
    """Every handle is taken with or without `@` and in any case of its letters."""

    def __init__(self, accounts: AccountStore, passwords: Passwords, start: StartSession) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._start = start

    async def create(self, handle: str, name: str, password: str) -> int:
        """Makes an account as a sign-up does; returns its id. Raises Invalid or Problem `handle_taken`."""
        form = SignUp.of({"handle": handle.removeprefix("@"), "name": name, "password": password})
        password_hash = await self._passwords.hash(form.password)
        return await self._accounts.create(
            NewAccount(form.handle, form.name), password_hash, Ticket(STRANGER)
        )

    async def hash_password(self, password: str) -> str:
        """A hash for `load`, so that many accounts with one password cost one. Raises OperatorError."""
        try:
            return await self._passwords.hash(check_password(password))
        except ValueError as fault:
            raise OperatorError(f"The password {fault}: give another one.") from None

    async def load(self, new: NewAccount, password_hash: str | None) -> int:
        """Makes an account out of a file; returns its id. One that is not in the past begins now.

        Raises ValueError with a sentence, or Problem `handle_taken`.
        """
        check_handle(new.handle)
        loaded = NewAccount(
            new.handle, check_name(new.name), check_bio(new.bio), new.protected, new.created_ms
        )
        return await self._accounts.create(loaded, password_hash, Ticket(STRANGER))

    async def accounts(self) -> AsyncIterator[Account]:
        """Every account that is not deleted, by handle."""
        after = ""
        while batch := await self._accounts.accounts(after, LISTED):
            for account in batch:
                yield account
            after = batch[-1].handle.lower()

    async def set_password(self, handle: str, password: str) -> None:
        """Sets a password and ends every session. Raises OperatorError."""
        account = await self.account(handle)
        if password.lower() == account.handle.lower():
            raise OperatorError("The password must not be the handle: give another one.")
        await self._accounts.set_password(account.user_id, await self.hash_password(password))

    async def disable(self, handle: str) -> None:
        """Hides the account and ends its sessions. Raises OperatorError."""
        await self._accounts.disable((await self.account(handle)).user_id)

    async def enable(self, handle: str) -> None:
        """Shows a disabled account again. Raises OperatorError."""
        await self._accounts.enable((await self.account(handle)).user_id)

    async def token(self, handle: str) -> str:
        """A new session token of an active account. Raises OperatorError, or Problem where it is disabled."""
        _, token = await self._start((await self.account(handle)).user_id, None)
        return token

    async def account(self, handle: str) -> Account:
        """The account with this handle. Raises OperatorError."""
        account = await self._accounts.by_handle(handle.removeprefix("@"))
        if account is None:
            raise OperatorError(
                f"There is no account @{handle.removeprefix('@')}: `rookery account list` shows all."
            )
        return account
