"""The client of Redis: after Redis was away, and when much is asked of it."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from rookery.engines.cluster import redis as redis_module
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


async def test_what_is_urgent_waits_for_no_turn(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes out beside everything else that the process has asked for, however much that is."""
    monkeypatch.setattr(redis_module, "CALLS_AT_ONCE_MAX", 1)
    opened = Redis(redis_url, f"urgent-{secrets.token_hex(8)}-")
    waiting = asyncio.ensure_future(opened.call("BLPOP", opened.key("list"), 0))
    await asyncio.sleep(0)
    await opened.calls([("LPUSH", opened.key("list"), "x")], urgent=True)
    assert [opened.key("list").encode(), b"x"] == await waiting
    await opened.close()
