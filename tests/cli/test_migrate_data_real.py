"""`rookery migrate-data` of a real graph with real tweets: feeds and counters are what they were."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clusters import cluster_settings
from tests.serving import PASSWORD, Person, Server, serving

ACCOUNTS, FOLLOWS, TWEETS = 962, 37_624, 12_118
READERS = 12
SETTINGS = {"LIMITS_ENABLED": "false"}

pytestmark = pytest.mark.timeout(2_000)


def handles(graph: Path) -> list[str]:
    """The accounts of the graph, from the most followed to the least."""
    followers = Counter(f"u{number}" for line in graph.read_text().splitlines() for number in line.split())
    return [handle for handle, _ in followers.most_common()]


def tokens(server: Server, readers: list[str]) -> dict[str, str]:
    """Sessions of accounts."""
    login = {handle: {"handle": handle, "password": PASSWORD} for handle in readers}
    stranger = Person(server)
    return {
        handle: stranger.ok("POST", "/account/login", login[handle])["sessionToken"] for handle in readers
    }


def read(server: Server, sessions: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """Every account with its counters, and the feeds of some to their ends."""
    yield "everybody", Person(server).walk("/search/users", token="u", pageSize=100)
    for handle, token in sessions.items():
        reader = Person(server, handle)
        reader.headers["Authorization"] = f"Bearer {token}"
        yield handle, reader.walk("/feed/", pageSize=100)


def test_a_real_network_reads_as_before(
    shared_data: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The whole graph and all tweets: every account's counters, and 12 feeds to their ends, that of the most followed
    and others evenly over the graph; every counter and index row stands the check."""
    graph, tweets = shared_data / "socfb-Reed98.edges", shared_data / "mayweather-mcgregor_tweets.csv"
    folder = tmp_path / "data"
    source = Server(folder, SETTINGS)
    files = ("--graph", str(graph), "--undirected", "--tweets", str(tweets), "--authors", "graph")
    assert 0 == source.run("load", *files, "--password", PASSWORD, timeout_s=600).returncode
    by_followers = handles(graph)
    with serving(folder, SETTINGS) as embedded:
        sessions = tokens(embedded, by_followers[:: ACCOUNTS // READERS][:READERS])
        before = dict(read(embedded, sessions))
    assert ACCOUNTS == len(before["everybody"])
    assert FOLLOWS == sum(one["followerCount"] for one in before["everybody"])
    assert TWEETS == sum(one["tweetCount"] for one in before["everybody"])
    assert 3_900 <= len(before[by_followers[0]]) <= 4_000

    settings = {**cluster_settings(request), **SETTINGS}
    done = Server(folder, settings).run("migrate-data", timeout_s=1_000)
    assert 0 == done.returncode, done.stderr
    assert (
        f"accounts {ACCOUNTS:,}, sessions {READERS}, tweets {TWEETS:,}, relations {FOLLOWS:,}" in done.stdout
    )
    with serving(folder, settings) as cluster:
        assert before == dict(read(cluster, sessions))
        checked = cluster.run("check", timeout_s=600)
        assert (0, "no differences") == (checked.returncode, checked.stdout[:14]), checked.stderr
