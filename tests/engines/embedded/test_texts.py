"""Ids of the past in core.db."""

from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.texts import TWEETS, dated_id


async def test_loading_into_this_millisecond_never_meets_a_new_tweet(database: Database) -> None:
    """An id dated to the present moves the clock of ids, so that no new tweet gets it."""

    def work(tx: Tx) -> tuple[int, int]:
        return dated_id(tx, TWEETS, tx.now_ms), tx.mint()

    dated, minted = await database.write(work)
    assert dated < minted
