"""How many calls one request costs each engine: what docs/cluster.md says."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rookery.bootstrap import Network
from rookery.config import Feed
from rookery.core.content import NewText
from rookery.core.ids import ID_MAX
from rookery.core.limits import Charge, IdempotencyKey, Ticket
from rookery.engines.cluster import celebrities, facts
from rookery.engines.cluster.engine import ClusterEngine
from rookery.services.accounts.store import NewAccount
from rookery.services.search.service import TweetSearch
from rookery.services.tweets.service import NewTweet
from tests.engines.cluster.calls import Counting, forgotten, grown
from tests.stages.networks import clustered

DOCS = Path(__file__).parents[3] / "docs" / "cluster.md"
Calls = tuple[int, int, int]  # to DynamoDB, Redis and the search engine


class Told:
    """Counts the commands and pipelines to Redis, or the requests to the search engine, of a client."""

    def __init__(self, client: Any, operations: tuple[str, ...]) -> None:
        self.calls = 0
        for name in operations:
            setattr(client, name, self._counted(getattr(client, name)))

    def _counted(self, operation: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*given: Any, **named: Any) -> Any:
            self.calls += 1
            return await operation(*given, **named)

        return call


@contextmanager
def counted(engine: ClusterEngine, found: list[int]) -> Iterator[None]:
    """Appends the calls that the block makes to DynamoDB, Redis and the search engine."""
    client = engine.dynamo.client
    dynamo = Counting(engine.dynamo)
    redis = Told(engine.redis, ("call", "calls"))
    index = Told(engine.index, ("call",))
    try:
        yield
    finally:
        engine.dynamo.client = client
        found += [len(dynamo.calls), redis.calls, index.calls]
        for name in ("call", "calls"):
            delattr(engine.redis, name)
        delattr(engine.index, "call")


def rows() -> dict[str, Calls]:
    """The table of docs/cluster.md: calls by request."""
    lines = DOCS.read_text().partition("## Calls a request")[2].splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]
    return {what: (int(one), int(two), int(three)) for what, one, two, three, *_ in cells[1:]}


async def test_a_request_costs_no_more_calls_than_the_docs_say(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed page whose rows are cached costs at most 3 calls to all engines together, a tweet of an account that the
    process knows at most 2 before its answer; these and the others are what the table says."""
    monkeypatch.setattr(
        celebrities, "KNOWN_S", 600
    )  # on a busy machine a second may be over before it is used
    monkeypatch.setattr(facts, "_NEW_KEPT_S", 600)
    async with clustered(request, tmp_path, Feed()) as net:
        assert isinstance(net.engine, ClusterEngine)
        people = "ann", "bob", "eve"
        ann, bob, eve = [await net.accounts.operator.load(NewAccount(name, name), None) for name in people]
        await net.engine.follows.follow(bob, ann)
        tweets = [
            await net.tweets.post(ann, NewTweet(content=f"word {n}"), ticket(ann, n)) for n in range(30)
        ]
        await net.feed.page(bob, ID_MAX, 20)
        await net.engine.caught_up()
        for other in (net.engine.workers, net.engine.lookout):  # whose calls are no request's
            await other.close()
        await grown(net.engine.redis)

        async def tweet(author: int) -> None:
            written = await net.tweets.post(author, NewTweet(content="word"), ticket(author, 100))
            await net.reader.tweet(author, written)

        async def reply() -> None:
            target = await net.reader.target(bob, tweets[0])
            written = await net.replies.post(bob, target.tweet_id, NewText(content="word"), ticket(bob, 101))
            await net.reader.tweet(bob, written)

        async def like() -> None:
            target = await net.reader.target(bob, tweets[0])
            await net.engine.tweets.like(bob, target.tweet_id, ticket(bob, 102))
            await net.reader.tweet(bob, target.tweet_id)

        await net.feed.page(bob, ID_MAX, 20)  # who is a celebrity is known from then on
        await forgotten(net.engine.redis)
        cold = await calls(net, lambda: net.feed.page(bob, ID_MAX, 20))
        warm = await calls(net, lambda: net.feed.page(bob, ID_MAX, 20))
        await net.reader.tweet(bob, tweets[0])
        measured = {
            "feed page": warm,
            "feed page of which nothing is cached": cold,
            "tweet": await calls(net, lambda: tweet(ann)),
            "first tweet of an account in a process": await calls(net, lambda: tweet(eve)),
            "reply": await calls(net, reply),
            "like": await calls(net, like),
            "search page": await calls(net, lambda: net.search.tweets(bob, TweetSearch(token="word"))),
        }

    assert rows() == measured
    assert sum(warm) <= 3
    assert sum(measured["tweet"]) <= 2


async def calls(net: Network, request: Callable[[], Awaitable[object]]) -> Calls:
    """The calls of one request."""
    assert isinstance(net.engine, ClusterEngine)
    found: list[int] = []
    with counted(net.engine, found):
        await request()
    dynamodb, redis, search = found
    return dynamodb, redis, search


def ticket(actor: int, number: int) -> Ticket:
    """As the gateway makes it: two limits and a key."""
    charges = Charge("tweets", str(actor), 1_000, 60), Charge("more tweets", str(actor), 1_000, 90)
    return Ticket(actor, charges, IdempotencyKey(actor, f"key {number}", b"a digest"))
