"""Reading on the loop: what a snapshot holds, and the news that it brings."""

import subprocess

import pytest

from rookery.core.events import Event
from rookery.engines.embedded import snapshots as reading
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.snapshots import Snapshots
from tests.engines.embedded.marks import PROJECT, command, make_table, mark


class Listener:
    """What a snapshot told."""

    def __init__(self, files: Files) -> None:
        self.snapshots = Snapshots(files)
        self.events: list[Event] = []
        self.lost = 0
        self.snapshots.on_event.append(self.events.append)
        self.snapshots.on_lost.append(self._lose)

    def _lose(self) -> None:
        self.lost += 1

    def subjects(self) -> list[int]:
        """The subjects of the news so far, and of what a look brings."""
        self.snapshots.look()
        return [event.subject for event in self.events]


def test_another_process_write_is_in_the_next_snapshot(files: Files) -> None:
    """A snapshot opened after another process's answer holds the write, and names each event once, in order."""
    make_table(files)
    listener = Listener(files)
    for _ in range(3):
        printed = subprocess.run(
            command(files.folder, 5, 1), cwd=PROJECT, capture_output=True, text=True, check=True
        ).stdout
        acknowledged = [int(line) for line in printed.split()]
        with listener.snapshots.open() as connection:
            assert acknowledged == [row[0] for row in rows_of(connection, "SELECT id FROM marks")][-5:]
        assert acknowledged == listener.subjects()[-5:]
    assert 15 == len(listener.events)
    assert 0 == listener.lost
    listener.snapshots.close()


async def test_what_happened_before_the_first_snapshot_is_no_news(files: Files, database: Database) -> None:
    """Caches begin empty, so only later events are told."""
    make_table(files)
    await database.write(mark)
    listener = Listener(files)
    later = await database.write(mark)

    assert [later] == listener.subjects()
    listener.snapshots.close()


async def test_a_snapshot_stays_as_it_was(files: Files, database: Database) -> None:
    """A write during a snapshot shows in the next one only."""
    make_table(files)
    listener = Listener(files)
    with listener.snapshots.open() as connection:
        await database.write(mark)
        assert [] == rows_of(connection, "SELECT id FROM marks")
    assert 1 == len(listener.subjects())
    listener.snapshots.close()


def _trim(tx: Tx) -> None:
    last = tx.execute("SELECT max(event_id) FROM outbox")[0][0]
    tx.execute("DELETE FROM outbox")
    tx.execute("UPDATE meta SET value = ? WHERE name = 'outbox_trimmed'", (last,))


async def test_news_that_were_trimmed_drop_the_caches(files: Files, database: Database) -> None:
    """Where events left the outbox unseen the caches are told to drop everything, once; later events are told again."""
    make_table(files)
    listener = Listener(files)
    await database.write(mark)
    await database.write(_trim)

    assert [] == listener.subjects()
    assert 1 == listener.lost
    later = await database.write(mark)
    assert [later] == listener.subjects()
    assert 1 == listener.lost
    listener.snapshots.close()


async def test_news_that_were_seen_may_be_trimmed(files: Files, database: Database) -> None:
    """Trimming what was taken in already loses nothing."""
    make_table(files)
    listener = Listener(files)
    seen = await database.write(mark)
    listener.snapshots.look()
    await database.write(_trim)

    assert [seen] == listener.subjects()
    assert 0 == listener.lost
    listener.snapshots.close()


async def test_more_news_than_worth_reading_drop_the_caches(
    files: Files, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a flood the caches are dropped whole instead of event by event."""
    monkeypatch.setattr(reading, "NEWS_MAX", 5)
    make_table(files)
    listener = Listener(files)
    for _ in range(6):
        await database.write(mark)

    assert [] == listener.subjects()
    assert 1 == listener.lost
    later = await database.write(mark)
    assert [later] == listener.subjects()
    listener.snapshots.close()


async def test_a_fault_while_reading_the_news_loses_none(files: Files, database: Database) -> None:
    """An event that a listener failed on is told again at the next look."""
    make_table(files)
    listener = Listener(files)
    listener.snapshots.on_event.insert(0, _Stumbling())
    one = await database.write(mark)

    with pytest.raises(OSError, match="once"):
        listener.snapshots.look()
    assert [one] == listener.subjects()
    listener.snapshots.close()


class _Stumbling:
    def __init__(self) -> None:
        self._stumbled = False

    def __call__(self, event: Event) -> None:
        if not self._stumbled:
            self._stumbled = True
            raise OSError("once")
