"""The routes of search."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from rookery.core.errors import Invalid
from rookery.core.ranking import RANKED_MAX, freeze
from tests.stages.searching import SearchStage
from tests.stages.searching_embedded import EmbeddedSearchStage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[SearchStage]:
    """An empty network."""
    opened = EmbeddedSearchStage(tmp_path)
    yield opened
    opened.close()


def ids_in(entries: list[Any], name: str = "tweetId") -> list[int]:
    """The ids of a list's entries."""
    return [int(entry[name]) for entry in entries]


async def search(stage: SearchStage, query: str, viewer: int = 0) -> list[int]:
    """The tweets that a search shows, page by page."""
    await stage.take_in()
    return ids_in(await stage.walk("/search/", viewer, query))


async def people(stage: SearchStage, query: str, viewer: int = 0) -> list[int]:
    """The accounts that a search shows, page by page."""
    await stage.take_in()
    return ids_in(await stage.walk("/search/users", viewer, query), "userId")


async def test_pages_are_newest_first_and_whole(stage: SearchStage) -> None:
    """Following the link gives every tweet found once, newest first, also while others write; cursors are ids."""
    ann = await stage.account("ann")
    made = [await stage.post(ann, f"rook {number}") for number in range(7)]
    assert made[::-1] == await search(stage, "token=ROOK&pageSize=3")
    first = await stage.call("GET", "/search/", query="token=rook&pageSize=3")
    await stage.post(ann, "rook on top")
    await stage.tweets.delete(ann, made[3])
    await stage.take_in()
    assert made[2::-1] == ids_in(await stage.walk("/search/", 0, first.next_query() or ""))
    assert made[2::-1] == await search(stage, f"token=rook&cursor={made[3]}")
    assert "Link" not in (await stage.call("GET", "/search/", query="token=rook&pageSize=7")).headers


async def test_what_one_may_not_see_is_not_found(stage: SearchStage) -> None:
    """A protected account's tweets are found by its followers, a blocked one's by neither, a deleted tweet not even
    before the index knows, in either order of the list."""
    ann, bob, eve = [await stage.account(handle) for handle in ("ann", "bob", "eve")]
    hidden, open_one, gone = (
        await stage.post(ann, "rook a"),
        await stage.post(bob, "rook b"),
        await stage.post(bob, "rook c"),
    )
    await stage.protect(ann)
    await stage.follow(bob, ann)
    await stage.block(eve, bob)
    await stage.take_in()
    await stage.tweets.delete(bob, gone)
    for sort in ("latest", "top"):
        for viewer, seen in (
            (0, [open_one]),
            (ann, [open_one, hidden]),
            (bob, [open_one, hidden]),
            (eve, []),
        ):
            answer = await stage.call("GET", "/search/", viewer, query=f"token=rook&sort={sort}")
            assert seen == ids_in(answer.body), (sort, viewer)


async def test_top_stands_still(stage: SearchStage) -> None:
    """sort=top is by what others did, and stays as it was on the first page while likes, edits and tweets come."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    made = [await stage.post(ann, f"rook {number}") for number in range(8)]
    for tweet_id in made[2:5]:
        await stage.tweets.store.like(bob, tweet_id)
    await stage.tweets.store.retweet(bob, made[3])
    await stage.take_in()
    first = await stage.call("GET", "/search/", query="token=rook&sort=top&pageSize=2")
    assert [made[3], made[4]] == ids_in(first.body)
    await stage.tweets.store.like(bob, made[0])
    await stage.tweets.edit(ann, made[7], "no bird")
    await stage.tweets.delete(ann, made[6])
    await stage.post(ann, "rook late")
    await stage.take_in()
    assert [made[2], made[5], made[1], made[0]] == ids_in(
        await stage.walk("/search/", 0, first.next_query() or "")
    )


async def test_words_and_place_narrow_one_another(stage: SearchStage) -> None:
    """A search takes words, a place or both; the radius is 25 km unless given."""
    ann = await stage.account("ann")
    berlin = {"latitude": 52.52, "longitude": 13.40}
    near, far = [
        int((await stage.call("POST", "/tweet/", ann, {"content": text, **place})).body["tweetId"])
        for text, place in (("rook", berlin), ("rook", {"latitude": 52.40, "longitude": 13.06}))
    ]
    await stage.post(ann, "rook")
    place = "latitude=52.5&longitude=13.4"
    assert [near] == await search(stage, place)
    assert [far, near] == await search(stage, f"{place}&radiusKm=40&token=rook")
    assert [] == await search(stage, f"{place}&token=crow")
    assert [] == await search(stage, "token=" + quote("-rook"))
    assert [] == await search(stage, "token=" + quote('"!'))
    assert [] == await search(stage, "token=from:nobody")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {"token"}),
        ("token=", {"token"}),
        ("token=" + "a" * 301, {"token"}),
        ("token=a&latitude=1", {"longitude"}),
        ("token=a&longitude=1", {"latitude"}),
        ("token=a&radiusKm=5", {"radiusKm"}),
        ("latitude=91&longitude=0&radiusKm=0.05", {"latitude", "radiusKm"}),
        ("latitude=nan&longitude=inf&token=a", {"latitude", "longitude"}),
        ("token=a&sort=best&pageSize=0&cursor=x&q=1", {"sort", "pageSize", "cursor", "q"}),
        ("token=a&cursor=" + freeze([5]).cursor(), {"cursor"}),
        ("token=a&sort=top&cursor=5", {"cursor"}),
    ],
)
async def test_a_bad_search_is_told_all_its_faults(stage: SearchStage, query: str, fields: set[str]) -> None:
    """Every bad parameter is named at once, also those that only do not fit together."""
    with pytest.raises(Invalid) as told:
        await stage.call("GET", "/search/", query=query)
    assert fields == set(told.value.errors)


async def test_people_come_best_first(stage: SearchStage) -> None:
    """Whose handle it is comes first, then the most followed, then the newest; with every page size each comes once."""
    handles = ["annabel", "anna", "ann", "annika", "joanna", "hannah"]
    made = {handle: await stage.account(handle) for handle in handles}
    await stage.rename(made["hannah"], "Ann Example")
    for follower in ("anna", "ann"):
        await stage.gain(made[follower], made["annabel"])
    await stage.gain(made["ann"], made["anna"])
    best = [made[handle] for handle in ("ann", "annabel", "anna", "hannah", "annika")]
    for size in range(1, 7):
        assert best == await people(stage, f"token=%40Ann&pageSize={size}")
    assert [made["annabel"]] == await people(stage, "token=annab")
    assert [] == await people(stage, "token=!!")


async def test_people_beyond_the_ranking_follow(stage: SearchStage) -> None:
    """More accounts than a ranking takes are all there, each once."""
    made = await stage.crowd("crow", RANKED_MAX + 30)
    found = await people(stage, "token=crow&pageSize=100")
    assert made[::-1] == found
    assert made[0] in await people(stage, "token=crow0&pageSize=100")


async def test_people_with_a_block_between_do_not_find_each_other(stage: SearchStage) -> None:
    """Either side of a block misses the other, everyone else finds both."""
    ann, andy = await stage.account("ann"), await stage.account("andy")
    await stage.block(ann, andy)
    assert ([ann], [andy], [andy, ann]) == (
        await people(stage, "token=an", ann),
        await people(stage, "token=an", andy),
        await people(stage, "token=an"),
    )
    assert [] == await people(stage, "token=andy", ann)


async def test_trends_over_http(stage: SearchStage) -> None:
    """Trends are hashtags with counts, most used first, anywhere or around a point that is given whole."""
    ann = await stage.account("ann")
    for text in ("#b", "#a #b", "#C"):
        await stage.post(ann, text)
    await stage.call("POST", "/tweet/", ann, {"content": "#a", "latitude": 1, "longitude": 2})
    await stage.take_in()
    everywhere = [{"hashtag": "a", "count": 2}, {"hashtag": "b", "count": 2}, {"hashtag": "C", "count": 1}]
    assert everywhere == (await stage.call("GET", "/search/trends")).body
    around = await stage.call("GET", "/search/trends", query="latitude=1.1&longitude=2")
    assert [{"hashtag": "a", "count": 1}] == around.body
    with pytest.raises(Invalid) as told:
        await stage.call("GET", "/search/trends", query="latitude=1")
    assert {"longitude"} == set(told.value.errors)
