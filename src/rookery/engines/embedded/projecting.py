"""Running the projections of a data folder: in the process that writes, or for all workers of a server beside them."""

import time
from dataclasses import dataclass

from rookery.core.clock import now_ms
from rookery.core.ids import time_ms
from rookery.engines.embedded.checkpoints import Checkpointer
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.damage import UNREADABLE
from rookery.engines.embedded.fanout import FeedProjection
from rookery.engines.embedded.projection import Projector
from rookery.engines.embedded.search_index import SearchProjection

LAG_LOOK_S = 0.25  # an answer about the lag is so old at most
_LAG = """
SELECT (SELECT event_id FROM main.outbox WHERE event_id > o.value ORDER BY event_id LIMIT 1) FROM (
  SELECT value FROM feed.meta WHERE name = 'offset' UNION ALL SELECT value FROM search.meta WHERE name = 'offset') o"""


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """How feeds are kept: entries, and milliseconds."""

    keep: int = 900
    trust: int = 800
    celebrity_grace_ms: int = 60_000


class Projections:
    """Feeds, the index, and the checkpoints beside them, each in a thread of its own."""

    def __init__(self, files: Files, options: FeedOptions) -> None:
        feed = FeedProjection(keep=options.keep, trust=options.trust, grace_ms=options.celebrity_grace_ms)
        self._projectors = [Projector(files, feed), Projector(files, SearchProjection())]
        self._checkpointer = Checkpointer(files)

    def start(self) -> None:
        """Starts the threads; one projects once no other process does."""
        for projector in self._projectors:
            projector.start()
        self._checkpointer.start()

    def wake(self) -> None:
        """Says that there is something to do; from any thread."""
        for projector in self._projectors:
            projector.wake()

    def close(self) -> None:
        """Ends the threads after their present steps."""
        for projector in self._projectors:
            projector.close()
        self._checkpointer.close()


class Lag:
    """How far feeds and index are behind, whichever process projects."""

    def __init__(self, files: Files) -> None:
        self._connection = files.connect("core", attach=["feed", "search"])
        self._looked_at = 0.0
        self._behind_since_ms: int | None = None

    def ms(self) -> int:
        """How old the oldest event is that either lacks; 0 while one is made anew, which takes its time."""
        if time.monotonic() - self._looked_at > LAG_LOOK_S:
            self._looked_at = time.monotonic()
            self._behind_since_ms = self._look()
        return 0 if self._behind_since_ms is None else max(0, now_ms() - self._behind_since_ms)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _look(self) -> int | None:
        try:
            lacking = [event_id for (event_id,) in rows_of(self._connection, _LAG) if event_id is not None]
        except UNREADABLE:  # its projector notices, too, and mends it
            return None
        return min(map(time_ms, lacking), default=None)
