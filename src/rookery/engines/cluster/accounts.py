"""Accounts and their passwords in DynamoDB."""

import asyncio
import secrets
from collections.abc import Sequence

from msgspec import UnsetType

from rookery.core import ids
from rookery.core.entities import AccountState
from rookery.core.errors import not_found
from rookery.core.events import Kind
from rookery.core.limits import Ticket
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number
from rookery.engines.cluster.sessions import end_generation, end_sessions, end_some
from rookery.engines.cluster.tables import CREDENTIALS, HANDLES, REQUESTS_TO, USERS, Item, Placed, Value
from rookery.engines.cluster.tx import ABSENT, Tx
from rookery.services.accounts.store import (
    Account,
    Changes,
    Credentials,
    NewAccount,
    handle_taken,
    wrong_credentials,
)

FOLLOW_UP_WAIT_S = 0.4
FOLLOW_UP_STEP_S = 0.02
_ID_BITS = 15  # of an id that are free within a millisecond, beside the bit of its table


class ClusterAccounts:
    """The AccountStore of this engine."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    async def handle_taken(self, handle: str) -> bool:
        """See AccountStore."""
        return await self._dynamo.get(HANDLES, handle.lower()) is not None

    async def create(self, new: NewAccount, password_hash: str | None, ticket: Ticket) -> int:
        """See AccountStore."""

        folded = new.handle.lower()

        async def work(tx: Tx) -> int:
            if await tx.get(HANDLES, folded) is not None:
                raise handle_taken()
            user_id = _new_id(tx, new.created_ms)
            user: Item = {"handle": new.handle, "name": new.name, "bio": new.bio, "protected": new.protected}
            user["state"] = int(AccountState.ACTIVE)
            for table, row in rows_of(user_id, folded, user, password_hash):
                tx.put(table, row, where=ABSENT, refused=handle_taken() if table is HANDLES else None)
            tx.emit(Kind.ACCOUNT_CREATED, user_id, actor=user_id)
            return user_id

        return await self._dynamo.write(work, ticket, ahead={HANDLES: [(folded,)]})

    async def credentials(self, handle: str) -> Credentials | None:
        """See AccountStore."""
        row = await self._dynamo.get(HANDLES, handle.lower())
        return None if row is None else await self.credentials_of(number(row, "user_id"))

    async def credentials_of(self, user_id: int) -> Credentials | None:
        """See AccountStore."""
        found = await self._dynamo.get_all({USERS: [(user_id,)], CREDENTIALS: [(user_id,)]})
        user, held = found[USERS].get((user_id,)), found[CREDENTIALS].get((user_id,), {})
        if user is None or user["state"] != AccountState.ACTIVE:
            return None
        password_hash = held.get("password_hash")
        return Credentials(
            user_id, str(user["handle"]), None if password_hash is None else str(password_hash)
        )

    async def set_password(
        self, user_id: int, password_hash: str, *, replaces: str | None = None, keep_session: int = 0
    ) -> None:
        """See AccountStore."""

        async def work(tx: Tx) -> None:
            user = await _require_account(tx, user_id)
            stored = (await tx.get(CREDENTIALS, user_id) or {}).get("password_hash")
            if replaces is not None and stored != replaces:
                raise wrong_credentials()
            tx.check(USERS, user_id, where={"state": user["state"]})
            tx.update(
                CREDENTIALS,
                user_id,
                set_to={"password_hash": password_hash, "kept_session": keep_session or None},
                add={"generation": 1},
                where={"password_hash": stored},
            )
            await end_some(tx, user_id, keep=keep_session)

        await self._dynamo.write(work)
        await end_sessions(self._dynamo, user_id)

    async def rehash(self, user_id: int, replaces: str, password_hash: str) -> None:
        """See AccountStore."""

        async def work(tx: Tx) -> None:
            before = {"password_hash": replaces}
            if (await tx.get(CREDENTIALS, user_id) or {}).get("password_hash") == replaces:
                tx.update(CREDENTIALS, user_id, set_to={"password_hash": password_hash}, where=before)

        await self._dynamo.write(work)

    async def update(self, user_id: int, changes: Changes, ticket: Ticket) -> None:
        """See AccountStore."""
        event_id = 0

        async def work(tx: Tx) -> int | None:
            nonlocal event_id
            event_id = 0
            user = await tx.get(USERS, user_id)
            if user is None or user["state"] != AccountState.ACTIVE:
                raise not_found("account")
            if not _change(tx, user, changes):
                return None
            event_id = tx.events[-1].event_id
            return user_id

        await self._dynamo.write(work, ticket, ahead={USERS: [(user_id,)]})
        if event_id and changes.protected is False:
            await self._followed_up(user_id, event_id)

    async def _followed_up(self, user_id: int, event_id: int) -> None:
        """Waits until what follows from opening an account was done: the waiting requests are accepted. Who opens the
        account sees that at once, and where it takes longer than FOLLOW_UP_WAIT_S it is done later."""
        clock = asyncio.get_running_loop().time
        ends_at = clock() + FOLLOW_UP_WAIT_S
        while clock() < ends_at:
            if not await self._dynamo.query(REQUESTS_TO, str(user_id), below=event_id, limit=1):
                return
            await asyncio.sleep(FOLLOW_UP_STEP_S)

    async def erase(self, user_id: int) -> None:
        """See AccountStore."""

        async def work(tx: Tx) -> None:
            user = await _require_account(tx, user_id)
            gone: dict[str, Value | None] = {"handle": "", "name": "", "bio": ""}
            gone["state"] = int(AccountState.DELETED)
            tx.update(USERS, user_id, set_to=gone, add={"rev": 1}, where={"state": user["state"]})
            tx.delete(CREDENTIALS, user_id)
            await end_some(tx, user_id)
            tx.hide()
            tx.emit(Kind.ACCOUNT_DELETED, user_id, actor=user_id)

        await self._dynamo.write(work)
        await end_sessions(self._dynamo, user_id, lambda living: living)

    async def disable(self, user_id: int) -> None:
        """See AccountStore."""

        async def work(tx: Tx) -> None:
            if await _set_state(tx, user_id, AccountState.DISABLED):
                end_generation(tx, user_id)
                await end_some(tx, user_id)
                tx.hide()
                tx.emit(Kind.ACCOUNT_DISABLED, user_id)

        await self._dynamo.write(work)
        await end_sessions(self._dynamo, user_id)

    async def enable(self, user_id: int) -> None:
        """See AccountStore."""

        async def work(tx: Tx) -> None:
            if await _set_state(tx, user_id, AccountState.ACTIVE):
                tx.emit(Kind.ACCOUNT_ENABLED, user_id)

        await self._dynamo.write(work)

    async def by_handle(self, handle: str) -> Account | None:
        """See AccountStore."""
        row = await self._dynamo.get(HANDLES, handle.lower())
        return None if row is None else next(iter(await self._accounts([row])), None)

    async def accounts(self, after: str, limit: int) -> Sequence[Account]:
        """See AccountStore. The whole list of handles is read: it is for the operator alone."""
        rows = [row async for row in self._dynamo.scan(HANDLES) if str(row["handle"]) > after]
        rows.sort(key=lambda row: str(row["handle"]))
        found: list[Account] = []
        while rows and len(found) < limit:
            found += await self._accounts(rows[:limit])
            del rows[:limit]
        return found[:limit]

    async def _accounts(self, handles: Sequence[Item]) -> list[Account]:
        """The accounts of rows of HANDLES that are not deleted."""
        keys = [(row["user_id"],) for row in handles]
        users = (await self._dynamo.get_all({USERS: keys}))[USERS]
        found = (users[key] for key in keys if key in users)
        return [_account(user) for user in found if user["state"] != AccountState.DELETED]


def rows_of(user_id: int, folded: str, user: Item, password_hash: str | None) -> list[Placed]:
    """The rows of an account: its handle's (`folded`: lower-case), its own (`user`, but for the id), its password's."""
    rows: list[Placed] = [
        (HANDLES, {"handle": folded, "user_id": user_id}),
        (USERS, {"user_id": user_id, **user}),
    ]
    if password_hash is not None:
        rows.append((CREDENTIALS, {"user_id": user_id, "password_hash": password_hash}))
    return rows


def _account(user: Item) -> Account:
    return Account(
        number(user, "user_id"),
        str(user["handle"]),
        str(user["name"]),
        bool(user["protected"]),
        AccountState(number(user, "state")),
    )


def _new_id(tx: Tx, created_ms: int | None) -> int:
    """The account's id, which carries its time; one that is taken is drawn again."""
    now_id = tx.mint()
    if created_ms is None or created_ms >= ids.time_ms(now_id):
        return now_id
    return ids.first_id_at(created_ms) | secrets.randbits(_ID_BITS) << 1


async def _require_account(tx: Tx, user_id: int) -> Item:
    user = await tx.get(USERS, user_id)
    if user is None or user["state"] == AccountState.DELETED:
        raise not_found("account")
    return user


async def _set_state(tx: Tx, user_id: int, state: AccountState) -> bool:
    """Whether the state is another than before."""
    user = await _require_account(tx, user_id)
    if user["state"] == state:
        return False
    tx.update(USERS, user_id, set_to={"state": int(state)}, add={"rev": 1}, where={"state": user["state"]})
    return True


def _change(tx: Tx, user: Item, changes: Changes) -> bool:
    """Writes what differs and says so: protection has events of its own."""
    user_id = number(user, "user_id")
    given = {"name": changes.name, "bio": changes.bio, "protected": changes.protected}
    now = {name: new for name, new in given.items() if not isinstance(new, UnsetType) and new != user[name]}
    if not now:
        return False
    before = {name: user[name] for name in (*given, "state")}
    tx.update(USERS, user_id, set_to=now, add={"rev": 1}, where=before)
    if "name" in now or "bio" in now:
        tx.emit(Kind.ACCOUNT_CHANGED, user_id, actor=user_id)
    if now.get("protected"):
        tx.hide()
    if "protected" in now:
        kind = Kind.ACCOUNT_PROTECTED if now["protected"] else Kind.ACCOUNT_OPENED
        tx.emit(kind, user_id, actor=user_id)
    return True
