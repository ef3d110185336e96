"""Pages of feeds that are kept rendered."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery.bootstrap import Network
from rookery.config import Feed
from rookery.core.ids import ID_MAX
from rookery.core.page import Page
from rookery.services.accounts.store import NewAccount
from rookery.services.feed.service import FeedService
from rookery.services.tweets.service import NewTweet
from tests.contract.test_feed import built
from tests.stages.networks import embedded

ROOM = 22_000  # for two pages of these tests, not for three
TEXT = "song " * 50


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[Network]:
    """A started network, on the engine that knows what is unchanged."""
    async with embedded(tmp_path, Feed()) as opened:
        yield opened


async def writer(net: Network, handle: str) -> int:
    """An account whose feed is a page of some 8 KB."""
    one = await net.accounts.operator.load(NewAccount(handle, handle.title()), None)
    for _ in range(8):
        await net.tweets.post(one, NewTweet(content=TEXT))
    await net.engine.caught_up()
    await net.feed.page(one, ID_MAX, 1)
    await built(net, one)
    return one


async def test_kept_pages_stay_within_their_memory(net: Network) -> None:
    """A page is kept until others have taken the memory; then those made longest ago go, and a page that is made anew
    counts once."""
    feed = FeedService(net.engine.feed, net.reader, cache_bytes_max=ROOM)
    ann, bob, cat = [await writer(net, handle) for handle in ("ann", "bob", "cat")]

    async def page(viewer: int) -> Page[bytes]:
        return await feed.page(viewer, ID_MAX, 20)

    first, second = await page(ann), await page(bob)
    assert first is await page(ann)
    assert second is await page(bob)
    for number in range(8):
        await net.tweets.edit(bob, await newest(net, bob), f"{TEXT}{number}")
        await net.engine.caught_up()
        changed = await page(bob)
        assert changed is not second
        second = changed
    assert first is await page(ann)
    third = await page(cat)
    assert second is await page(bob)
    assert third is await page(cat)
    again = await page(ann)
    assert again is not first
    assert [*again.entries] == [*first.entries]
    assert third is await page(cat)
    assert second is not await page(bob)


async def newest(net: Network, author: int) -> int:
    """The author's newest tweet."""
    ((tweet_id, _),) = await net.tweets.store.tweets_of(author, ID_MAX, 1)
    return tweet_id


async def test_pages_that_show_nothing_take_memory_too(net: Network) -> None:
    """Asking below ever other positions does not fill the memory with pages without entries."""
    feed = FeedService(net.engine.feed, net.reader, cache_bytes_max=ROOM)
    ann = await writer(net, "ann")
    pages = [await feed.page(ann, before, 20) for before in range(1, 101)]
    assert all(not page.entries for page in pages)
    kept = [page is await feed.page(ann, before, 20) for before, page in reversed([*enumerate(pages, 1)])]
    assert 0 < kept.count(True) <= ROOM / 2_000
