"""What waits on the event loop ends when it is cancelled, also in the moment in which it is woken."""

import asyncio
from pathlib import Path

import pytest

from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.database import Database
from rookery.engines.embedded.news import News
from rookery.engines.embedded.snapshots import Snapshots
from rookery.engines.embedded.upkeep import UpkeepRunner
from tests.serving import PATIENCE_S

TURNS = range(6)  # of the event loop between the wake-up and the cancellation


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A folder that was just made."""
    made = Files(tmp_path, b"k" * 32)
    for name in ("core", "feed", "search"):
        made.migrate(name)
    return made


@pytest.mark.parametrize("turns", TURNS)
async def test_who_waits_for_news_can_be_cancelled(files: Files, turns: int) -> None:
    """A live stream that ends while news come is not left waiting for the next ones."""
    snapshots = Snapshots(files)
    news = News(snapshots)
    waiting = asyncio.ensure_future(news.wait(60))
    await asyncio.sleep(0)
    await news.close()
    for _ in range(turns):
        await asyncio.sleep(0)
    if waiting.cancel():
        with pytest.raises(asyncio.CancelledError):
            await waiting
    snapshots.close()


@pytest.mark.parametrize("turns", TURNS)
async def test_upkeep_ends_while_it_is_woken(files: Files, turns: int) -> None:
    """A write in the last moment does not keep the process from ending."""
    snapshots, database = Snapshots(files), Database(files)
    upkeep = UpkeepRunner(files, database, snapshots, [], outbox_keep_ms=60_000)
    upkeep.start()
    await asyncio.sleep(0.3)  # it waits
    upkeep.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    ended, _ = await asyncio.wait([asyncio.ensure_future(upkeep.close())], timeout=PATIENCE_S)
    assert ended
    database.close()
    snapshots.close()
