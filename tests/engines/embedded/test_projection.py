"""Projections: every event has its effect exactly once, and what cannot be continued is made anew."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from rookery.core.events import Event
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.projection import Projector, forget, offsets, step
from tests.engines.embedded.marks import PROJECT, make_table, mark
from tests.serving import until


class Ledger:
    """A projection into feed.db that writes down each event; `stumbles_at` makes one fail, once."""

    name = "feed"

    def __init__(self, stumbles_at: int = 0) -> None:
        self.rebuilt = 0
        self._left = stumbles_at

    def apply(self, connection: apsw.Connection, event: Event) -> int:
        """Writes it down."""
        connection.execute("INSERT INTO ledger (event_id) VALUES (?)", (event.event_id,))
        self._left -= 1
        if self._left == 0:
            raise OSError("stumbled")
        return 4_000  # five of them end a batch

    def rebuild(self, connection: apsw.Connection) -> None:
        """Copies the outbox."""
        self.rebuilt += 1
        connection.execute("DELETE FROM ledger")
        connection.execute("INSERT INTO ledger (event_id) SELECT event_id FROM core.outbox ORDER BY event_id")

    def tidy(self, connection: apsw.Connection, rows: int) -> None:
        """Nothing to do."""

    def rest(self, connection: apsw.Connection) -> bool:
        """Nothing to do."""
        return False


@pytest.fixture(autouse=True)
def ledger(files: Files) -> apsw.Connection:
    """The ledger's database, with the truth attached."""
    make_table(files)
    return open_ledger(files)


def open_ledger(files: Files) -> apsw.Connection:
    """A connection that a projector of the ledger would have."""
    connection = files.connect("feed", attach=["core"])
    connection.execute(
        "CREATE TABLE IF NOT EXISTS main.ledger (place INTEGER PRIMARY KEY AUTOINCREMENT, event_id INTEGER NOT NULL)"
    )
    return connection


def written(connection: apsw.Connection) -> list[int]:
    """The ledger."""
    return [row[0] for row in rows_of(connection, "SELECT event_id FROM main.ledger ORDER BY place")]


def happened(connection: apsw.Connection) -> list[int]:
    """The outbox."""
    return [row[0] for row in rows_of(connection, "SELECT event_id FROM core.outbox ORDER BY event_id")]


async def test_a_fault_between_events_takes_the_whole_batch_back(
    ledger: apsw.Connection, database: Database
) -> None:
    """Where the seventh event fails, its batch leaves nothing; the next attempt writes every event once, in order."""
    projection = Ledger(stumbles_at=7)
    assert step(ledger, projection)  # made for the first time
    for _ in range(12):
        await database.write(mark)

    assert step(ledger, projection)
    with pytest.raises(OSError, match="stumbled"):
        step(ledger, projection)
    ledger.execute("ROLLBACK")

    assert happened(ledger)[:5] == written(ledger)
    while step(ledger, projection):
        pass
    assert happened(ledger) == written(ledger)
    assert 1 == projection.rebuilt


def test_killed_projectors_write_every_event_exactly_once(files: Files, ledger: apsw.Connection) -> None:
    """Projecting processes are killed again and again while events come: none is lost and none comes twice."""
    code = "from tests.engines.embedded import test_projection as t; t.project_and_write(t.sys.argv[1])"
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(files.folder)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline()
        time.sleep(0.05)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    projection = Ledger()
    while step(ledger, projection):
        pass

    assert 0 == projection.rebuilt
    assert len(happened(ledger)) > 100
    assert happened(ledger) == written(ledger)


def project_and_write(folder: str) -> None:
    """What the killed processes do."""

    async def write_on() -> None:
        files = Files(Path(folder), b"k" * 32)
        database, projector = Database(files), Projector(files, Ledger())
        database.on_commit.append(projector.wake)
        projector.start()
        await asyncio.gather(*(database.write(mark) for _ in range(20)))
        print("begun", flush=True)
        while True:
            await asyncio.gather(*(database.write(mark) for _ in range(20)))

    asyncio.run(write_on())


async def test_only_one_projects_and_another_takes_over(files: Files, database: Database) -> None:
    """Of two projectors one holds the lock; when it closes the other goes on."""
    projectors = [Projector(files, Ledger()) for _ in range(2)]
    for projector in projectors:
        projector.start()
    await _until(lambda: any(one.holds for one in projectors))
    first, second = sorted(projectors, key=lambda one: not one.holds)
    assert (True, False) == (first.holds, second.holds)
    first.close()
    last = await database.write(mark)
    await _until(lambda: (offsets(files, ["feed"])["feed"] or 0) > last)

    assert second.holds
    second.close()


async def _until(holds: Callable[[], bool]) -> None:
    async def asked() -> bool:
        return holds()

    await until(asked)


def _of_another_epoch(tx: Tx) -> None:
    tx.execute("UPDATE meta SET value = value + 1 WHERE name = 'epoch'")


def _behind_itself(tx: Tx) -> None:
    tx.execute("DELETE FROM outbox")
    tx.execute("UPDATE meta SET value = 1 WHERE name = 'last_id'")


def _trimmed_unseen(tx: Tx) -> None:
    mark(tx)
    tx.execute("DELETE FROM outbox")
    tx.execute("UPDATE meta SET value = ? WHERE name = 'outbox_trimmed'", (tx.last_id,))


@pytest.mark.parametrize("changed", [_of_another_epoch, _behind_itself, _trimmed_unseen])
async def test_what_cannot_be_continued_is_made_anew(
    ledger: apsw.Connection, database: Database, changed: Callable[[Tx], None]
) -> None:
    """A truth of another epoch, an older one, or one whose events left unseen: one rebuild, and then events again."""
    projection = Ledger()
    step(ledger, projection)
    await database.write(mark)
    step(ledger, projection)
    await database.write(changed)

    assert step(ledger, projection)
    assert 2 == projection.rebuilt
    await database.write(mark)
    assert step(ledger, projection)
    assert happened(ledger) == written(ledger)
    assert 2 == projection.rebuilt


async def test_a_lost_or_forgotten_file_is_made_anew(files: Files, database: Database) -> None:
    """Without its file, or its offset, a projection begins with a rebuild."""
    await database.write(mark)
    projection = Ledger()
    files.path("feed").unlink()
    files.migrate("feed")
    connection = open_ledger(files)
    step(connection, projection)
    assert happened(connection) == written(connection)

    forget(files, "feed")
    assert {"feed": None} == offsets(files, ["feed"])
    step(connection, projection)

    assert 2 == projection.rebuilt
    assert happened(connection) == written(connection)
    connection.close()
