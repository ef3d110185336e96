"""Accounts and their passwords in core.db."""

import asyncio
from collections.abc import Sequence

from msgspec import UNSET

from rookery.core import ids
from rookery.core.entities import AccountState
from rookery.core.errors import not_found
from rookery.core.events import Kind
from rookery.core.limits import Ticket
from rookery.engines.embedded.connections import Row, rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.sessions import end_sessions
from rookery.engines.embedded.snapshots import Snapshots
from rookery.services.accounts.store import (
    Account,
    Changes,
    Credentials,
    NewAccount,
    handle_taken,
    wrong_credentials,
)

_CREDENTIALS = """
SELECT u.user_id, u.handle, c.password_hash FROM users u LEFT JOIN credentials c USING (user_id)
WHERE u.state = 0 AND """
FOLLOW_UP_WAIT_S = 0.4
FOLLOW_UP_STEP_S = 0.002
_ACCOUNTS = "SELECT user_id, handle, name, protected, state FROM users WHERE state <> 2 AND handle_folded "


class EmbeddedAccounts:
    """The AccountStore of this engine."""

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        self._database = database
        self._snapshots = snapshots

    async def handle_taken(self, handle: str) -> bool:
        """See AccountStore."""
        return bool(self._rows("SELECT 1 FROM users WHERE handle_folded = ?", handle.lower()))

    async def create(self, new: NewAccount, password_hash: str | None, ticket: Ticket) -> int:
        """See AccountStore."""

        def work(tx: Tx) -> int:
            folded = new.handle.lower()
            if tx.execute("SELECT 1 FROM users WHERE handle_folded = ?", (folded,)):
                raise handle_taken()
            user_id = _new_id(tx, new.created_ms)
            tx.execute(
                "INSERT INTO users VALUES (?,?,?,?,?,?,?)",
                (user_id, new.handle, folded, new.name, new.bio, new.protected, int(AccountState.ACTIVE)),
            )
            if password_hash is not None:
                tx.execute("INSERT INTO credentials VALUES (?,?)", (user_id, password_hash))
            tx.emit(Kind.ACCOUNT_CREATED, user_id, actor=user_id)
            return user_id

        return await self._database.write(work, ticket)

    async def credentials(self, handle: str) -> Credentials | None:
        """See AccountStore."""
        rows = self._rows(_CREDENTIALS + "u.handle_folded = ?", handle.lower())
        return Credentials(*rows[0]) if rows else None

    async def credentials_of(self, user_id: int) -> Credentials | None:
        """See AccountStore."""
        rows = self._rows(_CREDENTIALS + "u.user_id = ?", user_id)
        return Credentials(*rows[0]) if rows else None

    async def set_password(
        self, user_id: int, password_hash: str, *, replaces: str | None = None, keep_session: int = 0
    ) -> None:
        """See AccountStore."""

        def work(tx: Tx) -> None:
            _require_account(tx, user_id)
            stored = tx.execute("SELECT password_hash FROM credentials WHERE user_id = ?", (user_id,))
            if replaces is not None and stored != [(replaces,)]:
                raise wrong_credentials()
            tx.execute("INSERT OR REPLACE INTO credentials VALUES (?,?)", (user_id, password_hash))
            end_sessions(tx, user_id, keep=keep_session)

        await self._database.write(work)

    async def rehash(self, user_id: int, replaces: str, password_hash: str) -> None:
        """See AccountStore."""
        await self._database.write(
            lambda tx: tx.execute(
                "UPDATE credentials SET password_hash = ? WHERE user_id = ? AND password_hash = ?",
                (password_hash, user_id, replaces),
            )
        )

    async def update(self, user_id: int, changes: Changes, ticket: Ticket) -> None:
        """See AccountStore."""
        event_id = 0

        def work(tx: Tx) -> int | None:
            nonlocal event_id
            rows = tx.execute(
                "SELECT name, bio, protected FROM users WHERE user_id = ? AND state = 0", (user_id,)
            )
            if not rows:
                raise not_found("account")
            if not _change(tx, user_id, rows[0], changes):
                return None
            event_id = tx.last_id
            return user_id

        await self._database.write(work, ticket)
        if event_id and changes.protected is False:
            await self._followed_up(event_id)

    async def _followed_up(self, event_id: int) -> None:
        """Waits until what follows from opening an account was done: the waiting requests are accepted. Who opens the
        account sees that at once, and where it takes longer than FOLLOW_UP_WAIT_S it is done later."""
        clock = asyncio.get_running_loop().time
        ends_at = clock() + FOLLOW_UP_WAIT_S
        while clock() < ends_at:
            if self._rows("SELECT value FROM meta WHERE name = 'upkeep_offset'")[0][0] >= event_id:
                return
            await asyncio.sleep(FOLLOW_UP_STEP_S)

    async def erase(self, user_id: int) -> None:
        """See AccountStore."""

        def work(tx: Tx) -> None:
            _require_account(tx, user_id)
            tx.execute(
                "UPDATE users SET handle = '', name = '', bio = '', state = ? WHERE user_id = ?",
                (int(AccountState.DELETED), user_id),
            )
            tx.execute("DELETE FROM credentials WHERE user_id = ?", (user_id,))
            end_sessions(tx, user_id)
            tx.emit(Kind.ACCOUNT_DELETED, user_id, actor=user_id)

        await self._database.write(work)

    async def disable(self, user_id: int) -> None:
        """See AccountStore."""

        def work(tx: Tx) -> None:
            if _set_state(tx, user_id, AccountState.DISABLED):
                end_sessions(tx, user_id)
                tx.emit(Kind.ACCOUNT_DISABLED, user_id)

        await self._database.write(work)

    async def enable(self, user_id: int) -> None:
        """See AccountStore."""

        def work(tx: Tx) -> None:
            if _set_state(tx, user_id, AccountState.ACTIVE):
                tx.emit(Kind.ACCOUNT_ENABLED, user_id)

        await self._database.write(work)

    async def by_handle(self, handle: str) -> Account | None:
        """See AccountStore."""
        rows = self._rows(_ACCOUNTS + "= ?", handle.lower())
        return _account(rows[0]) if rows else None

    async def accounts(self, after: str, limit: int) -> Sequence[Account]:
        """See AccountStore."""
        rows = self._rows(_ACCOUNTS + "> ? ORDER BY handle_folded LIMIT ?", after, limit)
        return [_account(row) for row in rows]

    def _rows(self, sql: str, *values: str | int) -> list[Row]:
        with self._snapshots.open() as connection:
            return rows_of(connection, sql, values)


def _account(row: Row) -> Account:
    user_id, handle, name, protected, state = row
    return Account(user_id, handle, name, bool(protected), AccountState(state))


def _new_id(tx: Tx, created_ms: int | None) -> int:
    """The account's id, which carries its time; one in the past must not be an id that is minted later."""
    now_id = tx.mint()
    if created_ms is None or created_ms >= ids.time_ms(now_id):
        return now_id
    first, end = ids.first_id_at(created_ms), ids.first_id_at(created_ms + 1)
    last = tx.execute("SELECT max(user_id) FROM users WHERE user_id >= ? AND user_id < ?", (first, end))[0][0]
    user_id = first if last is None else int(last) + 2
    while tx.execute("SELECT 1 FROM users WHERE user_id = ?", (user_id,)):
        user_id += 2
    return user_id


def _require_account(tx: Tx, user_id: int) -> None:
    if not tx.execute("SELECT 1 FROM users WHERE user_id = ? AND state <> 2", (user_id,)):
        raise not_found("account")


def _set_state(tx: Tx, user_id: int, state: AccountState) -> bool:
    """Whether the state is another than before."""
    _require_account(tx, user_id)
    tx.execute("UPDATE users SET state = ?2 WHERE user_id = ?1 AND state <> ?2", (user_id, int(state)))
    return tx.changed() > 0


def _change(tx: Tx, user_id: int, before: Row, changes: Changes) -> bool:
    """Writes what differs and says so: protection has events of its own."""
    name, bio, protected = (
        old if new is UNSET else new
        for old, new in zip(before, (changes.name, changes.bio, changes.protected), strict=True)
    )
    if (name, bio, protected) == before:
        return False
    tx.execute(
        "UPDATE users SET name = ?, bio = ?, protected = ? WHERE user_id = ?", (name, bio, protected, user_id)
    )
    if (name, bio) != before[:2]:
        tx.emit(Kind.ACCOUNT_CHANGED, user_id, actor=user_id)
    if bool(protected) != bool(before[2]):
        kind = Kind.ACCOUNT_PROTECTED if protected else Kind.ACCOUNT_OPENED
        tx.emit(kind, user_id, actor=user_id)
    return True
