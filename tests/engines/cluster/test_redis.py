"""The client of Redis after Redis was away."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from rookery.engines.cluster.redis import LEFT_ALONE_S, Redis, RedisDown, RedisRefused
from scripts.engines import KINDS, Engine


@pytest.fixture
def engine(real_engines: None, tmp_path: Path) -> Iterator[Engine]:
    """A Redis of the test's own."""
    engine = Engine(KINDS["redis"], tmp_path / "redis")
    engine.start()
    yield engine
    engine.stop()


async def test_who_was_refused_may_ask_again_at_once(engine: Engine) -> None:
    """A Redis that is back and refuses, as it does where a group is gone, is no longer left alone: the group can be
    made at once, before others ask in vain for it and are refused in turn."""
    redis = Redis(engine.url, "again-")
    await redis.call("PING")
    engine.kill()
    with pytest.raises(RedisDown):
        await redis.call("PING")
    engine.start()
    await asyncio.sleep(LEFT_ALONE_S + 0.1)
    with pytest.raises(RedisRefused, match="NOGROUP"):
        await redis.news("XREADGROUP", "GROUP", "g", "c", "STREAMS", redis.key("events"), ">")
    assert b"OK" == await redis.call("XGROUP", "CREATE", redis.key("events"), "g", "0", "MKSTREAM")
    await redis.close()
