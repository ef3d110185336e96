"""Waking those who wait for something new: live streams, and projectors of writes by other processes."""

import asyncio
import contextlib

from rookery.engines.embedded.connections import rows_of
from rookery.engines.embedded.snapshots import Snapshots

POLL_S = 0.02


class News:
    """Notices on the event loop that feed.db or core.db changed, whichever process wrote."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._seen = (0, 0)

    def start(self) -> None:
        """Begins to look; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stops looking and lets everyone go who waits."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._changed.set()

    async def wait(self, timeout_s: float) -> None:
        """Returns at the next change, or after the timeout."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):  # wait_for loses a cancellation that comes with the change
                await self._changed.wait()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            connection = self._snapshots.connection
            seen = (
                rows_of(connection, "PRAGMA main.data_version")[0][0],
                rows_of(connection, "PRAGMA feed.data_version")[0][0],
            )
            if seen != self._seen:
                self._seen = seen
                self._snapshots.look()
                self._changed.set()
                self._changed = asyncio.Event()
