"""What a load needs is what one reckons by hand. A user comes each second and posts 10 times, reads 100 feed pages,
20 profiles and 10 searches, likes 30 times and follows 4: see reckoned.py."""

from collections.abc import Callable

import pytest

from rookery.plan import resources
from rookery.plan.load import Load
from rookery.plan.measured import COLD, Figures
from rookery.plan.report import redis_primaries
from rookery.plan.resources import Rates
from tests.plan.reckoned import ONE_A_SECOND, figures

Resource = Callable[[Load, Rates, Figures], float]


def test_rates_are_users_times_what_each_does() -> None:
    """Each action happens as often a second as users x times a day / 86,400; at the peak so many times as often."""
    found = resources.rates(ONE_A_SECOND, figures())

    assert found.actions == pytest.approx(
        {
            "feed page": 90,  # 100 x (1 - 0.1)
            COLD: 10,  # 100 x 0.1
            "profile page": 20,
            "search page": 10,
            "tweet": 2,  # 10 x (1 - 0.5 - 0.3)
            "reply": 3,
            "retweet": 5,
            "like": 30,
            "follow": 4,
            "signed-in check": 174,  # 100 + 20 + 10 + 10 + 30 + 4
        }
    )
    assert found.rows == pytest.approx(200)  # 10 posts x 50 followers x 0.4
    events = 44  # 2 + 3 + 5 + 30 + 4 writes, each of which tells one
    assert found.messages == pytest.approx(
        {"feed": events, "search": events, "upkeep": events, "counts": 2 * events}
    )
    peak = resources.rates(ONE_A_SECOND, figures(), 10)
    assert peak.rows == pytest.approx(2_000)
    assert peak.actions["like"] == pytest.approx(300)
    assert peak.messages["counts"] == pytest.approx(880)


NEEDS: dict[str, tuple[Resource, float]] = {
    # 90 x (1/250 s + 2 ms to look at the session) + 10 x (2 ms + 1 ms of the gateway + 2 ms)
    "feed service": (lambda load, of, costs: resources.service_processors("feed", of, costs), 0.59),
    # (2 tweets + 5 retweets + 30 likes) x 5 ms
    "tweets service": (lambda load, of, costs: resources.service_processors("tweets", of, costs), 0.185),
    # nothing that a plan counts
    "accounts service": (lambda load, of, costs: resources.service_processors("accounts", of, costs), 0),
    # 44 events x 1 ms + 200 rows / 1,000
    "feed worker": (lambda load, of, costs: resources.worker_processors("feed", of, costs), 0.244),
    # 88 deltas x 1 ms
    "counts worker": (lambda load, of, costs: resources.worker_processors("counts", of, costs), 0.088),
    # 44 events x 0.5 ms
    "sweeper": (lambda load, of, costs: resources.worker_processors("sweeper", of, costs), 0.022),
    # 2 processes of the feed service and 2 feed workers, once a second
    "celebrities": (resources.celebrity_reads, 4),
    # 348 actions (174 requests, as many looks at sessions) x 3, 3 x 44 + 88 messages x 0.5,
    # 10 posts x 50 followers x 64 / 4,096, 44 events x 0.05, 4 looks at celebrities
    "reads": (resources.read_units, 1_044 + 110 + 7.8125 + 2.2 + 4),
    # 44 writes x 16 + 220 messages x 2
    "writes": (lambda load, of, costs: resources.write_units(of, costs), 1_144),
    # 44 x 4
    "busiest table": (lambda load, of, costs: resources.busiest_table_units(of, costs), 176),
    # 44 x (200 + 3 x 100) bytes x 2,592,000 s
    "a month": (lambda load, of, costs: resources.stored_a_month(of, costs), 57_024_000_000),
    # 44 x 604,800 s x (100 + 100)
    "outbox": (lambda load, of, costs: resources.outbox_bytes(of, costs), 5_322_240_000),
    # 86,400 x 2 x 50 x (200 + 3 x 100)
    "graph": (lambda load, of, costs: resources.follows_bytes(load, costs), 4_320_000_000),
    # 86,400 x 2 x 10,000
    "feeds": (lambda load, of, costs: resources.feeds_bytes(load, costs), 1_728_000_000),
    # (86,400 x 0.25 x 60 + 86,400 x 10 x 2) x 150
    "rows": (lambda load, of, costs: resources.rows_bytes(load, costs), 453_600_000),
    # 44 x 600 s x 128
    "streams": (lambda load, of, costs: resources.streams_bytes(of, costs), 3_379_200),
    # the three
    "memory": (resources.redis_bytes, 2_184_979_200),
    # 348 x 100 us + 220 x 10 + 200 rows x 2 + 10 posts x 26 processes (two of 13 kinds) x 0.5
    "Redis": (resources.redis_processors, 0.034_800 + 0.002_200 + 0.000_400 + 0.000_130),
    # 348 x 1,000 + 220 x 100
    "Redis sends": (lambda load, of, costs: resources.redis_bytes_out(of, costs), 370_000),
    # 348 x 5,000
    "clients": (lambda load, of, costs: resources.answer_bytes(of, costs), 1_740_000),
    # (2 tweets + 3 replies) x 2,592,000 s x 6 months x 400
    "index": (resources.index_bytes, 31_104_000_000),
    # of 30 GiB = 32,212,254,720 bytes
    "shards": (resources.shards, 1),
    "primaries": (redis_primaries, 1),
}


@pytest.mark.parametrize("what", NEEDS)
def test_a_need_is_what_one_reckons_by_hand(what: str) -> None:
    """Every formula gives, for round numbers, what its comment reckons."""
    need, expected = NEEDS[what]

    assert need(ONE_A_SECOND, resources.rates(ONE_A_SECOND, figures()), figures()) == pytest.approx(expected)


def test_processes_are_enough_and_two_at_the_least() -> None:
    """So many that none is busier than it may be: ceil(processors / 0.5), and two where one would do."""
    costs = figures()
    found = resources.all_processes(ONE_A_SECOND, resources.rates(ONE_A_SECOND, costs, 10), costs)

    assert found == {
        "accounts service": 2,
        "profiles service": 2,  # 200 x 5 ms = 1 processor
        "tweets service": 4,  # 370 x 5 ms = 1.85
        "replies service": 2,
        "follows service": 2,
        "feed service": 12,  # 5.9
        "search service": 2,
        "pages service": 2,
        "feed worker": 5,  # 2.44
        "search worker": 2,
        "counts worker": 2,
        "upkeep worker": 2,
        "sweeper worker": 2,  # of which one works
    }


def test_streams_are_bounded() -> None:
    """However many events there are, a stream keeps 100,000 of them, and there are 16."""
    costs = figures()

    assert resources.streams_bytes(resources.rates(ONE_A_SECOND, costs, 1e6), costs) == 1_600_000 * 128


def test_an_index_of_twice_the_months_needs_another_shard() -> None:
    """Shards are rounded up: 62.2e9 bytes are two of 30 GiB."""
    costs = figures()
    longer = Load(**{name: getattr(ONE_A_SECOND, name) for name in ONE_A_SECOND.__slots__} | {"months": 12})

    assert resources.shards(longer, resources.rates(longer, costs), costs) == 2
