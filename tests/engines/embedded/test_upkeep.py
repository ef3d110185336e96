"""What upkeep lets go."""

from collections.abc import Iterator

import pytest

from rookery.core.events import Kind
from rookery.core.ids import first_id_at
from rookery.engines.embedded.admission import KEY_KEPT_MS
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.snapshots import Snapshots
from rookery.engines.embedded.upkeep import AGED_MAX, UpkeepRunner
from tests.serving import until

HOUR_MS = 3_600_000


@pytest.fixture
def snapshots(files: Files) -> Iterator[Snapshots]:
    """A reader of that folder."""
    opened = Snapshots(files)
    yield opened
    opened.close()


async def test_keys_and_windows_leave_when_their_time_is_over(
    files: Files, database: Database, snapshots: Snapshots
) -> None:
    """Idempotency keys go after 24 hours and rate windows at their end, however many there are; no event goes that a
    projector still needs."""

    def fill(tx: Tx) -> None:
        old, fresh = tx.now_ms - KEY_KEPT_MS - HOUR_MS, tx.now_ms - KEY_KEPT_MS + HOUR_MS
        tx.emit(Kind.ACCOUNT_CREATED, first_id_at(old), actor=first_id_at(old))
        for number in range(2 * AGED_MAX + 5):
            at_ms = fresh if number < 5 else old
            tx.execute("INSERT INTO idempotency_keys VALUES (1, ?, x'00', 1, ?)", (str(number), at_ms))
            ends_ms = tx.now_ms + (HOUR_MS if number < 5 else -1)
            tx.execute("INSERT INTO rate_windows VALUES ('tweets', ?, 0, ?, 1)", (str(number), ends_ms))

    async def done() -> bool:
        with snapshots.open() as connection:
            tables = ("idempotency_keys", "rate_windows", "outbox")
            left = [rows_of(connection, f"SELECT count(*) FROM {table}")[0][0] for table in tables]
            return left == [5, 5, 1]

    await database.write(fill)
    upkeep = UpkeepRunner(files, database, snapshots, [], outbox_keep_ms=0)
    upkeep.start()
    await until(done)
    await upkeep.close()
    assert await done()
