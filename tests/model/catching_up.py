"""Whether the workers of a network on the cluster engine have taken in all that was written."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rookery.engines.cluster.redis import Redis
from rookery.engines.cluster.streams import DELTAS, EVENTS, Streams
from tests.serving import PATIENCE_S, Server

STEP_S = 0.01


class CatchingUp:
    """Asks Redis, where the work of the workers lies."""

    def __init__(self, runner: asyncio.Runner, redis: Redis) -> None:
        self._runner = runner
        self._events, self._deltas = Streams(redis, EVENTS), Streams(redis, DELTAS)

    def wait(self) -> None:
        """Returns when nothing is left to do: while nobody writes, counters, lists and stored feeds are final then."""
        deadline = time.monotonic() + PATIENCE_S
        while self._runner.run(self._behind()):
            assert time.monotonic() < deadline, "the workers do not catch up"
            time.sleep(STEP_S)

    async def _behind(self) -> bool:
        """Upkeep writes, and counts are told as they are written; so these come before who only takes in."""
        groups = ((self._events, "upkeep"), (self._deltas, "counts"), (self._events, "feed"))
        return any([await streams.behind(group) for streams, group in groups])


@contextmanager
def catching_up(server: Server) -> Iterator[CatchingUp]:
    """For a network that runs, as long as the block does."""
    redis = Redis(server.settings["CLUSTER_REDIS_URL"], server.settings["CLUSTER_PREFIX"])
    with asyncio.Runner() as runner:
        try:
            yield CatchingUp(runner, redis)
        finally:
            runner.run(redis.close())
