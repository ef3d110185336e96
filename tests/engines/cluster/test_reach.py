"""What comes between a write's look and its transaction."""

from collections.abc import Awaitable, Callable

import pytest

from rookery.core.content import NewText
from rookery.core.errors import Problem
from rookery.engines.cluster.tables import EDGES
from rookery.engines.cluster.tx import Tx
from tests.engines.cluster.calls import Interrupted
from tests.stages.cluster import ClusterStage

Write = Callable[[ClusterStage, int, int], Awaitable[object]]
WRITES: dict[str, Write] = {
    "like": lambda stage, actor, tweet_id: stage.tweets.store.like(actor, tweet_id),
    "retweet": lambda stage, actor, tweet_id: stage.tweets.store.retweet(actor, tweet_id),
    "quote": lambda stage, actor, tweet_id: stage.post(actor, "q", quote_of=tweet_id),
    "reply": lambda stage, actor, tweet_id: stage.replies.post(actor, tweet_id, NewText(content="re")),
}


async def code(awaitable: Awaitable[object]) -> str:
    """The code of the Problem that it raises."""
    with pytest.raises(Problem) as caught:
        await awaitable
    return caught.value.code


@pytest.mark.parametrize("write", WRITES)
async def test_a_block_stops_what_has_already_looked(stage: ClusterStage, write: str) -> None:
    """A block that stands before the transaction does is kept, though the write saw none."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    tweet_id = await stage.post(ann)
    Interrupted(stage.dynamo, lambda: stage.block(ann, bob))
    assert "not_found" == await code(WRITES[write](stage, bob, tweet_id))
    assert [tweet_id] == [one.item_id for one in await stage.texts()]
    assert 0 == await stage.likes()
    assert [] == await stage.miscounted()


@pytest.mark.parametrize("write", WRITES)
async def test_a_deletion_of_the_account_stops_what_has_already_looked(
    stage: ClusterStage, write: str
) -> None:
    """Nothing of an account is written after its deletion, so its erasure misses nothing."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    tweet_id = await stage.post(ann)
    Interrupted(stage.dynamo, lambda: stage.end_account(bob))
    assert "token_invalid" == await code(WRITES[write](stage, bob, tweet_id))
    assert [tweet_id] == [one.item_id for one in await stage.texts()]
    assert 0 == await stage.likes()


async def test_a_lost_follow_stops_what_has_already_looked(stage: ClusterStage) -> None:
    """Of a protected account's tweet, who was just taken out of its followers likes nothing."""
    ann, bob = await stage.account("ann", protected=True), await stage.account("bob")
    await stage.follow(bob, ann)
    tweet_id = await stage.post(ann)

    async def unfollow() -> None:
        async def work(tx: Tx) -> None:
            tx.delete(EDGES, bob, ann)

        await stage.dynamo.write(work)

    Interrupted(stage.dynamo, unfollow)
    assert "not_found" == await code(stage.tweets.store.like(bob, tweet_id))


async def test_what_lands_on_a_tweet_that_is_being_deleted_is_swept(stage: ClusterStage) -> None:
    """A like and a retweet that slip in after a delete are seen by nobody and go when its event comes again."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    liked, spread = await stage.post(ann), await stage.post(ann)
    Interrupted(stage.dynamo, lambda: stage.tweets.delete(ann, liked))
    await stage.tweets.store.like(bob, liked)
    Interrupted(stage.dynamo, lambda: stage.tweets.delete(ann, spread))
    retweet_id = await stage.tweets.store.retweet(bob, spread)
    assert {} == await stage.reader.tweets(bob, [liked, spread, retweet_id])
    await stage.upkeep()
    assert (0, []) == (await stage.likes(), await stage.retweets())
    assert [] == await stage.miscounted()
