"""Writes while DynamoDB throttles, lets transactions clash and loses answers."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from rookery.core.content import NewText
from rookery.core.errors import Problem
from rookery.core.events import Kind
from rookery.core.limits import Charge, IdempotencyKey, Ticket
from rookery.engines.cluster.counts import sweep
from rookery.engines.cluster.tables import EDGES, LIKES, RATE_WINDOWS, Placed
from rookery.services.tweets.service import NewTweet
from tests.engines.cluster.calls import Troubled, another
from tests.stages.cluster import CELEBRITY_FOLLOWERS, ClusterStage

T = TypeVar("T")
WRITERS, EACH = 4, 10


async def insist(write: Callable[[], Awaitable[T]]) -> T:
    """What a client does: it sends the same again where it is told to come later."""
    while True:
        try:
            return await write()
        except Problem as fault:
            if fault.code != "engine_unavailable":
                raise


def ticket(actor: int, what: str, number: int) -> Ticket:
    """With a key of its own and one charge."""
    key = IdempotencyKey(actor, f"{what} {number}", b"print")
    return Ticket(actor, (Charge(what, str(actor), 100, 3_600),), key)


async def live(process: ClusterStage, actor: int, root: int) -> None:
    """Quotes, answers, likes and spreads, one after the other."""
    store = process.tweets.store
    for number in range(EACH):
        passes = {what: ticket(actor, what, number) for what in ("tweets", "replies", "likes", "retweets")}
        form = NewTweet(content=f"tweet {number}", quote_of=str(root))
        tweet_id = await insist(partial(process.tweets.post, actor, form, passes["tweets"]))
        await insist(partial(process.replies.post, actor, root, NewText(content="re"), passes["replies"]))
        await insist(partial(store.like, actor, tweet_id, passes["likes"]))
        await insist(partial(store.retweet, actor, tweet_id, passes["retweets"]))


async def test_every_row_is_put_in_trouble(stage: ClusterStage) -> None:
    """Rows that are put many at once are all there, though a third of the calls fails and others take a half."""
    process = another(stage.dynamo, Troubled(stage.dynamo.client, 1))
    likes: list[Placed] = [(LIKES, {"user_id": 1, "tweet_id": one, "like_id": one + 1}) for one in range(600)]
    edges: list[Placed] = [(EDGES, {"viewer_id": 1, "other_id": one, "mute_id": None}) for one in range(600)]
    await process.put_all(likes + edges)
    assert [row for _, row in likes] == await stage.dynamo.query(LIKES, 1, limit=1_000, oldest_first=True)
    assert 600 == len(await stage.dynamo.query(EDGES, 1, limit=1_000))


async def test_nothing_is_lost_or_done_twice_in_trouble(stage: ClusterStage) -> None:
    """With a key each, tweets, replies, likes and retweets that are sent until they are answered are there once, are
    charged once and are counted once, though a third of all calls fails or goes unanswered."""
    people = [await stage.account(f"u{number}") for number in range(WRITERS)]
    root = await stage.post(people[0])
    processes = [another(stage.dynamo, Troubled(stage.dynamo.client, seed)) for seed in range(WRITERS)]
    await asyncio.gather(
        *(live(ClusterStage(one), actor, root) for one, actor in zip(processes, people, strict=True))
    )
    events = [event.kind for event in await stage.news()]
    expected = dict.fromkeys((Kind.REPLY_CREATED, Kind.RETWEET_CREATED, Kind.LIKED), WRITERS * EACH)
    assert {**expected, Kind.TWEET_CREATED: WRITERS * EACH + 1} == {
        kind: events.count(kind) for kind in (*expected, Kind.TWEET_CREATED)
    }
    assert 3 * WRITERS * EACH + 1 == len(await stage.texts())
    assert {EACH} == {row["used"] for row in await stage.rows(RATE_WINDOWS)}
    for one in processes:
        await insist(partial(sweep, one, 0, CELEBRITY_FOLLOWERS))
    assert [] == await stage.miscounted()
