"""What breaks first: for each limit the number of daily users at whose peak the need meets it.

Limits of Rookery are taken from its code, those of AWS from limits.py. Hot spots do not depend on how many people come,
only on how many come to one place.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rookery.config import catalogue
from rookery.engines.cluster.sessions import ALIVE_S
from rookery.engines.cluster.stored_feeds import KEYS_AT_ONCE_MAX
from rookery.engines.cluster.tables import LIKERS_SHARDS, OUTBOX_SHARDS, PUBLIC_SHARDS
from rookery.plan import resources
from rookery.plan.limits import (
    PARTITION_READ_UNITS,
    PARTITION_WRITE_UNITS,
    REDIS_MEMORY,
    REDIS_NETWORK,
    REDIS_RESERVED,
    SHARD_BYTES,
    TABLE_UNITS,
)
from rookery.plan.load import DAU_MAX, Load
from rookery.plan.measured import FEED_ROWS, Figures
from rookery.plan.resources import Rates

ROW_UNITS = 2  # a row of up to 1 KiB in a transaction
STEPS = 60  # of halving: enough for every digit that is shown

Need = Callable[[Load, Rates, Figures], float]


@dataclass(frozen=True, slots=True)
class Limit:
    """The most of something that there can be, what a load needs of it at its peak, and what one would do then."""

    name: str
    most: float
    unit: str
    need: Need
    why: str
    then: str


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit beside the need of a load; `dau`: at how many daily users they meet, None: beyond all people."""

    limit: Limit
    need: float
    dau: float | None


def search_shards_max() -> float:
    """The most shards that the settings let an index have."""
    high = catalogue()["cluster.search_shards"].high
    assert high is not None
    return high


LIMITS = (
    Limit(
        "Redis: the processor of one primary",
        1.0,
        "s/s",
        resources.redis_processors,
        "cluster.redis_url is one address, and Redis carries commands out on one thread",
        "several Redis by key: feeds, rows and streams have keys of their own and can part first",
    ),
    Limit(
        "Redis: the memory of one primary",
        REDIS_MEMORY.value * (1 - REDIS_RESERVED.value),
        "B",
        resources.redis_bytes,
        f"{REDIS_MEMORY.source}; a quarter is reserved: {REDIS_RESERVED.source}",
        "the same; or shorter feeds (feed.keep)",
    ),
    Limit(
        "Redis: the network of one primary",
        REDIS_NETWORK.value,
        "B/s",
        lambda load, of, figures: resources.redis_bytes_out(of, figures),
        REDIS_NETWORK.source,
        "the same; or keep rows of other accounts in the processes",
    ),
    Limit(
        "DynamoDB: writes of the busiest table",
        TABLE_UNITS.value,
        "units/s",
        lambda load, of, figures: resources.busiest_table_units(of, figures),
        TABLE_UNITS.source,
        "ask AWS for more, which it grants; warm the table before",
    ),
    Limit(
        "DynamoDB: reads of sessions",
        TABLE_UNITS.value,
        "units/s",
        lambda load, of, figures: of.requests,
        f"one row of the table for each request, but for those within {ALIVE_S:g} s (sessions.ALIVE_S); "
        + TABLE_UNITS.source,
        "ask AWS for more, which it grants; or keep what lives in Redis, marked before it ends",
    ),
    Limit(
        "DynamoDB: the outbox",
        OUTBOX_SHARDS * PARTITION_WRITE_UNITS.value,
        "units/s",
        lambda load, of, figures: of.events * ROW_UNITS,
        f"tables.OUTBOX_SHARDS = {OUTBOX_SHARDS} partitions; {PARTITION_WRITE_UNITS.source}",
        "more shards: their number is part of every key, so a migration",
    ),
    Limit(
        "DynamoDB: the list of everybody's tweets",
        PUBLIC_SHARDS * PARTITION_WRITE_UNITS.value,
        "units/s",
        lambda load, of, figures: of.actions["tweet"] * ROW_UNITS,
        f"tables.PUBLIC_SHARDS = {PUBLIC_SHARDS} partitions; {PARTITION_WRITE_UNITS.source}",
        "more lists, or a sample of tweets",
    ),
    Limit(
        "DynamoDB: the list of celebrities",
        PARTITION_READ_UNITS.value,
        "units/s",
        resources.celebrity_reads,
        f"one partition, which every process reads once a second; {PARTITION_READ_UNITS.source}",
        "read it through Redis",
    ),
    Limit(
        "The sweeper: one process",
        1.0,
        "s/s",
        lambda load, of, figures: resources.worker_processors("sweeper", of, figures),
        "one process sweeps all streams while the others stand by",
        "share the leases of the streams out: 16 processes at most (streams.PARTITIONS)",
    ),
    Limit(
        "OpenSearch: shards of the index",
        search_shards_max() * SHARD_BYTES.value,
        "B",
        lambda load, of, figures: resources.index_bytes(load, mean_of(load, of), figures),
        f"cluster.search_shards is {search_shards_max():.0f} at most; {SHARD_BYTES.source}",
        "an index a month, and a search over the newest first",
    ),
)


def mean_of(load: Load, peak: Rates) -> Rates:
    """The mean rates, of those of the peak."""
    share = 1 / load.peak
    return Rates(
        {one: rate * share for one, rate in peak.actions.items()},
        peak.rows * share,
        {one: rate * share for one, rate in peak.messages.items()},
    )


def reached(load: Load, figures: Figures) -> list[Reached]:
    """Every limit, the one that is met first at the top."""
    found = [Reached(one, _need(one, load, figures), _meets(one, load, figures)) for one in LIMITS]
    return sorted(found, key=lambda one: DAU_MAX if one.dau is None else one.dau)


def _need(limit: Limit, load: Load, figures: Figures) -> float:
    return limit.need(load, resources.rates(load, figures, load.peak), figures)


def _meets(limit: Limit, load: Load, figures: Figures) -> float | None:
    """Needs grow with the users, some faster than they: so the place is found by halving, in logarithms."""
    low, high = 1.0, DAU_MAX
    if _need(limit, load.at(high), figures) < limit.most:
        return None
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        if _need(limit, load.at(middle), figures) < limit.most:
            low = middle
        else:
            high = middle
    return high


@dataclass(frozen=True, slots=True)
class HotSpot:
    """What one place bears, however many people there are."""

    name: str
    most: float
    unit: str
    why: str


def hot_spots(figures: Figures, celebrity_followers: int) -> list[HotSpot]:
    """The most that one tweet, list or account bears."""
    rows = PARTITION_WRITE_UNITS.value / ROW_UNITS
    rows_a_second = figures.value(FEED_ROWS)
    return [
        HotSpot(
            "Likes of one tweet",
            LIKERS_SHARDS * rows,
            "/s",
            f"tables.LIKERS_SHARDS = {LIKERS_SHARDS} partitions",
        ),
        HotSpot("Replies to one tweet", rows, "/s", "the list of a tweet's replies is one partition"),
        HotSpot("New followers of one account", rows, "/s", "the list of its followers is one partition"),
        HotSpot(
            "The longest fan-out",
            celebrity_followers / rows_a_second,
            "s",
            f"feed.celebrity_followers = {celebrity_followers:,} by one worker, {KEYS_AT_ONCE_MAX} feeds a call",
        ),
    ]
