"""What live streams go by."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from rookery.core.events import Kind
from rookery.engines.cluster.news import News, hinting
from rookery.engines.cluster.redis import Redis
from tests.engines.cluster.roost import Roost, emptied, roosting
from tests.serving import until


@pytest.fixture
async def roost(dynamodb_url: str, redis_url: str) -> AsyncIterator[Roost]:
    """A process that tells of its writes, and hears the news."""
    async with roosting(dynamodb_url, redis_url) as opened:
        opened.dynamo.before_answer.append(opened.publisher.tell)
        opened.publisher.start()
        opened.news.start()
        begun = opened.news.position
        await until(lambda: _is_at(opened.news, begun + 1))
        yield opened
        await opened.news.close()
        await opened.publisher.close()


async def test_edits_and_deletes_are_heard_by_every_process(roost: Roost) -> None:
    """A change comes once to a process that runs and to one that starts later; both know it from the tweet on."""
    author = await roost.account()
    before = roost.news.position
    tweet = await roost.post(author)
    await roost.tweets.edit(author, tweet, "other", b"{}")
    await roost.tweets.delete(author, tweet)
    await until(lambda: _knows(roost.news, before, 2))
    later = News(roost.redis)
    later.start()
    await until(lambda: _knows(later, later.position_at(tweet, 0), 2))
    for news in (roost.news, later):
        changes = news.since(news.position_at(tweet, 0))
        assert changes is not None
        assert [Kind.CONTENT_EDITED, Kind.CONTENT_DELETED] == [one.kind for one in changes]
        assert [] == news.since(news.position)
        assert news.since(news.position_at(1, 0)) is None
    await later.close()


async def test_a_hint_wakes_and_a_lost_one_is_waited_for_only_shortly(roost: Roost) -> None:
    """Who waits is woken by a hint, and without one after less than half a second; each time the position has moved."""
    for hint in (True, False):
        before = roost.news.position
        if hint:
            await roost.redis.call(*hinting(roost.redis))
        async with asyncio.timeout(5):
            while roost.news.position == before:
                await roost.news.wait(5)


async def test_news_go_on_after_a_flush_and_without_redis(roost: Roost) -> None:
    """Positions rise whatever becomes of Redis, and what is told after a flush is heard."""
    author = await roost.account()
    tweet = await roost.post(author)
    await emptied(roost.redis)
    before = roost.news.position
    await roost.tweets.edit(author, tweet, "other", b"{}")
    await until(lambda: _knows(roost.news, before, 1))
    away = News(Redis("redis://127.0.0.1:9/0", roost.prefix))
    away.start()
    start = away.position
    await until(lambda: _is_at(away, start + 2))
    assert [] == away.since(away.position)
    await away.close()


async def _knows(news: News, position: int, count: int) -> bool:
    return len(news.since(position) or ()) >= count


async def _is_at(news: News, position: int) -> bool:
    return news.position >= position
