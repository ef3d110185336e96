"""Counters of tweets and replies against a recount, after whatever people do."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rookery.core.content import NewText
from rookery.core.errors import Problem
from rookery.core.ids import is_reply
from tests.stages.cluster import opened_in_dynamodb
from tests.stages.embedded import EmbeddedStage
from tests.stages.shared import Stage

DEEDS = ("post", "quote", "reply", "like", "unlike", "retweet", "undo", "edit", "delete", "erase", "block")
Step = tuple[str, int, int]


async def do(stage: Stage, deed: str, actor: int, other: int, tweet_id: int) -> int | None:
    """One deed; returns the id of what it wrote."""
    store = stage.tweets.store
    keeper = stage.replies if is_reply(tweet_id) else stage.tweets
    match deed:
        case "post":
            return await stage.post(actor)
        case "quote":
            return await stage.post(actor, quote_of=tweet_id)
        case "reply":
            return await stage.replies.post(actor, tweet_id, NewText(content="re"))
        case "like":
            await store.like(actor, tweet_id)
        case "unlike":
            await store.unlike(actor, tweet_id)
        case "retweet":
            return await store.retweet(actor, tweet_id)
        case "undo":
            await store.undo_retweet(actor, tweet_id)
        case "edit":
            await keeper.edit(actor, tweet_id, f"text {other}")
        case "delete":
            await keeper.delete(actor, tweet_id)
        case "erase" if actor != other:
            await stage.delete_account(actor)
        case "block" if actor != other:
            await stage.block(actor, other)
    return None


async def play(stage: Stage, steps: list[Step]) -> None:
    people = [await stage.account(name) for name in ("ann", "bob", "eve")]
    written = [await stage.post(one) for one in people]
    for deed, who, what in steps:
        try:
            made = await do(stage, deed, people[who % 3], people[what % 3], written[what % len(written)])
        except Problem:
            continue
        if made is not None:
            written.append(made)
    assert [] == await stage.miscounted()
    await stage.upkeep()
    assert [] == await stage.miscounted()


async def play_in_dynamodb(url: str, steps: list[Step]) -> None:
    async with opened_in_dynamodb(url) as stage:
        await play(stage, steps)


STEPS = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 2), st.integers(0, 30)), min_size=10, max_size=60
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_counters_equal_a_recount(steps: list[Step]) -> None:
    """Whatever is written, liked, spread, edited, deleted and erased, every counter equals a recount."""
    with tempfile.TemporaryDirectory() as folder:
        stage = EmbeddedStage(Path(folder))
        asyncio.run(play(stage, steps))
        stage.close()


@settings(max_examples=6, deadline=None)
@given(steps=STEPS)
def test_folded_counters_equal_a_recount(dynamodb_url: str, steps: list[Step]) -> None:
    """The same in the cluster, once the deltas are folded."""
    asyncio.run(play_in_dynamodb(dynamodb_url, steps))
