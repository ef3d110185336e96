"""Sessions in core.db, and an exact cache of the live ones: what ends a session, in any process, is an event."""

from collections.abc import Sequence

import apsw

from rookery.core.entities import AccountState
from rookery.core.events import Event, Kind
from rookery.engines.embedded.connections import rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.snapshots import Snapshots
from rookery.services.accounts.store import Session, wrong_credentials

CACHED_MAX = 50_000

_LIVE = """
SELECT s.session_id, s.user_id, s.created_ms, s.used_ms, s.token_hash FROM sessions s JOIN users u USING (user_id)
WHERE u.state = 0 AND """


class EmbeddedSessions:
    """The SessionStore of this engine."""

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        self._database = database
        self._snapshots = snapshots
        self._by_hash: dict[bytes, Session] = {}
        self._hashes: dict[int, bytes] = {}
        snapshots.on_event.append(self._forget)
        snapshots.on_lost.append(self._forget_all)

    def recall(self, token_hash: bytes) -> Session | None:
        """See SessionStore."""
        self._snapshots.freshen()
        return self._by_hash.get(token_hash)

    def recall_id(self, session_id: int) -> Session | None:
        """See SessionStore."""
        self._snapshots.freshen()
        return self._by_hash.get(self._hashes.get(session_id, b""))

    async def find(self, token_hash: bytes) -> Session | None:
        """See SessionStore."""
        with self._snapshots.open() as connection:
            return self._read(connection, "s.token_hash = ?", token_hash)

    async def find_id(self, session_id: int) -> Session | None:
        """See SessionStore."""
        with self._snapshots.open() as connection:
            return self._read(connection, "s.session_id = ?", session_id)

    async def touch(self, session: Session, used_ms: int) -> None:
        """See SessionStore."""
        await self._database.write(
            lambda tx: tx.execute(
                "UPDATE sessions SET used_ms = max(used_ms, ?) WHERE session_id = ?",
                (used_ms, session.session_id),
            )
        )
        with self._snapshots.open() as connection:
            self._read(connection, "s.session_id = ?", session.session_id)

    async def start(
        self, user_id: int, token_hash: bytes, *, password_hash: str | None, idle_ms: int, sessions_max: int
    ) -> int:
        """See SessionStore."""

        def work(tx: Tx) -> int:
            _require_sign_in(tx, user_id, password_hash)
            _end_surplus(tx, user_id, tx.now_ms - idle_ms, sessions_max - 1)
            session_id = tx.mint()
            tx.execute(
                "INSERT INTO sessions VALUES (?,?,?,?,?)",
                (session_id, user_id, token_hash, tx.now_ms, tx.now_ms),
            )
            return session_id

        return await self._database.write(work)

    async def of(self, user_id: int) -> Sequence[Session]:
        """See SessionStore."""
        with self._snapshots.open() as connection:
            rows = rows_of(
                connection,
                "SELECT session_id, user_id, created_ms, used_ms FROM sessions WHERE user_id = ? "
                "ORDER BY session_id DESC",
                (user_id,),
            )
        return [Session(*row) for row in rows]

    async def end(self, user_id: int, session_id: int) -> None:
        """See SessionStore."""
        await self._database.write(lambda tx: _end(tx, user_id, "session_id = ?2", session_id))

    async def end_all(self, user_id: int) -> None:
        """See SessionStore."""
        await self._database.write(lambda tx: end_sessions(tx, user_id))

    def _read(self, connection: apsw.Connection, condition: str, value: bytes | int) -> Session | None:
        rows = rows_of(connection, _LIVE + condition, (value,))
        if not rows:
            return None
        *fields, token_hash = rows[0]
        session = Session(*fields)
        if len(self._by_hash) >= CACHED_MAX:
            for one in list(self._by_hash)[: CACHED_MAX // 10]:
                del self._hashes[self._by_hash.pop(one).session_id]
        self._by_hash[token_hash] = session
        self._hashes[session.session_id] = token_hash
        return session

    def _forget(self, event: Event) -> None:
        if event.kind == Kind.SESSION_ENDED:
            self._by_hash.pop(self._hashes.pop(event.other, b""), None)
        elif event.kind in (Kind.ACCOUNT_DISABLED, Kind.ACCOUNT_DELETED):
            for one in [one for one in self._by_hash.values() if one.user_id == event.subject]:
                self._by_hash.pop(self._hashes.pop(one.session_id))

    def _forget_all(self) -> None:
        self._by_hash.clear()
        self._hashes.clear()


def end_sessions(tx: Tx, user_id: int, *, keep: int = 0) -> None:
    """Ends every session of an account but one."""
    _end(tx, user_id, "session_id <> ?2", keep)


def _end_surplus(tx: Tx, user_id: int, idle_since_ms: int, kept_max: int) -> None:
    _end(tx, user_id, "used_ms <= ?2", idle_since_ms)
    newest = "SELECT session_id FROM sessions WHERE user_id = ?1 ORDER BY session_id DESC LIMIT ?2"
    _end(tx, user_id, f"session_id NOT IN ({newest})", kept_max)


def _end(tx: Tx, user_id: int, condition: str, value: int) -> None:
    """Ends the sessions of an account (?1 in the condition) for which the condition holds (?2 is `value`)."""
    sql = f"DELETE FROM sessions WHERE user_id = ?1 AND {condition} RETURNING session_id"  # noqa: S608 - no input
    for (session_id,) in tx.execute(sql, (user_id, value)):
        tx.emit(Kind.SESSION_ENDED, user_id, session_id, actor=user_id)


def _require_sign_in(tx: Tx, user_id: int, password_hash: str | None) -> None:
    """The password that was tried may have been changed, or the account disabled, since it was read."""
    rows = tx.execute(
        "SELECT u.state, c.password_hash FROM users u LEFT JOIN credentials c USING (user_id) WHERE u.user_id = ?",
        (user_id,),
    )
    state, stored = rows[0] if rows else (AccountState.DELETED, None)
    if state != AccountState.ACTIVE or (password_hash is not None and stored != password_hash):
        raise wrong_credentials()
