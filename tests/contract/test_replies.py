"""The contract of replies and conversations, through services and routes."""

import asyncio

import pytest

from rookery.core import ids
from rookery.core.clock import now_ms
from rookery.core.content import NewText, OldText
from rookery.core.errors import Invalid, Problem
from tests.stages.shared import Stage, cursor_in


async def answer(stage: Stage, author: int, parent_id: int, content: str = "re") -> int:
    return await stage.replies.post(author, parent_id, NewText(content=content))


def ids_in(entries: list[dict[str, str]]) -> list[int]:
    return [int(one["tweetId"]) for one in entries]


async def test_a_reply_says_what_it_answers(stage: Stage) -> None:
    """POST /reply/ makes a tweet of kind reply with an odd id; answering a reply works alike; counts follow."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    tweet_id = await stage.post(ann)
    first = (await stage.call("POST", f"/reply/{tweet_id}", bob, {"content": "re"})).body
    second = (await stage.call("POST", f"/reply/{first['tweetId']}", ann, {"content": "re re"})).body
    assert ids.is_reply(int(first["tweetId"]))
    assert ("reply", str(tweet_id), "ann") == (
        first["kind"],
        first["inReplyTo"]["tweetId"],
        first["inReplyTo"]["handle"],
    )
    assert first["tweetId"] == second["inReplyTo"]["tweetId"]
    assert 1 == (await stage.call("GET", f"/tweet/{tweet_id}")).body["replyCount"]
    assert [0, ann, bob] == [one.parent_owner_id for one in await stage.texts()]
    assert [] == await stage.miscounted()


async def test_replies_come_latest_or_oldest_first(stage: Stage) -> None:
    """Direct replies alone are listed, in either direction, complete over pages; sort=latest takes any id as cursor."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann)
    made = [await answer(stage, ann, tweet_id) for _ in range(7)]
    await answer(stage, ann, made[0])
    path = f"/reply/{tweet_id}"
    assert made[::-1] == ids_in(await stage.walk(path, ann, "pageSize=3"))
    assert made == ids_in(await stage.walk(path, ann, "pageSize=3&sort=oldest"))
    await stage.replies.delete(ann, made[4])
    assert made[3::-1] == ids_in((await stage.call("GET", path, ann, query=f"cursor={made[4]}")).body)


async def test_top_ranks_by_what_others_did(stage: Stage) -> None:
    """sort=top adds up likes, replies and retweets; among equals the newest is first."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    tweet_id = await stage.post(ann)
    plain, liked, answered, spread = [await answer(stage, ann, tweet_id) for _ in range(4)]
    await stage.tweets.store.like(bob, liked)
    await stage.tweets.store.like(ann, liked)
    await answer(stage, bob, answered)
    await stage.tweets.store.retweet(bob, spread)
    listed = (await stage.call("GET", f"/reply/{tweet_id}", query="sort=top")).body
    assert [liked, spread, answered, plain] == ids_in(listed)


async def test_a_ranking_stands_still_while_others_write(stage: Stage) -> None:
    """Following sort=top gives every entry that stays exactly once, whatever is liked, written, dated back or deleted
    between the pages."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    tweet_id = await stage.post(ann)
    made = [await answer(stage, ann, tweet_id) for _ in range(30)]
    for reply_id in made[5:9]:
        await stage.tweets.store.like(bob, reply_id)
    seen: list[int] = []
    query: str | None = "sort=top&pageSize=4"
    step = 0
    while query is not None:
        page = await stage.call("GET", f"/reply/{tweet_id}", query=query)
        seen += ids_in(page.body)
        query = page.next_query()
        await stage.tweets.store.like(ann, made[step * 3])
        await stage.tweets.store.unlike(bob, made[5 + step % 4])
        await answer(stage, bob, tweet_id, "late")
        step += 1
    expected = made[8:4:-1] + made[:8:-1] + made[4::-1]
    assert expected == seen


async def test_what_is_deleted_drops_out_of_a_ranking(stage: Stage) -> None:
    """A reply deleted after the first page is left out of the later ones, which lose nothing else."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann)
    made = [await answer(stage, ann, tweet_id) for _ in range(6)]
    page = await stage.call("GET", f"/reply/{tweet_id}", query="sort=top&pageSize=2")
    await stage.replies.delete(ann, made[2])
    rest = await stage.walk(f"/reply/{tweet_id}", 0, page.next_query() or "")
    assert [made[3], made[1], made[0]] == ids_in(rest)


async def test_a_ranking_of_a_thousand_fits_a_url(stage: Stage) -> None:
    """The newest 1,000 are ranked and no more; the longest cursor leaves half of an 8 KiB URL free."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann)
    at_ms = now_ms() - 1_000_000
    made: list[int] = []
    for start in range(0, 1_010, 101):
        old = [OldText(ann, "re", at_ms + number * 777) for number in range(start, start + 101)]
        made += await asyncio.gather(*(stage.replies.load(one, tweet_id) for one in old))
    first = await stage.call("GET", f"/reply/{tweet_id}", query="sort=top&pageSize=1")
    assert 4_100 > len(cursor_in(first.next_query() or ""))
    everything = await stage.walk(f"/reply/{tweet_id}", 0, "sort=top&pageSize=100")
    assert made[:9:-1] == ids_in(everything)


@pytest.mark.parametrize(
    "query",
    ["sort=best", "sort=top&cursor=abc", "sort=latest&cursor=abc", "sort=top&cursor=%C3%A9", "pageSize=0"],
)
async def test_a_bad_query_is_refused(stage: Stage, query: str) -> None:
    """An unknown sort, a cursor of another sort and a wrong page size are 422."""
    ann = await stage.account("ann")
    with pytest.raises(Invalid):
        await stage.call("GET", f"/reply/{await stage.post(ann)}", query=query)


async def test_replies_of_a_deleted_tweet_go_on(stage: Stage) -> None:
    """They stay readable and listed under it; answering it is 404; an id that never was is 404."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    tweet_id = await stage.post(ann)
    reply_id = await answer(stage, bob, tweet_id)
    await stage.tweets.delete(ann, tweet_id)
    await stage.upkeep()
    assert [reply_id] == ids_in((await stage.call("GET", f"/reply/{tweet_id}")).body)
    seen = (await stage.call("GET", f"/tweet/{reply_id}")).body
    assert {"tweetId": str(tweet_id), "ownerId": None, "handle": None} == seen["inReplyTo"]
    for method, path, body in (
        ("POST", f"/reply/{tweet_id}", {"content": "re"}),
        ("GET", f"/reply/{tweet_id + 2}", None),
    ):
        with pytest.raises(Problem, match="no such tweet"):
            await stage.call(method, path, bob, body)
    assert [] == await stage.miscounted()


async def test_a_conversation_is_hidden_with_its_root(stage: Stage) -> None:
    """Whom a block or protection keeps from a tweet gets 404 for its replies, also after its delete."""
    ann, bob, eve = (
        await stage.account("ann", protected=True),
        await stage.account("bob"),
        await stage.account("eve"),
    )
    await stage.follow(bob, ann)
    tweet_id = await stage.post(ann)
    reply_id = await answer(stage, bob, tweet_id)
    for _ in range(2):
        assert [reply_id] == ids_in((await stage.call("GET", f"/reply/{tweet_id}", bob)).body)
        with pytest.raises(Problem, match="no such tweet"):
            await stage.call("GET", f"/reply/{tweet_id}", eve)
        if not any(one.deleted for one in await stage.texts()):
            await stage.tweets.delete(ann, tweet_id)


async def test_ancestors_lead_up_to_the_root(stage: Stage) -> None:
    """Oldest first; a deleted one is unavailable with more above it; a hidden one ends the list; a tweet has none."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    root = await stage.post(ann)
    first = await answer(stage, bob, root)
    second = await answer(stage, ann, first)
    third = await answer(stage, ann, second)
    path = f"/reply/{third}/ancestors"
    assert [root, first, second] == ids_in((await stage.call("GET", path)).body)
    await stage.replies.delete(ann, second)
    levels = (await stage.call("GET", path)).body
    assert [root, first, second] == ids_in(levels)
    assert {"tweetId": str(second), "unavailable": True} == levels[2]
    await stage.protect(bob)
    assert [first, second] == ids_in((await stage.call("GET", path)).body)
    assert [] == (await stage.call("GET", f"/reply/{root}/ancestors")).body
    with pytest.raises(Problem, match="no such tweet"):
        await stage.call("GET", f"/reply/{second}/ancestors")


async def test_ancestors_end_after_a_hundred_levels(stage: Stage) -> None:
    """A very long conversation shows its 100 nearest levels."""
    ann = await stage.account("ann")
    chain = [await stage.post(ann)]
    for _ in range(103):
        chain.append(await answer(stage, ann, chain[-1]))
    levels = (await stage.call("GET", f"/reply/{chain[-1]}/ancestors")).body
    assert chain[3:-1] == ids_in(levels)


async def test_a_deleted_reply_takes_its_retweets_along(stage: Stage) -> None:
    """Deleting a reply lowers its parent's count and removes its retweets and likes."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    tweet_id = await stage.post(ann)
    reply_id = await answer(stage, ann, tweet_id)
    await stage.tweets.store.retweet(bob, reply_id)
    await stage.tweets.store.like(bob, reply_id)
    await stage.call("DELETE", f"/reply/{reply_id}", ann)
    await stage.upkeep()
    assert 0 == (await stage.call("GET", f"/tweet/{tweet_id}")).body["replyCount"]
    assert (0, []) == (await stage.likes(), await stage.retweets())
    assert [] == await stage.miscounted()


async def test_a_loaded_reply_carries_its_time(stage: Stage) -> None:
    """A reply of the past has an odd id of its millisecond, above those before."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann)
    at_ms = now_ms() - 1_000
    made = [await stage.replies.load(OldText(ann, "re", at_ms), tweet_id) for _ in range(3)]
    assert [ids.first_id_at(at_ms) + 1 + 2 * number for number in range(3)] == made
