"""The accounts service over real stores, as one process sees it; several may share a folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from rookery.core.clock import now_ms
from rookery.core.entities import STRANGER
from rookery.core.errors import Problem
from rookery.core.events import Kind
from rookery.core.limits import Ticket
from rookery.core.reading import Reader
from rookery.core.routes import Answer, Call
from rookery.engines.embedded.accounts import EmbeddedAccounts
from rookery.engines.embedded.attempts import EmbeddedAttempts
from rookery.engines.embedded.connections import Files, Row
from rookery.engines.embedded.database import Database
from rookery.engines.embedded.export import EmbeddedExport
from rookery.engines.embedded.facts import EmbeddedFacts
from rookery.engines.embedded.sessions import EmbeddedSessions
from rookery.engines.embedded.signing_keys import EmbeddedKeys
from rookery.engines.embedded.snapshots import Snapshots
from rookery.gateway.auth import Authenticator, Caller
from rookery.services.accounts import http
from rookery.services.accounts.forms import LogIn, SignUp
from rookery.services.accounts.passwords import Passwords
from rookery.services.accounts.service import AccountsService, Policy, SignedIn
from rookery.services.accounts.tokens import AccessTokens

PASSWORD = "correct horse battery"
ADDRESS = "127.0.0.1"


class Members:
    """One process. `clock_ms` is what tokens and the authenticator take for the time when a test sets it."""

    def __init__(
        self, folder: Path, policy: Policy | None = None, passwords: Passwords | None = None
    ) -> None:
        files = Files(folder, b"k" * 32)
        files.migrate("core")
        files.migrate("feed")
        self.clock_ms = 0
        self.database = Database(files)
        self.snapshots = Snapshots(files)
        self.reader = Reader(EmbeddedFacts(self.snapshots))
        self.accounts = EmbeddedAccounts(self.database, self.snapshots)
        self.sessions = EmbeddedSessions(self.database, self.snapshots)
        self.attempts = EmbeddedAttempts(self.database, self.snapshots)
        self.keys = EmbeddedKeys(self.database, self.snapshots)
        self.export = EmbeddedExport(self.snapshots)
        self.passwords = passwords or Passwords(rounds=1, memory_kib=8)
        self.tokens = AccessTokens(self.keys, now_ms=self.now_ms)
        self.policy = policy or Policy()
        self.service = AccountsService(
            self.accounts, self.sessions, self.attempts, self.passwords, self.tokens, self.policy
        )
        self.routes = http.routes(self.service, self.reader, self.export)
        self.authenticator = Authenticator(
            self.sessions, self.tokens, session_idle_ms=self.policy.session_idle_ms, now_ms=self.now_ms
        )

    def close(self) -> None:
        """Closes the files and lets the threads end."""
        self.database.close()
        self.snapshots.close()
        self.passwords.close()

    def now_ms(self) -> int:
        """The time, or what the test says that it is."""
        return self.clock_ms or now_ms()

    async def sign_up(self, handle: str, password: str = PASSWORD, ticket: Ticket | None = None) -> SignedIn:
        """A new account."""
        form = SignUp(handle=handle, name=handle.title(), password=password)
        return await self.service.sign_up(form, ticket or Ticket(STRANGER))

    async def log_in(self, handle: str, password: str = PASSWORD, address: str = ADDRESS) -> SignedIn:
        """A new session."""
        return await self.service.log_in(LogIn(handle=handle, password=password), address, Ticket(STRANGER))

    async def who(self, token: str) -> Caller:
        """Whom a bearer token stands for."""
        return await self.authenticator.who({"authorization": f"Bearer {token}"}, secure=False)

    async def ask(
        self, method: str, path: str, signed: SignedIn | None = None, body: Any = None, **args: object
    ) -> Answer:
        """What a route answers; Problems come as raised."""
        route = next(route for route in self.routes if (route.method, route.path) == (method, path))
        assert signed is not None or not route.needs_account
        headers = {"content-type": "application/json"}
        if signed is not None:
            headers["authorization"] = f"Bearer {signed.session_token}"
        caller = await self.authenticator.who(headers, secure=False)
        given = {name: str(value) for name, value in args.items()}
        raw = b"" if body is None else json.dumps(body).encode()
        call = Call(method, path, given, b"", raw, headers, ADDRESS, caller.viewer, caller.session_id)
        call.ticket = Ticket(caller.viewer)
        answer = await route.handler(call)
        assert call.was_read
        return answer

    async def json(
        self, method: str, path: str, signed: SignedIn | None = None, body: Any = None, **args: object
    ) -> Any:
        """The JSON that a route answers."""
        return json.loads((await self.ask(method, path, signed, body, **args)).body)

    def kinds(self, user_id: int) -> list[Kind]:
        """What the outbox says of an account, in order."""
        return [Kind(row[0]) for row in self.rows("SELECT kind FROM outbox WHERE subject = ?", user_id)]

    def rows(self, sql: str, *values: int | str) -> list[Row]:
        """Rows of the truth."""
        with self.snapshots.open() as connection:
            return connection.execute(sql, values).fetchall()


async def code(awaitable: object) -> str:
    """The code of the Problem that it raises."""
    with pytest.raises(Problem) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.code
