"""`rookery load` of a real graph and real tweets: the network is what the files say, computed here by brute force."""

import csv
import itertools
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rookery.core.text import tokens
from tests.serving import PASSWORD, Person, Server, serving

ACCOUNTS, FOLLOWS, TWEETS = 962, 37_624, 12_118
READERS = 100
WORDS, PLACES = 100, 30
EARTH_KM = 6371.0088
SETTINGS = {"LIMITS_ENABLED": "false"}
CITIES = ((51.5, -0.1), (40.7, -74.0), (-33.9, 151.2), (35.7, 139.7), (-17.8, 179.9), (64.1, -21.9))

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True, slots=True)
class Row:
    """A tweet of the file: whose it is by its number in the deal, and where."""

    owner: str
    created: str
    text: str
    place: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Files:
    """What the files say: the rows in file order, whom each account follows, and a copy of the tweets that names the
    authors of the deal and puts every third tweet near a city."""

    graph: Path
    tweets: Path
    placed: Path
    rows: list[Row]
    follows: dict[str, set[str]]


@pytest.fixture(scope="module")
def files(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The shared data, read without a line of Rookery."""
    graph, tweets = shared_data / "socfb-Reed98.edges", shared_data / "mayweather-mcgregor_tweets.csv"
    follows: dict[str, set[str]] = defaultdict(set)
    for line in graph.read_text().splitlines():
        one, other = line.split()
        follows[f"u{one}"].add(f"u{other}")
        follows[f"u{other}"].add(f"u{one}")
    accounts = sorted(follows, key=lambda handle: int(handle[1:]))
    chance, rows, copies = random.Random(1), [], []
    with tweets.open(newline="") as file:
        for number, told in enumerate(csv.DictReader(file)):
            owner = accounts[number % len(accounts)]
            near = CITIES[number % len(CITIES)] if number % 3 == 0 else None
            place = near and tuple(round(one + chance.uniform(-0.4, 0.4), 5) for one in near)
            latitude, longitude = place or ("", "")
            if place and abs(place[1]) > 180:
                longitude = round(place[1] - 360, 5)
                place = (place[0], longitude)
            rows.append(Row(owner, told["created_at"], told["text"], place))  # type: ignore[arg-type]
            copies.append((told["id"], owner, told["created_at"], told["text"], latitude, longitude))
    placed = tmp_path_factory.mktemp("placed") / "tweets.csv"
    with placed.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "screen_name", "created_at", "text", "latitude", "longitude"))
        writer.writerows(copies)
    return Files(graph, tweets, placed, rows, follows)


def figures(server: Server, *arguments: str) -> Any:
    """What a load prints for programs."""
    done = server.run("load", "--json", *arguments, "--password", PASSWORD, timeout_s=400)
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def loaded(told: Any) -> list[tuple[int, int, int]]:
    """Loaded, there before and skipped, of accounts, follows and tweets."""
    names = ("loaded", "present", "skipped")
    return [tuple(told[kind][name] for name in names) for kind in ("accounts", "follows", "tweets")]


@pytest.fixture(scope="module")
def graph_first(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The graph and the tweets dealt to its accounts, by one command while nothing runs."""
    server = Server(tmp_path_factory.mktemp("graph_first") / "data", SETTINGS)
    deal = ("--graph", str(files.graph), "--undirected", "--tweets", str(files.tweets), "--authors", "graph")
    told = figures(server, *deal)
    assert [(ACCOUNTS, 0, 0), (FOLLOWS, 0, 0), (TWEETS, 0, 0)] == loaded(told)
    assert [] == told["skipped"]
    again = figures(server, *deal)
    assert [(0, ACCOUNTS, 0), (0, FOLLOWS, 0), (0, TWEETS, 0)] == loaded(again)
    with serving(server.folder, SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def tweets_first(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The tweets by their authors' names, then, beside a running server whose feeds are warm, the graph."""
    server = Server(tmp_path_factory.mktemp("tweets_first") / "data", SETTINGS)
    assert [(ACCOUNTS, 0, 0), (0, 0, 0), (TWEETS, 0, 0)] == loaded(
        figures(server, "--tweets", str(files.placed))
    )
    with serving(server.folder, SETTINGS) as running:
        for handle in readers(files)[:20]:
            own = [row.text for row in reversed(files.rows) if row.owner == handle]
            assert own == [
                tweet["content"] for tweet in signed_in(running, handle).walk("/feed/", pageSize=100)
            ]
        told = figures(running, "--graph", str(files.graph), "--undirected")
        assert [(0, ACCOUNTS, 0), (FOLLOWS, 0, 0), (0, 0, 0)] == loaded(told)
        yield running


def signed_in(server: Server, handle: str) -> Person:
    """A loaded account as a client."""
    person = Person(server, handle)
    signed = person.ok("POST", "/account/login", {"handle": handle, "password": PASSWORD})
    person.headers["Authorization"] = f"Bearer {signed['sessionToken']}"
    return person


def readers(files: Files) -> list[str]:
    """The accounts whose feeds are compared: the one with the most follows, and others evenly over the graph."""
    by_follows = sorted(files.follows, key=lambda handle: len(files.follows[handle]), reverse=True)
    return by_follows[:: len(by_follows) // READERS][:READERS]


@pytest.mark.parametrize("order", ["graph_first", "tweets_first"])
def test_feeds_are_what_the_files_say(files: Files, order: str, request: pytest.FixtureRequest) -> None:
    """The feeds of 100 accounts, to their ends, are the tweets of those whom they follow and their own, newest first,
    equal times in file order, whichever was loaded first; then every counter, feed and index row stands the check."""
    server: Server = request.getfixturevalue(order)
    newest_first = [
        row
        for _, row in sorted(enumerate(files.rows), key=lambda one: (one[1].created, one[0]), reverse=True)
    ]
    longest = 0
    for handle in readers(files):
        seen = {handle, *files.follows[handle]}
        expected = [
            (row.owner, row.text, row.created.replace(" ", "T") + ".000Z")
            for row in newest_first
            if row.owner in seen
        ]
        feed = [
            (one["owner"]["handle"], one["content"], one["createdTimeStamp"])
            for one in signed_in(server, handle).walk("/feed/", pageSize=100)
        ]
        assert expected == feed, handle
        longest = max(longest, len(feed))
    assert 3_900 <= longest <= 4_000
    assert "no differences" in checked(server)


def checked(server: Server) -> str:
    """What a check that must succeed prints."""
    done = server.run("check", timeout_s=400)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_words_are_found_as_in_the_files(files: Files, graph_first: Server) -> None:
    """100 words, from the most used to those used once, find exactly the tweets that hold them, newest first."""
    words = [set(tokens(row.text)) for row in files.rows]
    used = Counter(itertools.chain.from_iterable(words))
    ranked = sorted((word for word in used if len(word) > 1), key=lambda word: (-used[word], word))
    order = sorted(
        range(len(files.rows)), key=lambda number: (files.rows[number].created, number), reverse=True
    )
    stranger = Person(graph_first)
    chosen = [*ranked[:20], *ranked[20 :: len(ranked) // (WORDS - 20)]][:WORDS]
    assert len(chosen) == WORDS
    for word in chosen:
        expected = [files.rows[number].text for number in order if word in words[number]]
        found = [one["content"] for one in stranger.walk("/search/", token=word, pageSize=100)]
        assert expected == found, word


def test_places_are_found_as_in_the_files(files: Files, tweets_first: Server) -> None:
    """30 circles, some across the date line, find exactly the tweets within them, newest first."""
    order = sorted(
        range(len(files.rows)), key=lambda number: (files.rows[number].created, number), reverse=True
    )
    stranger, chance, hits = Person(tweets_first), random.Random(2), 0
    for number in range(PLACES):
        near = CITIES[number % len(CITIES)]
        centre = (near[0] + chance.uniform(-0.5, 0.5), near[1] + chance.uniform(-0.05, 0.05))
        radius = (0.5, 5.0, 25.0, 60.0, 500.0)[number % 5]
        expected = [
            files.rows[one].text
            for one in order
            if (place := files.rows[one].place) is not None and km_between(centre, place) <= radius
        ]
        query = {"latitude": centre[0], "longitude": centre[1], "radiusKm": radius, "pageSize": 100}
        assert expected == [one["content"] for one in stranger.walk("/search/", **query)], query
        hits += len(expected)
    assert hits > 1_000


def km_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The way over the globe, by the haversine formula."""
    lat1, lon1, lat2, lon2 = (math.radians(degrees) for degrees in (*one, *other))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(half))
