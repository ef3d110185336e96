"""Figures and a load of round numbers, so that a plan can be reckoned by hand."""

from collections.abc import Mapping

from rookery.plan.load import Load
from rookery.plan.measured import (
    ACTIONS,
    COSTS,
    FEED_READS,
    FEED_ROWS,
    FOLLOWING,
    GATEWAY,
    WORKER_COSTS,
    WRITES,
    Figures,
    Wanted,
    cost,
    memory,
    other,
    wanted,
    worker_cost,
)
from rookery.plan.resources import KINDS

COST = {
    "processor": 2.0,
    "processor of Redis": 100.0,
    "bytes out of Redis": 1_000.0,
    "DynamoDB read units": 3.0,
    "answer": 5_000.0,
}
OF_A_WRITE = {
    "DynamoDB write units": 16.0,
    "write units of its busiest table": 4.0,
    "rows kept": 3.0,
    "bytes kept": 200.0,
    "events told": 1.0,
    "counts told": 2.0,
}
OF_A_MESSAGE = {
    "processor": 1.0,
    "processor of Redis": 10.0,
    "bytes out of Redis": 100.0,
    "DynamoDB read units": 0.5,
    "DynamoDB write units": 2.0,
}
OTHERS = {
    "feed row, processor of Redis": 2.0,
    "sweeper, an event, processor": 0.5,
    "sweeper, an event, DynamoDB read units": 0.05,
    "hint read by a process, processor of Redis": 0.5,
    "stored feed": 10_000.0,
    "row of a list": 64.0,
    "row of the outbox": 100.0,
    "cached row in Redis": 150.0,
    "rows cached for one viewer's page": 60.0,
    "event in a stream": 128.0,
    "tweet in the index": 400.0,
}

# A user a second, who posts 10 times: 2 tweets, 3 replies, 5 retweets.
ONE_A_SECOND = Load(
    dau=86_400,
    posts_per_user=10,
    retweet_share=0.5,
    reply_share=0.3,
    reads_per_user=100,
    profiles_per_user=20,
    searches_per_user=10,
    likes_per_user=30,
    follows_per_user=4,
    follows=50,
    delivered_share=0.4,
    monthly_per_daily=2,
    hour_share=0.25,
    cold_share=0.1,
    months=6,
    peak=10,
    busy_share=0.5,
)


def figures(instead: Mapping[Wanted, float] | None = None) -> Figures:
    """Every figure that a plan asks for; a cached feed page 4 ms, the gateway 1 ms, 1,000 feed rows a second."""
    values = {FEED_READS: 250.0, GATEWAY: 1_000.0, FEED_ROWS: 1_000.0}
    values |= {cost(one, what): COST.get(what, 0.0) for one in ACTIONS for what in COSTS}
    values |= {cost(one, what): value for one in WRITES for what, value in OF_A_WRITE.items()}
    values |= {worker_cost(one, what): OF_A_MESSAGE[what] for one in FOLLOWING for what in WORKER_COSTS}
    values |= {other(name): value for name, value in OTHERS.items()}
    values |= {memory(kind): 100.0 for kind in KINDS}
    values |= instead or {}
    assert set(wanted(KINDS)) <= set(values)
    found: dict[str, dict[str, float]] = {}
    for one, value in values.items():
        found.setdefault(one.bench, {})[one.figure] = value
    return Figures(
        {name: {"date": "2026-01-31", "machine": "a desk", "figures": held} for name, held in found.items()}
    )
