"""Accounts that many follow: whom fan-out reaches, and what readers merge."""

from collections.abc import AsyncIterator

import pytest

from rookery.engines.cluster import celebrities, followers
from tests.engines.cluster.roost import Roost, crowd, roosting


@pytest.fixture
async def roost(dynamodb_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Roost]:
    """A process that flags accounts from three followers on, and goes by no knowledge of before."""
    monkeypatch.setattr(celebrities, "KNOWN_S", 0)
    monkeypatch.setattr(celebrities, "LISTS_KNOWN_S", 0)
    async with roosting(dynamodb_url, redis_url, celebrity_followers=3, grace_ms=60_000) as opened:
        yield opened


async def test_no_feed_has_a_hole_or_a_double_when_an_account_is_flagged(roost: Roost) -> None:
    """Before the flag, during the grace and after it, feeds from before and from after show every tweet once."""
    star, *fans = await roost.accounts(5)
    early, late, stranger, _ = fans
    await roost.follows.follow(early, star)
    await roost.post(star)
    assert 1 == len(await roost.page(early))
    for one in fans[1:]:
        await roost.follows.follow(one, star)
    told = len(await roost.events())
    await roost.post(star)
    await roost.fold()
    assert await roost.celebrities.flagged_ms(star) is not None
    await roost.post(star)
    await roost.page(late)
    await roost.project((await roost.events())[told:])
    assert 2 == len(await roost.arrived(early)) - 1
    roost.fan_out = roost.fanning_out(grace_ms=-60_000)
    told = len(await roost.events())
    for _ in range(3):
        await roost.post(star)
    await roost.project((await roost.events())[told:])
    assert 3 == len(await roost.arrived(early))  # fan-out has ended
    await roost.follows.unfollow(stranger, star)
    for one in (early, late):
        assert 6 == len(await roost.page(one))
        assert await roost.pulled(one) == await roost.page(one)
        middle = (await roost.page(one))[2][0]
        assert (await roost.pulled(one))[3:] == await roost.page(one, middle)
        assert (await roost.pulled(one))[3:5] == await roost.page(one, middle, 2)
    assert await roost.pulled(star) == await roost.page(star)


async def test_what_a_celebrity_wrote_long_ago_is_merged_too(
    roost: Roost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers merge all that a flagged account wrote, also below what is kept of its newest."""
    monkeypatch.setattr(celebrities, "LISTED", 5)
    star, reader, *others = await roost.accounts(4)
    for one in (reader, *others):
        await roost.follows.follow(one, star)
    tweets = [await roost.post(star) for _ in range(30)]
    await roost.fold()
    expected = [(one, 0) for one in reversed(tweets)]
    assert expected == await roost.page(reader)
    assert expected[20:24] == await roost.page(reader, tweets[10], 4)


async def test_a_follow_of_a_moment_ago_is_fanned_out_to(
    roost: Roost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a kept list of followers only what is new is read again, and all that is new is."""
    star = await roost.account()
    monkeypatch.setattr(followers, "PAGE", 500)
    many = await crowd(roost.dynamo, star, 1_700)

    async def all_of() -> list[int]:
        return [one async for page in roost.followers.of(star) for one in page]

    monkeypatch.setattr(followers, "LATE_MS", 0)
    assert sorted(many) == sorted(await all_of())
    monkeypatch.setattr(followers, "LATE_MS", 60_000)
    for _ in range(3):
        fan = await roost.account()
        await roost.follows.follow(fan, star)
        many.append(fan)
        assert sorted(many) == sorted(await all_of())
