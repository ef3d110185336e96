"""The power fails while people write."""

import asyncio
import random
from pathlib import Path

import pytest

from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.database import Database, Tx
from tests.faults.disks import PowerDisk
from tests.serving import until

KEY = b"k" * 32
CUTS = 12
WRITERS = 16


async def _acknowledged_then_cut(folder: Path, synchronous: str, seed: int) -> list[int]:
    """How many acknowledged writes each of CUTS failures of the power loses."""
    (folder / "data").mkdir()
    disk, random_of = PowerDisk(), random.Random(seed)
    files = Files(folder / "data", KEY, synchronous=synchronous, vfs=disk.vfs)
    files.migrate("core")
    database = Database(files)
    acknowledged: set[int] = set()
    ended = False

    async def write_on() -> None:
        while not ended:
            acknowledged.add(await database.write(_row))

    async def reached(goal: int) -> bool:
        return len(acknowledged) >= goal

    checkpointer = files.connect("core")
    writers = [asyncio.create_task(write_on()) for _ in range(WRITERS)]
    lost = []
    for cut in range(CUTS):
        goal = len(acknowledged) + WRITERS
        await until(lambda goal=goal: reached(goal))  # type: ignore[misc]
        await asyncio.sleep(random_of.uniform(0, 0.06))
        if cut % 3 == 1:  # from here on the log is written from its beginning again
            rows_of(checkpointer, "PRAGMA wal_checkpoint(RESTART)")
            await asyncio.sleep(random_of.uniform(0, 0.02))
        told, survive = set(acknowledged), random_of.choice((0.0, 0.5))
        image = folder / f"after-{cut}"
        disk.image(files.folder, image, lambda survive=survive: random_of.random() < survive)  # type: ignore[misc]
        lost.append(len(told - _kept(image)))
    ended = True
    await asyncio.gather(*writers)
    database.close()
    checkpointer.close()
    assert len(acknowledged) > 100
    return lost


def _row(tx: Tx) -> int:
    one = tx.mint()
    tx.execute("INSERT INTO loaded_rows VALUES (?, ?)", (b"%d" % one, one))
    return one


def _kept(image: Path) -> set[int]:
    connection = Files(image, KEY).connect("core")
    try:
        assert [("ok",)] == rows_of(connection, "PRAGMA integrity_check")
        return {row[0] for row in rows_of(connection, "SELECT tweet_id FROM loaded_rows")}
    finally:
        connection.close()


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_failure_of_the_power_loses_nothing_acknowledged(tmp_path: Path, seed: int) -> None:
    """Whatever a disk did with writes that no sync followed, every write that was answered is there afterwards."""
    assert [0] * CUTS == await _acknowledged_then_cut(tmp_path, "FULL", seed)


async def test_without_full_syncs_the_same_failure_loses_writes(tmp_path: Path) -> None:
    """The test above can fail: with synchronous=NORMAL the same cuts lose acknowledged writes."""
    assert sum(await _acknowledged_then_cut(tmp_path, "NORMAL", 1)) > 0
