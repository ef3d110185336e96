"""Minting ids without asking anyone: time, ten bits of the process, five of a sequence, and the bit of the table."""

import secrets

from rookery.core.clock import now_ms

_WORKER_BITS, _SEQUENCE_BITS = 10, 5


class IdClock:
    """The ids of one process: ascending, also when its clock steps back. Two processes that drew the same ten bits can
    mint the same id; whoever puts a row under a new id does so only where there is none, and mints again."""

    def __init__(self) -> None:
        self._worker = secrets.randbits(_WORKER_BITS)
        self._last = 0  # milliseconds and sequence

    def mint(self, *, reply: bool = False) -> int:
        """A new id."""
        self._last = max(now_ms() << _SEQUENCE_BITS, self._last + 1)
        at_ms, sequence = divmod(self._last, 1 << _SEQUENCE_BITS)
        return (((at_ms << _WORKER_BITS | self._worker) << _SEQUENCE_BITS | sequence) << 1) | reply
