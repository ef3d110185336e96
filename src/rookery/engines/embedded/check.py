"""`rookery check`: the counters, the feeds and the index against the truth, all of one moment.

The moment: writers wait for some milliseconds while the projections take in the last events, and a read transaction is
opened on every file. Then they go on, and the comparison reads what stood then.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import apsw

from rookery.core.ids import ID_MAX
from rookery.engines.embedded import search_check
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.recount import COUNTERS, INVARIANTS
from rookery.engines.embedded.turns import WriteLock
from rookery.engines.embedded.upkeep import KINDS
from rookery.engines.findings import LISTED_MAX, Findings

HOLD_S_MAX = 0.5  # how long writers wait at most for the projections to come to the end
LOOK_EVERY_S = 0.005
REST_S = 0.2  # between two attempts: writers get on
FEEDS_PER_PART = 5_000

_HEADERS = """
SELECT viewer_id, floor FROM main.headers WHERE viewer_id > ? AND floor < ? ORDER BY viewer_id LIMIT ?"""
# Readers merge what celebrities wrote, so a feed may lack it; one's own is never merged.
_ABSENT = """
SELECT tweet_id, original_id FROM core.tweets WHERE owner_id = ?1 AND deleted = 0 AND tweet_id >= ?2
UNION ALL SELECT reply_id, 0 FROM core.replies WHERE owner_id = ?1 AND deleted = 0 AND reply_id >= ?2
UNION ALL SELECT t.tweet_id, t.original_id FROM core.edges e LEFT JOIN core.follow_counts f ON f.user_id = e.other_id
  JOIN core.tweets t ON t.owner_id = e.other_id AND t.deleted = 0 AND t.tweet_id >= ?2
  WHERE e.viewer_id = ?1 AND e.follow_id IS NOT NULL AND f.celebrity_ms IS NULL
UNION ALL SELECT r.reply_id, 0 FROM core.edges e LEFT JOIN core.follow_counts f ON f.user_id = e.other_id
  JOIN core.replies r ON r.owner_id = e.other_id AND r.deleted = 0 AND r.reply_id >= ?2
  WHERE e.viewer_id = ?1 AND e.follow_id IS NOT NULL AND f.celebrity_ms IS NULL
EXCEPT SELECT tweet_id, original_id FROM main.entries WHERE viewer_id = ?1"""
_UNKNOWN = """
SELECT tweet_id FROM main.entries e WHERE viewer_id = ?1
  AND NOT EXISTS (SELECT 1 FROM core.tweets t WHERE t.tweet_id = e.tweet_id AND t.original_id = e.original_id)
  AND NOT EXISTS (SELECT 1 FROM core.replies r WHERE r.reply_id = e.tweet_id AND e.original_id = 0)"""
_HEADERLESS = """
SELECT DISTINCT viewer_id FROM main.entries WHERE viewer_id NOT IN (SELECT viewer_id FROM main.headers)"""


@dataclass(frozen=True, slots=True)
class Moment:
    """Read transactions of one moment: on feed.db and on search.db, each with the truth attached as core."""

    feed: apsw.Connection
    search: apsw.Connection


def compare(files: Files, on_progress: Callable[[str], None]) -> Findings:
    """Compares everything. `on_progress` gets what it is at, a few words at a time.

    Somebody must project meanwhile: it begins when the projections have caught up.
    """
    on_progress("waiting for feeds and index to catch up")
    with one_moment(files) as moment:
        feeds = rows_of(moment.feed, "SELECT count(*) FROM main.headers WHERE floor < ?", (ID_MAX,))[0][0]
        found = _differences(moment, on_progress, feeds)
        listed = tuple(islice(found, LISTED_MAX))
        return Findings(len(listed) + sum(1 for _ in found), listed, feeds)


@contextmanager
def one_moment(files: Files) -> Iterator[Moment]:
    """Waits until feeds, index and upkeep have taken in every event, and holds that moment fast for reading."""
    moment = Moment(files.connect("feed", attach=["core"]), files.connect("search", attach=["core"]))
    lock = WriteLock(files.folder)
    try:
        while not _caught(moment, lock):
            time.sleep(REST_S)
        yield moment
    finally:
        lock.close()
        moment.feed.close()
        moment.search.close()


def _caught(moment: Moment, lock: WriteLock) -> bool:
    """Waits until little is left to take in; whether the moment was caught then: both connections are in a read
    transaction."""
    while _behind(moment):
        time.sleep(LOOK_EVERY_S)
    with lock.held():
        deadline = time.monotonic() + HOLD_S_MAX
        while time.monotonic() < deadline:
            for connection in (moment.feed, moment.search):
                connection.execute("BEGIN")
            if _behind(moment) == 0:
                return True
            for connection in (moment.feed, moment.search):
                connection.execute("ROLLBACK")
            time.sleep(LOOK_EVERY_S)
    return False


def _behind(moment: Moment) -> int:
    """How many of feed, index and upkeep are behind the truth."""
    waiting = rows_of(
        moment.feed,
        "SELECT EXISTS (SELECT 1 FROM core.outbox WHERE kind IN (?, ?, ?)"
        " AND event_id > (SELECT value FROM core.meta WHERE name = 'upkeep_offset'))",
        [int(kind) for kind in KINDS],
    )[0][0]
    return int(waiting) + sum(not _projected(connection) for connection in (moment.feed, moment.search))


def _projected(connection: apsw.Connection) -> bool:
    truth: dict[str, int] = dict(rows_of(connection, "SELECT name, value FROM core.meta"))
    mine: dict[str, int] = dict(rows_of(connection, "SELECT name, value FROM main.meta"))
    newest = rows_of(connection, "SELECT max(event_id) FROM core.outbox")[0][0] or truth["outbox_trimmed"]
    return mine.get("epoch") == truth["epoch"] and mine.get("offset", -1) >= int(newest)


def _differences(moment: Moment, on_progress: Callable[[str], None], feeds: int) -> Iterator[str]:
    for counter in COUNTERS:
        on_progress(f"counting {counter.what}")
        yield from counter.differences(moment.feed)
    on_progress("comparing rows")
    for invariant in INVARIANTS:
        yield from invariant.differences(moment.feed)
    yield from _feeds(moment.feed, on_progress, feeds)
    on_progress("comparing the index")
    yield from search_check.differences(moment.search)


def _feeds(connection: apsw.Connection, on_progress: Callable[[str], None], feeds: int) -> Iterator[str]:
    """What a feed lacks of what `pull` gives from its floor on. That it holds more is right: deleted tweets, and those
    of accounts that the viewer follows no more, which readers leave out."""
    last = done = 0
    while headers := rows_of(connection, _HEADERS, (last, ID_MAX, FEEDS_PER_PART)):
        on_progress(f"comparing feeds: {done} of {feeds}")
        for viewer, floor in headers:
            for one, _ in rows_of(connection, _ABSENT, (viewer, floor)):
                yield f"feeds: the feed of {viewer} lacks {one}"
            for (one,) in rows_of(connection, _UNKNOWN, (viewer,)):
                yield f"feeds: the feed of {viewer} holds {one}, which never was"
        last, done = headers[-1][0], done + len(headers)
    for (viewer,) in rows_of(connection, _HEADERLESS):
        yield f"feeds: {viewer} has entries but no feed"
