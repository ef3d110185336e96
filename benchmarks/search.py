"""Searching a million tweets: each kind of search, with other words every time, in the engine and over HTTP.

In the engine means a call of SearchService in a process of its own, the page of 20 rendered; over HTTP the same through
a server, one request at a time.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from benchmarks.figures import Figure, quantile, under
from benchmarks.run import KEY, Benchmark, Run
from benchmarks.servers import RAISED, serving
from benchmarks.texts import CITIES, place, texts, vocabulary
from benchmarks.wire import Wire
from benchmarks.worlds import World
from rookery.bootstrap import Network, network
from rookery.config import Data, Settings
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.projection import step
from rookery.engines.embedded.search_index import SearchProjection
from rookery.services.search.service import PeopleSearch, TweetSearch

ACCOUNTS = 50_000
PLACED_SHARE = 0.1
WARM, MEASURED = 30, 300
MS_MAX = 5.0
MS_MAX_LONG = 15.0  # of phrases and two common words, whose lists are longest
COMMON, KNOWN, RARE = (0, 12), (50, 1_000), (10_000, 15_000)  # ranks in the vocabulary
Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of search. `make` gives another query each time."""

    name: str
    make: Callable[[random.Random], Query]
    path: str = "/search/"
    ms_max: float = MS_MAX


@dataclass(frozen=True, slots=True)
class Corpus:
    """A network of tweets: its files, some of the texts, and the session token of an account."""

    files: Files
    contents: Sequence[str]
    token: str


def measure(run: Run) -> Sequence[Figure]:
    """Each kind of search, and how fast the index was made."""
    count = run.pick(1_000_000, 50_000)
    with run.folder("search") as folder:
        corpus = _corpus(run, folder, count)
        rate = _index(run, corpus.files, count)
        kinds = _kinds(corpus.contents)
        inside = asyncio.run(_in_engine(run, folder, kinds))
        with serving(folder, RAISED) as server:
            outside = asyncio.run(_over_http(run, server.port, corpus.token, kinds))
    figures = [Figure("search", "indexing", rate, "tweets/s", note=f"{count:,} tweets")]
    for kind, engine_ms, http_ms in zip(kinds, inside, outside, strict=True):
        figures += [
            Figure("search", f"{kind.name}, engine p50", median(engine_ms), "ms"),
            Figure("search", f"{kind.name}, engine p99", quantile(engine_ms, 0.99), "ms", under(kind.ms_max)),
            Figure("search", f"{kind.name}, HTTP p50", median(http_ms), "ms"),
            Figure("search", f"{kind.name}, HTTP p99", quantile(http_ms, 0.99), "ms"),
        ]
    return figures


def _kinds(contents: Sequence[str]) -> list[Kind]:
    words = vocabulary()

    def word(ranks: tuple[int, int]) -> Callable[[random.Random], str]:
        return lambda chance: words[chance.randrange(*ranks)]

    def token(*parts: Callable[[random.Random], str]) -> Callable[[random.Random], Query]:
        return lambda chance: {"token": " ".join(part(chance) for part in parts)}

    def phrase(chance: random.Random) -> Query:
        found = chance.choice(contents).split()
        at = chance.randrange(len(found) - 1)
        return {"token": f'"{found[at]} {found[at + 1]}"'}

    def near(chance: random.Random) -> Query:
        latitude, longitude = chance.choice(CITIES)
        return {
            "latitude": str(latitude),
            "longitude": str(longitude),
            "radiusKm": str(chance.randint(5, 100)),
        }

    def prefix(chance: random.Random) -> Query:
        return {"token": f"bird{chance.randrange(ACCOUNTS):07d}"[: chance.randint(5, 11)]}

    yesterday = f"since:{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    return [
        Kind("word", token(word(KNOWN))),
        Kind("two words", token(word(KNOWN), word(KNOWN))),
        Kind("rare word", token(word(RARE))),
        Kind("phrase", phrase, ms_max=MS_MAX_LONG),
        Kind("place", near),
        Kind("word and place", lambda chance: {**near(chance), **token(word(KNOWN))(chance)}),
        Kind("user prefix", prefix, "/search/users"),
        Kind("newest first", lambda chance: {"token": yesterday}),
        Kind("two common words", token(word(COMMON), word(COMMON)), ms_max=MS_MAX_LONG),
    ]


def _corpus(run: Run, folder: Path, count: int) -> Corpus:
    run.say(f"making {count:,} tweets")
    chance = random.Random(8)
    contents = list(texts(count, seed=7))
    with World(folder) as world:
        world.accounts(ACCOUNTS)
        world.tweets(
            [
                (
                    chance.randrange(ACCOUNTS),
                    text,
                    *(place(chance) if chance.random() < PLACED_SHARE else (None, None)),
                )
                for text in contents
            ]
        )
        token = world.sessions([0])[0]
    return Corpus(world.files, contents[:: max(1, count // 2_000)], token)


def _index(run: Run, files: Files, count: int) -> float:
    run.say("indexing")
    connection = files.connect("search", attach=["core"])
    begun = time.perf_counter()
    step(connection, SearchProjection())
    taken = time.perf_counter() - begun
    connection.close()
    return count / taken


async def _in_engine(run: Run, folder: Path, kinds: Sequence[Kind]) -> list[list[float]]:
    run.say("searching in the engine")
    async with network(Settings(data=Data(dir=folder)), KEY, works=False) as opened:
        return [await _timed(kind, partial(_search, opened, kind)) for kind in kinds]


async def _search(opened: Network, kind: Kind, query: Query) -> None:
    if kind.path == "/search/users":
        await opened.search.users(0, PeopleSearch.of(query, text=True))
    else:
        await opened.search.tweets(0, TweetSearch.of(query, text=True))


async def _over_http(run: Run, port: int, token: str, kinds: Sequence[Kind]) -> list[list[float]]:
    run.say("searching over HTTP")
    async with Wire(port) as wire:
        return [await _timed(kind, partial(_ask, wire, token, kind)) for kind in kinds]


async def _ask(wire: Wire, token: str, kind: Kind, query: Query) -> None:
    await wire.get(f"{kind.path}?{urlencode(query)}", token)


async def _timed(kind: Kind, search: Callable[[Query], Awaitable[object]]) -> list[float]:
    """Milliseconds of each search."""
    chance = random.Random(kind.name)
    taken = []
    for _ in range(WARM + MEASURED):
        query = kind.make(chance)
        begun = time.perf_counter_ns()
        await search(query)
        taken.append((time.perf_counter_ns() - begun) / 1e6)
    return taken[WARM:]


BENCHMARK = Benchmark(
    "search", "every kind of search over 1,000,000 tweets, in the engine and over HTTP", measure
)
