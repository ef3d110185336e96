"""The routes of accounts as others see them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery.core.content import NO_LINKS, Draft
from rookery.core.entities import AccountState
from rookery.core.errors import Problem
from rookery.core.reading import Reader
from rookery.engines.embedded.profiles import EmbeddedProfiles
from rookery.engines.embedded.replies import EmbeddedReplies
from rookery.engines.embedded.tweets import EmbeddedTweets
from rookery.services.profiles.http import routes
from tests.contract.circle import EmbeddedCircle, opened
from tests.services.asking import Asker, next_query

LISTS = ("tweets", "replies", "likes", "followers", "following")


class Square:
    """A circle whose people write, asked at the routes of profiles."""

    def __init__(self, circle: EmbeddedCircle) -> None:
        self.circle = circle
        self.tweets = EmbeddedTweets(circle.database, circle.snapshots)
        self.replies = EmbeddedReplies(circle.database, circle.snapshots)
        profiles = EmbeddedProfiles(self.tweets, self.replies, circle.follows)
        self.asker = Asker(routes(profiles, Reader(circle.facts)))

    async def tweet(self, owner: int, quoted_id: int = 0) -> int:
        """A new tweet or quote."""
        return await self.tweets.create(Draft(owner, "words", NO_LINKS), quoted_id)

    async def reply(self, owner: int, parent_id: int) -> int:
        """A new reply."""
        return await self.replies.create(Draft(owner, "words", NO_LINKS), parent_id)

    async def listed(self, viewer: int, user_id: int, name: str, **query: object) -> list[int]:
        """The ids of one of an account's lists."""
        found = await self.asker.as_(viewer).get(f"/user/{{id}}/{name}", {"id": user_id}, **query)
        return [int(one.get("tweetId") or one["userId"]) for one in found]


@pytest.fixture
async def square(tmp_path: Path) -> AsyncIterator[Square]:
    """A square with nobody on it."""
    async with opened(tmp_path) as circle:
        yield Square(circle)


async def test_an_account_is_found_by_id_and_handle(square: Square) -> None:
    """GET /user takes a userId or @handle in any case, and a stranger sees no edges."""
    (ann,) = await square.circle.join(1)
    by_id = await square.asker.get("/user/{id}", {"id": ann})
    by_handle = await square.asker.get("/user/{id}", {"id": f"@U{ann % 10**9}"})

    assert by_id == by_handle
    assert str(ann) == by_id["userId"]
    assert "following" not in by_id


@pytest.mark.parametrize(
    "path", [*(f"/user/{{id}}/{name}" for name in LISTS), "/user/{id}", "/avatar/{userId}"]
)
@pytest.mark.parametrize("name", ["gone", "4", "@nobody", "words", "-1"])
async def test_who_is_not_there_is_not_found(square: Square, path: str, name: str) -> None:
    """An account that is disabled or never was is 404 on every route, also with a faulty query."""
    (ann,) = await square.circle.join(1)
    await square.circle.set_state(ann, AccountState.DISABLED)
    named = ann if name == "gone" else name
    with pytest.raises(Problem) as refused:
        await square.asker.ask("GET", path, {"id": named, "userId": named}, query={"pageSize": 0})

    assert "not_found" == refused.value.code


async def test_tweets_and_replies_are_lists_of_their_own(square: Square) -> None:
    """/tweets has tweets, quotes and retweets, /replies the replies, /likes what was liked last first."""
    ann, bob = await square.circle.join(2)
    other = await square.tweet(bob)
    tweet = await square.tweet(ann)
    reply = await square.reply(ann, other)
    quote = await square.tweet(ann, other)
    retweet = await square.tweets.retweet(ann, other)
    for liked in (quote, other, reply):
        await square.tweets.like(ann, liked)

    assert [retweet, quote, tweet] == await square.listed(0, ann, "tweets")
    assert [reply] == await square.listed(0, ann, "replies")
    assert [reply, other, quote] == await square.listed(0, ann, "likes")


async def test_a_cursor_is_any_tweet(square: Square) -> None:
    """/tweets starts strictly after the cursor, also where that tweet is deleted; the next link ends with the list."""
    (ann,) = await square.circle.join(1)
    first, second, third = [await square.tweet(ann) for _ in range(3)]
    await square.tweets.delete(ann, second)

    assert [first] == await square.listed(0, ann, "tweets", cursor=second)
    page = await square.asker.ask("GET", "/user/{id}/tweets", {"id": ann}, query={"pageSize": 1})
    assert {"cursor": str(third), "pageSize": "1"} == next_query(page)
    last = await square.asker.ask("GET", "/user/{id}/tweets", {"id": ann}, query={"pageSize": 2})
    assert next_query(last) is None


async def test_followers_page_by_when_they_followed(square: Square) -> None:
    """Following the next links gives each follower once, the newest first."""
    ann, *fans = await square.circle.join(4)
    for fan in fans:
        await square.circle.follows.follow(fan, ann)
    seen: list[int] = []
    query: dict[str, object] | None = {"pageSize": 1}
    while query is not None:
        seen += await square.listed(0, ann, "followers", **query)
        query = next_query(await square.asker.ask("GET", "/user/{id}/followers", {"id": ann}, query=query))

    assert fans[::-1] == seen
    assert [ann] == await square.listed(0, fans[0], "following")


@pytest.mark.parametrize("blocker", [0, 1])
async def test_a_block_empties_the_lists(square: Square, blocker: int) -> None:
    """Either way round a block leaves GET /user at 200 and every list empty for the two, not for strangers."""
    pair = await square.circle.join(2)
    ann, bob = pair
    tweet = await square.tweet(bob)
    await square.reply(bob, tweet)
    await square.tweets.like(bob, tweet)
    await square.circle.follows.block(pair[blocker], pair[1 - blocker])

    shown = await square.asker.as_(ann).get("/user/{id}", {"id": bob})
    assert (blocker == 0, blocker == 1) == (shown["blocking"], shown["blockedBy"])
    assert {name: [] for name in LISTS} == {name: await square.listed(ann, bob, name) for name in LISTS}
    assert [tweet] == await square.listed(0, bob, "tweets")


@pytest.mark.parametrize("name", LISTS)
async def test_protected_lists_are_for_followers(square: Square, name: str) -> None:
    """All lists of a protected account are 403 for others, and open to itself and an accepted follower."""
    ann, bob, cleo = await square.circle.join(3)
    await square.circle.follows.follow(bob, ann)
    await square.circle.set_protected(ann, True)
    await square.circle.follows.follow(cleo, ann)
    for viewer in (0, cleo):
        with pytest.raises(Problem) as refused:
            await square.listed(viewer, ann, name)
        assert "protected" == refused.value.code

    expected = [bob] if name == "followers" else []
    assert [expected, expected] == [await square.listed(viewer, ann, name) for viewer in (ann, bob)]


async def test_likes_show_only_what_the_viewer_may_see(square: Square) -> None:
    """A liked tweet of a protected account or of one that blocks the viewer is left out of the list."""
    ann, bob, cleo, dora = await square.circle.join(4)
    hidden, open_one, blocked = [await square.tweet(one) for one in (bob, ann, cleo)]
    for tweet in (hidden, open_one, blocked):
        await square.tweets.like(ann, tweet)
    await square.circle.set_protected(bob, True)
    await square.circle.follows.block(cleo, dora)

    assert [open_one] == await square.listed(dora, ann, "likes")
    assert [blocked, open_one] == await square.listed(0, ann, "likes")


async def test_pictures_are_cacheable(square: Square) -> None:
    """A picture is an SVG that anyone may keep for a day, with a tag that names its bytes."""
    ann, bob = await square.circle.join(2)
    pictures = [await square.asker.ask("GET", "/avatar/{userId}", {"userId": one}) for one in (ann, ann, bob)]
    headers = [dict(picture.headers) for picture in pictures]

    assert "image/svg+xml" == pictures[0].content_type
    assert pictures[0].body.startswith(b"<svg")
    assert "public, max-age=86400" == headers[0]["Cache-Control"]
    assert headers[0]["ETag"] == headers[1]["ETag"]
    assert headers[0]["ETag"] != headers[2]["ETag"]
