"""Where needs meet limits, reckoned by hand from what is in reckoned.py; its peak is 10 times the mean."""

import pytest

from rookery.engines.cluster import streams, tables
from rookery.plan import breaking
from rookery.plan.breaking import hot_spots, reached
from rookery.plan.measured import FEED_ROWS, cost, other
from tests.plan.reckoned import ONE_A_SECOND, figures

# The number of people a day, who are 86,400 where the need is what stands before "at the peak".
MET = {
    # 256 shards of 1,000 units; 440 events x 2 at the peak
    "DynamoDB: the outbox": 86_400 * 256_000 / 880,
    # 16 lists of 1,000 units; 20 tweets x 2
    "DynamoDB: the list of everybody's tweets": 86_400 * 16_000 / 40,
    # 40,000 units; 440 x 4
    "DynamoDB: writes of the busiest table": 86_400 * 40_000 / 1_760,
    # 40,000 units; 1,740 requests
    "DynamoDB: reads of sessions": 86_400 * 40_000 / 1_740,
    # one processor; 440 x 0.5 ms
    "The sweeper: one process": 86_400 * 1 / 0.22,
    # 30 Gbit/s; 3,480 x 1,000 + 2,200 x 100 bytes/s
    "Redis: the network of one primary": 86_400 * 3.75e9 / 3_700_000,
    # 64 shards of 30 GiB; the mean counts for what is kept
    "OpenSearch: shards of the index": 86_400 * 64 * 32_212_254_720 / 31_104_000_000,
}


@pytest.mark.parametrize("name", MET)
def test_a_limit_is_met_where_one_reckons_it(name: str) -> None:
    """The number of people at which a limit is met is that at whose peak the need is as large."""
    found = {one.limit.name: one.dau for one in reached(ONE_A_SECOND, figures())}

    assert found[name] == pytest.approx(MET[name])


def test_what_is_met_first_stands_first() -> None:
    """Limits are sorted by the people that they bear, and a dearer sweeper brings its limit to the top."""
    dear = figures({other("sweeper, an event, processor"): 500.0})

    found = [one.dau for one in reached(ONE_A_SECOND, dear)]
    assert found == sorted(found, key=lambda one: one or float("inf"))
    assert reached(ONE_A_SECOND, dear)[0].limit.name == "The sweeper: one process"


def test_what_grows_faster_than_people_is_found_too() -> None:
    """Hints are read by every process, so Redis is busy where posts x processes are many: at the place that is found
    the need is the limit."""
    dear = figures({other("hint read by a process, processor of Redis"): 50.0})
    (found,) = [
        one for one in reached(ONE_A_SECOND, dear) if one.limit.name == "Redis: the processor of one primary"
    ]
    assert found.dau is not None

    at = {one.limit.name: one.need for one in reached(ONE_A_SECOND.at(found.dau), dear)}
    assert at[found.limit.name] == pytest.approx(1.0, rel=0.01)


def test_a_limit_that_nobody_meets_is_never_met() -> None:
    """Where a load needs nothing of it, no number of people meets a limit."""
    free = figures(
        {
            cost(one, "write units of its busiest table"): 0.0
            for one in ("tweet", "reply", "retweet", "like", "follow")
        }
    )

    found = {one.limit.name: one.dau for one in reached(ONE_A_SECOND, free)}
    assert found["DynamoDB: writes of the busiest table"] is None


def test_limits_of_the_code_are_the_codes_own() -> None:
    """What a hot tweet, list or stream bears follows from the constants of the code."""
    found = {one.name: one.most for one in hot_spots(figures({FEED_ROWS: 5_000.0}), 10_000)}

    assert found == {
        "Likes of one tweet": tables.LIKERS_SHARDS * 500,
        "Replies to one tweet": 500,
        "New followers of one account": 500,
        "The longest fan-out": 2.0,  # 10,000 rows by 5,000 a second
    }
    limits = {one.name: one for one in breaking.LIMITS}
    assert limits["DynamoDB: the outbox"].most == tables.OUTBOX_SHARDS * 1_000
    assert limits["DynamoDB: the list of everybody's tweets"].most == tables.PUBLIC_SHARDS * 1_000
    assert str(streams.PARTITIONS) in limits["The sweeper: one process"].then
