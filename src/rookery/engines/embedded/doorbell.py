"""Waking the projectors of another process: a pipe into which every commit puts a byte.

Whoever is killed leaves nothing locked, and a full pipe has been heard anyway.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection

_HEARD_AT_ONCE = 4_096


class Bell:
    """The end that is rung; it can be given to a process as it is started."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def ring(self) -> None:
        """Says that there is something to do; never waits."""
        with suppress(OSError):
            os.write(self._pipe.fileno(), b"!")


class Doorbell:
    """The other end: calls `wake`, in a thread of its own, soon after the bell was rung."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._inside, outside = Pipe(duplex=False)
        os.set_blocking(outside.fileno(), False)
        self.bell = Bell(outside)
        self._wake = wake
        self._closing = False
        self._thread = threading.Thread(target=self._listen, name="rookery-doorbell", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._closing = True
        self.bell.ring()
        if self._thread.is_alive():
            self._thread.join()
        self._inside.close()

    def _listen(self) -> None:
        while os.read(self._inside.fileno(), _HEARD_AT_ONCE) and not self._closing:
            self._wake()
