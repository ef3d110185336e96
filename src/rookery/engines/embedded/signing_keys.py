"""The keys that sign JWTs, in core.db."""

from collections.abc import Sequence

from rookery.engines.embedded.connections import rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.snapshots import Snapshots
from rookery.services.accounts.store import SigningKey


class EmbeddedKeys:
    """The KeyStore of this engine."""

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        self._database = database
        self._snapshots = snapshots

    async def keys(self) -> Sequence[SigningKey]:
        """See KeyStore."""
        with self._snapshots.open() as connection:
            rows = rows_of(
                connection,
                "SELECT key_id, private_jwk, created_ms FROM signing_keys ORDER BY created_ms DESC, key_id",
            )
        return [SigningKey(*row) for row in rows]

    async def add(self, key: SigningKey, *, replaces_before_ms: int, drop_before_ms: int) -> None:
        """See KeyStore."""

        def work(tx: Tx) -> None:
            tx.execute("DELETE FROM signing_keys WHERE created_ms < ?", (drop_before_ms,))
            if not tx.execute("SELECT 1 FROM signing_keys WHERE created_ms >= ?", (replaces_before_ms,)):
                tx.execute(
                    "INSERT INTO signing_keys VALUES (?,?,?)", (key.key_id, key.private_jwk, key.created_ms)
                )

        await self._database.write(work)
