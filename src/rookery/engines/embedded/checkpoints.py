"""Checkpoints beside the writers: a commit or a fan-out never waits while a long log is copied into its database."""

import threading

import apsw
import structlog

from rookery.engines.embedded.connections import PAGE_BYTES, SCHEMA_VERSIONS, Files, rows_of

LOOK_EVERY_S = 0.5
LOG_BYTES_MIN = 8 << 20  # a shorter log is left alone

_log = structlog.get_logger()


class Checkpointer:
    """A thread that copies the write-ahead logs of a data folder into their databases while nobody waits for it."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rookery-checkpoint", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread after its present checkpoint."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        connections = {name: self._files.connect(name) for name in SCHEMA_VERSIONS}
        while not self._ended.wait(LOOK_EVERY_S):
            for name, connection in connections.items():
                try:
                    self._checkpoint(name, connection)
                except apsw.Error:  # a full disk, say: the log stays, and the next look tries again
                    _log.exception("checkpoint_fault", database=name)
        for connection in connections.values():
            connection.close()

    def _checkpoint(self, name: str, connection: apsw.Connection) -> None:
        # The file keeps the size that its log had once, so only the log itself tells how much waits.
        _, logged, copied = rows_of(connection, "PRAGMA wal_checkpoint(NOOP)")[0]
        if (logged - copied) * PAGE_BYTES[name] >= LOG_BYTES_MIN:
            rows_of(connection, "PRAGMA wal_checkpoint(PASSIVE)")
