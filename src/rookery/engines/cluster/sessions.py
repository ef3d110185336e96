"""Sessions in DynamoDB, and a cache of those that were alive within the last second; never of ended ones.

An account's credentials name the generation of its sessions that live: raising it ends all others at once, however many
there are, but the one that it names as kept. Their rows are then cleared away, some in each transaction.
"""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import NamedTuple

from rookery.core.entities import AccountState
from rookery.core.events import Kind
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number, raw
from rookery.engines.cluster.tables import CREDENTIALS, SESSION_KEYS, SESSIONS, USERS, Item, Placed
from rookery.engines.cluster.tx import ABSENT, Committed, Query, Tx
from rookery.services.accounts.store import Session, wrong_credentials

ALIVE_S = 1.0  # that a session is taken for alive after it was read
CACHED_MAX = 50_000
ENDED_AT_ONCE = 20  # sessions in one transaction: a row, two keys and an event each
SESSIONS_MAX = 10_000  # rows of an account that are looked at

Chosen = Callable[[Sequence[Item]], Sequence[Item]]  # which of the living end, newest first


class _Known(NamedTuple):
    session: Session
    token_hash: bytes
    until_s: float


class ClusterSessions:
    """The SessionStore of this engine."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo
        self._known: dict[bytes, _Known] = {}
        self._hashes: dict[int, bytes] = {}
        self._endings = 0  # in this process: what was being read meanwhile is not kept
        dynamo.on_commit.append(self._forget)

    def recall(self, token_hash: bytes) -> Session | None:
        """See SessionStore."""
        known = self._known.get(token_hash)
        return known.session if known is not None and monotonic() < known.until_s else None

    def recall_id(self, session_id: int) -> Session | None:
        """See SessionStore."""
        return self.recall(self._hashes.get(session_id, b""))

    async def find(self, token_hash: bytes) -> Session | None:
        """See SessionStore."""
        known = self._known.get(token_hash)
        if known is not None:
            return await self._read(known.session.user_id, known.session.session_id)
        return await self._find(by_token(token_hash))

    async def find_id(self, session_id: int) -> Session | None:
        """See SessionStore."""
        known = self._known.get(self._hashes.get(session_id, b""))
        if known is not None:
            return await self._read(known.session.user_id, session_id)
        return await self._find(by_id(session_id))

    async def touch(self, session: Session, used_ms: int) -> None:
        """See SessionStore."""
        user_id, session_id = session.user_id, session.session_id

        async def work(tx: Tx) -> None:
            row = await tx.get(SESSIONS, user_id, session_id)
            if row is not None and number(row, "used_ms") < used_ms:
                before = {"used_ms": row["used_ms"]}
                tx.update(SESSIONS, user_id, session_id, set_to={"used_ms": used_ms}, where=before)

        await self._dynamo.write(work)
        await self._read(user_id, session_id)

    async def start(
        self, user_id: int, token_hash: bytes, *, password_hash: str | None, idle_ms: int, sessions_max: int
    ) -> int:
        """See SessionStore. The surplus ends after the new one stands."""
        now_ms = 0

        async def work(tx: Tx) -> int:
            nonlocal now_ms
            now_ms = tx.now_ms
            generation = await _require_sign_in(tx, user_id, password_hash)
            session_id = tx.mint()
            used: Item = {"created_ms": now_ms, "used_ms": now_ms, "generation": generation}
            for table, row in rows_of(user_id, session_id, token_hash, used):
                tx.put(table, row, where=ABSENT)
            return session_id

        session_id = await self._dynamo.write(work)

        def surplus(living: Sequence[Item]) -> Sequence[Item]:
            others = [one for one in living if one["session_id"] != session_id]
            idle = [one for one in others if number(one, "used_ms") <= now_ms - idle_ms]
            return idle + [one for one in others if one not in idle][sessions_max - 1 :]

        await end_sessions(self._dynamo, user_id, surplus)
        return session_id

    async def of(self, user_id: int) -> Sequence[Session]:
        """See SessionStore."""
        return [_session(row) for row in await living(self._dynamo, user_id)]

    async def end(self, user_id: int, session_id: int) -> None:
        """See SessionStore."""
        await end_sessions(
            self._dynamo, user_id, lambda rows: [one for one in rows if one["session_id"] == session_id]
        )

    async def end_all(self, user_id: int) -> None:
        """See SessionStore."""

        async def work(tx: Tx) -> None:
            end_generation(tx, user_id)
            await end_some(tx, user_id)

        await self._dynamo.write(work)
        await end_sessions(self._dynamo, user_id)

    async def _find(self, session_key: str) -> Session | None:
        place = await self._dynamo.get(SESSION_KEYS, session_key)
        return (
            None if place is None else await self._read(number(place, "user_id"), number(place, "session_id"))
        )

    async def _read(self, user_id: int, session_id: int) -> Session | None:
        """The session as it is now, kept for ALIVE_S from before it was read."""
        asked_s, endings = monotonic(), self._endings
        found = await self._dynamo.get_all(
            {SESSIONS: [(user_id, session_id)], USERS: [(user_id,)], CREDENTIALS: [(user_id,)]}
        )
        row, user = found[SESSIONS].get((user_id, session_id)), found[USERS].get((user_id,))
        active = user is not None and user["state"] == AccountState.ACTIVE
        if row is None or not active or not _lives(row, found[CREDENTIALS].get((user_id,))):
            self._drop(session_id)
            return None
        session = _session(row)
        if endings == self._endings:
            self._keep(_Known(session, raw(row, "token_hash"), asked_s + ALIVE_S))
        return session

    def _keep(self, known: _Known) -> None:
        if len(self._known) >= CACHED_MAX:
            for one in list(self._hashes)[: CACHED_MAX // 10]:
                self._drop(one)
        self._known[known.token_hash] = known
        self._hashes[known.session.session_id] = known.token_hash

    def _drop(self, session_id: int) -> None:
        self._known.pop(self._hashes.pop(session_id, b""), None)

    def _forget(self, done: Committed) -> None:
        for event in done.events:
            if event.kind == Kind.SESSION_ENDED:
                self._endings += 1
                self._drop(event.other)
            elif event.kind in (Kind.ACCOUNT_DISABLED, Kind.ACCOUNT_DELETED):
                self._endings += 1
                for known in [one for one in self._known.values() if one.session.user_id == event.subject]:
                    self._drop(known.session.session_id)


def by_token(token_hash: bytes) -> str:
    """The key under which a session is found by its token's hash."""
    return f"t:{token_hash.hex()}"


def by_id(session_id: int) -> str:
    """The key under which a session is found by its id."""
    return f"i:{session_id}"


def rows_of(user_id: int, session_id: int, token_hash: bytes, used: Item) -> list[Placed]:
    """The rows of a session: its own (`used`: its times and generation), and those under which it is found."""
    place: Item = {"user_id": user_id, "session_id": session_id}
    keys = (by_token(token_hash), by_id(session_id))
    return [
        (SESSIONS, {**place, **used, "token_hash": token_hash}),
        *((SESSION_KEYS, {"session_key": key, **place}) for key in keys),
    ]


async def living(source: Dynamo | Tx, user_id: int) -> list[Item]:
    """The sessions of an account that have not ended, newest first."""
    rows = await _rows(source.query, user_id)
    credentials = await source.get(CREDENTIALS, user_id)
    return [row for row in rows if _lives(row, credentials)]


def end_generation(tx: Tx, user_id: int) -> None:
    """Ends every session of an account."""
    tx.update(CREDENTIALS, user_id, set_to={"kept_session": None}, add={"generation": 1})


async def end_some(tx: Tx, user_id: int, *, keep: int = 0) -> None:
    """Clears away, in the write that ends them, as many sessions as it has room for: `end_sessions` does the rest."""
    rows = [row for row in await _rows(tx.query, user_id) if row["session_id"] != keep]
    for row in rows[:ENDED_AT_ONCE]:
        _end(tx, row)


async def end_sessions(dynamo: Dynamo, user_id: int, chosen: Chosen = lambda living: ()) -> None:
    """Clears away the sessions of an account that have ended, and ends those of the living that are chosen."""

    async def work(tx: Tx) -> int:
        rows = await _rows(tx.query, user_id)
        if not rows:
            return 0
        credentials = await tx.get(CREDENTIALS, user_id)
        alive = [row for row in rows if _lives(row, credentials)]
        ending = [*(row for row in rows if row not in alive), *chosen(alive)]
        for row in ending[:ENDED_AT_ONCE]:
            _end(tx, row)
        return len(ending)

    while await dynamo.write(work) > ENDED_AT_ONCE:
        pass


async def _rows(query: Query, user_id: int) -> list[Item]:
    return await query(SESSIONS, user_id, limit=SESSIONS_MAX)


def _end(tx: Tx, row: Item) -> None:
    user_id, session_id = number(row, "user_id"), number(row, "session_id")
    tx.delete(SESSIONS, user_id, session_id, where={"session_id": session_id})
    tx.delete(SESSION_KEYS, by_token(raw(row, "token_hash")))
    tx.delete(SESSION_KEYS, by_id(session_id))
    tx.emit(Kind.SESSION_ENDED, user_id, session_id, actor=user_id)


def _lives(row: Item, credentials: Item | None) -> bool:
    held = credentials or {}
    return row["generation"] == held.get("generation", 0) or row["session_id"] == held.get("kept_session")


def _session(row: Item) -> Session:
    return Session(*(number(row, name) for name in ("session_id", "user_id", "created_ms", "used_ms")))


async def _require_sign_in(tx: Tx, user_id: int, password_hash: str | None) -> int:
    """The generation that a new session belongs to. The password that was tried may have been changed, or the account
    disabled, since it was read, and until the session stands."""
    found = await tx.get_all({USERS: [(user_id,)], CREDENTIALS: [(user_id,)]})
    user, held = found[USERS].get((user_id,)), found[CREDENTIALS].get((user_id,), {})
    if user is None or user["state"] != AccountState.ACTIVE:
        raise wrong_credentials()
    if password_hash is not None and held.get("password_hash") != password_hash:
        raise wrong_credentials()
    tx.check(USERS, user_id, where={"state": int(AccountState.ACTIVE)})
    same = {name: held.get(name) for name in ("generation", "password_hash")}
    tx.check(CREDENTIALS, user_id, where=same)
    return number(held, "generation")
