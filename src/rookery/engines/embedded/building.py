"""Building feeds for next time, off the event loop, and mending their file."""

import asyncio
import secrets
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import apsw
import structlog

from rookery.core.errors import OperatorError
from rookery.core.ids import ID_MAX
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.damage import UNREADABLE, mend
from rookery.engines.embedded.pull import Entry, pull

BUILDS_WAITING_MAX = 1_000

_log = structlog.get_logger()
# A header without its feed is of a build under way, which then stores nothing, or of one that was cut off.
_HEADER = """
INSERT INTO headers VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET token = excluded.token WHERE floor = excluded.floor RETURNING token"""


class Builder:
    """A thread with a connection of its own. `keep`: how many entries a newly built feed holds."""

    def __init__(self, files: Files, keep: int) -> None:
        self._files = files
        self._keep = keep
        self._waiting: set[int] = set()
        self._mending = False
        self._threads = ThreadPoolExecutor(1, "rookery-pull")
        self._local = threading.local()

    async def pull(self, viewer: int, before: int, limit: int) -> Sequence[Entry]:
        """See pull.pull."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: pull(self._connection(), viewer, before, limit, "core")
        )

    def build_later(self, viewer: int) -> None:
        """Builds the viewer's feed soon, unless that or too much else is waiting already."""
        if viewer not in self._waiting and len(self._waiting) < BUILDS_WAITING_MAX:
            self._waiting.add(viewer)
            loop = asyncio.get_running_loop()
            done = loop.run_in_executor(self._threads, lambda: build(self._connection(), viewer, self._keep))
            done.add_done_callback(lambda built: self._built(viewer, built))

    def mend_later(self) -> None:
        """Looks soon whether feed.db is damaged, and empties it then."""
        if not self._mending:
            self._mending = True
            asyncio.get_running_loop().run_in_executor(self._threads, self._mend)

    def close(self) -> None:
        """Ends the thread."""
        self._threads.shutdown(cancel_futures=True)

    def _connection(self) -> apsw.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._files.connect("feed", attach=["core"])
        return self._local.connection  # type: ignore[no-any-return]

    def _built(self, viewer: int, built: "asyncio.Future[None]") -> None:
        self._waiting.discard(viewer)
        fault = None if built.cancelled() else built.exception()
        if isinstance(fault, UNREADABLE):
            self.mend_later()
        elif fault is not None:
            _log.error("feed_not_built", exc_info=fault)

    def _mend(self) -> None:
        try:
            mend(self._files, "feed")
        except (apsw.Error, OperatorError):
            _log.exception("feed_not_mended")
        finally:
            self._mending = False


def build(connection: apsw.Connection, viewer: int, keep: int) -> None:
    """Builds the viewer's feed: header first, so that fan-out includes it from now on; then pull; then store, if the
    header still stands (a follow meanwhile has deleted it). `connection`: feed.db with core attached."""
    token = secrets.randbits(62)
    if not rows_of(connection, _HEADER, (viewer, token, ID_MAX)):
        return
    entries = pull(connection, viewer, ID_MAX, keep, "core")
    floor = entries[-1][0] if len(entries) == keep else 0
    with connection:
        stands = rows_of(
            connection,
            "UPDATE headers SET floor = ? WHERE viewer_id = ? AND token = ? RETURNING 1",
            (floor, viewer, token),
        )
        if stands:
            connection.executemany(
                "INSERT OR IGNORE INTO entries VALUES (?,?,?)",
                [(viewer, one, original) for one, original in entries],
            )
