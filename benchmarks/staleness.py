"""How soon others see a tweet, on the Reed98 graph: in a follower's feed and in search.

Saturation is the highest tweet rate at which the lag stays under LAG_MS_MAX; what counts is measured at 60% of it,
open loop (tweets come at random times, whether or not earlier ones were answered) while feeds are read. Times run from
the moment a tweet is due to be sent until a poll shows it, so waiting to be sent, the write and the poll are in them.
The server may use every core, beside the load.
"""

import asyncio
import csv
import gc
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import uvloop

from benchmarks.figures import Bound, Figure, quantile, under
from benchmarks.run import Benchmark, Run, Skipped
from benchmarks.servers import RAISED, serving
from benchmarks.texts import shared_data, texts
from benchmarks.wire import Wire
from benchmarks.worlds import World

LAG_MS_MAX = 400.0
SHARE = 0.6
READS_PER_S = 200
READING_AT_ONCE = 4  # before anything is measured
SAMPLES_PER_S = 50
RATES = (200, 300, 400, 500, 600, 700, 850, 1_000, 1_200, 1_400, 1_700, 2_000, 2_400, 2_800, 3_300, 4_000)
POLL_MS = 3.0, 20.0  # between two looks, first and at most: so much too long a lag may be taken for
SEEN_S_MAX = 20.0


@dataclass(frozen=True, slots=True)
class People:
    """Who is signed in on the server, by number, and who follows whom."""

    ids: Sequence[int]
    tokens: Sequence[str]
    followers: Sequence[Sequence[int]]


@dataclass(slots=True)
class Lags:
    """Milliseconds until each sampled tweet was seen."""

    feed: list[float] = field(default_factory=list)
    search: list[float] = field(default_factory=list)

    def worst(self) -> float:
        """The longest of all; infinite where nothing was seen."""
        return max(self.feed + self.search, default=float("inf"))


class Crowd:
    """Tweets, reads and looks for what was tweeted; `poll_ms` as POLL_MS."""

    def __init__(
        self,
        wire: Wire,
        people: People,
        reads_per_s: float = READS_PER_S,
        poll_ms: tuple[float, float] = POLL_MS,
    ) -> None:
        self._wire = wire
        self._people = people
        self._reads_per_s = reads_per_s
        self._poll_ms = poll_ms
        self._chance = random.Random(5)
        self._words = count()
        self._texts = list(texts(2_000, seed=4))

    async def read_all(self) -> None:
        """Reads every feed once, so that all are stored."""
        left = iter(self._people.tokens)

        async def read() -> None:
            for token in left:
                await self._wire.get("/feed/", token)

        await asyncio.gather(*(read() for _ in range(READING_AT_ONCE)))

    async def tweet(self, per_second: float, seconds: float) -> Lags:
        """Tweets at a rate while feeds are read. Raises ConnectionError when the server refuses."""
        lags = Lags()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        every = max(1, round(per_second / SAMPLES_PER_S))
        try:
            async with asyncio.TaskGroup() as group:
                for number, (at, reads) in enumerate(self._arrivals(per_second, seconds)):
                    await asyncio.sleep(max(0.0, begun + at - loop.time()))
                    sampled = lags if number % every == 0 else None
                    group.create_task(self._read() if reads else self._write(begun + at, sampled))
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None
        return lags

    def _arrivals(self, per_second: float, seconds: float) -> Iterator[tuple[float, bool]]:
        """When something comes, in seconds, and whether it is a read: both Poisson."""
        at = 0.0
        both = per_second + self._reads_per_s
        while (at := at + self._chance.expovariate(both)) < seconds:
            yield at, self._chance.random() * both < self._reads_per_s

    async def _read(self) -> None:
        await self._wire.get("/feed/", self._chance.choice(self._people.tokens))

    async def _write(self, due: float, lags: Lags | None) -> None:
        author = self._chance.randrange(len(self._people.tokens))
        number = next(self._words)
        word = f"zq{number:x}zq"
        body = json.dumps({"content": f"{self._chance.choice(self._texts)[:240]} {word}"}).encode()
        written = await self._wire.post("/tweet/", self._people.tokens[author], body, f"k{number}")
        if lags is None or not self._people.followers[author]:
            return
        tweet_id = json.loads(written)["tweetId"]
        token = self._people.tokens[self._chance.choice(self._people.followers[author])]
        shown = f'"tweetId":"{tweet_id}"'.encode()
        feed = self._seen(due, f"/feed/?cursor={int(tweet_id) + 1}&pageSize=1", token, shown)
        search = self._seen(due, f"/search/?token={word}&pageSize=1", token, shown)
        in_feed, in_search = await asyncio.gather(feed, search)
        lags.feed.append(in_feed)
        lags.search.append(in_search)

    async def _seen(self, due: float, path: str, token: str, shown: bytes) -> float:
        loop = asyncio.get_running_loop()
        pause_ms, pause_ms_max = self._poll_ms
        while shown not in await self._wire.get(path, token):
            if loop.time() - due > SEEN_S_MAX:
                raise ConnectionError(f"{path} did not show a tweet within {SEEN_S_MAX:.0f} s")
            await asyncio.sleep(pause_ms / 1_000)
            pause_ms = min(pause_ms_max, pause_ms * 1.3)
        return (loop.time() - due) * 1_000


def measure(run: Run) -> Sequence[Figure]:
    """Saturation, and the quantiles at 60% of it."""
    data = shared_data()
    if data is None:
        raise Skipped(
            "the Reed98 graph is not beside the project (ROOKERY_SHARED_DATA names another folder)."
        )
    with run.folder("staleness") as folder:
        people = reed98(folder / "data", data)
        with serving(folder / "data", RAISED, one_core=False) as server:
            gc.disable()  # a full collection in here would count as a lag of the server
            try:
                saturation, lags = uvloop.run(_press(run, server.port, people))
            finally:
                gc.enable()
    rate = f"at {SHARE:.0%} of it ({saturation * SHARE:,.0f} tweets/s)"
    saturated = Figure(
        "staleness", "saturation", saturation, "tweets/s", note=f"lag stays under {LAG_MS_MAX:.0f} ms"
    )
    return [saturated, *lag_figures("staleness", lags, rate, p999=under(100))]


def lag_figures(
    bench: str, lags: Lags, note: str, *, what: str = "a tweet", p999: Bound | None = None
) -> list[Figure]:
    """The quantiles of both, with their bounds."""
    figures: list[Figure] = []
    for where, values in (("feed", lags.feed), ("search", lags.search)):
        shown = f"until {where} shows {what}"
        figures += [
            Figure(bench, f"{shown}, p50", quantile(values, 0.5), "ms", note=note),
            Figure(bench, f"{shown}, p99", quantile(values, 0.99), "ms", note=note),
            Figure(bench, f"{shown}, p99.9", quantile(values, 0.999), "ms", p999, note),
            Figure(bench, f"{shown}, max", max(values), "ms", under(500), f"{len(values)} tweets"),
        ]
    return figures


async def _press(run: Run, port: int, people: People) -> tuple[float, Lags]:
    async with Wire(port) as wire:
        crowd = Crowd(wire, people)
        await crowd.read_all()
        saturation = await find_saturation(run, crowd, RATES, run.pick(5, 2))
        await asyncio.sleep(2)
        run.say(f"tweeting at {saturation * SHARE:,.0f}/s")
        return saturation, await crowd.tweet(saturation * SHARE, run.pick(30, 6))


async def find_saturation(run: Run, crowd: Crowd, rates: Sequence[int], seconds: float) -> float:
    """The highest of the rates of tweets a second, each held for so long, at which everything is seen in time."""
    held = rates[0]
    for rate in rates:
        try:
            worst = (await crowd.tweet(rate, seconds)).worst()
        except ConnectionError as fault:
            run.say(f"{rate:,} tweets/s: {fault}")
            break
        run.say(f"{rate:,} tweets/s: seen after {worst:,.0f} ms at most")
        if worst >= LAG_MS_MAX:
            break
        held = rate
        await asyncio.sleep(1)
    return float(held)


def reed98(folder: Path, data: Path, more: int = 0) -> People:
    """A data folder with the accounts and follows of Reed98 and real tweets; `more` accounts that nobody follows come
    last."""
    lines = (data / "socfb-Reed98.edges").read_text().split("\n")
    pairs = {(int(one), int(other)) for one, other in (line.split() for line in lines if line)}
    pairs |= {(other, one) for one, other in pairs}
    numbers = sorted({one for one, _ in pairs})
    place = {number: at for at, number in enumerate(numbers)}
    with (data / "mayweather-mcgregor_tweets.csv").open(encoding="utf-8", newline="") as file:
        contents = [row["text"] for row in csv.DictReader(file)]
    with World(folder) as world:
        count = len(numbers) + more
        world.accounts(count)
        world.follow((place[one], place[other]) for one, other in pairs)
        world.tweets([(at % len(numbers), text, None, None) for at, text in enumerate(contents)])
        tokens = world.sessions(range(count))
    followers: list[list[int]] = [[] for _ in range(count)]
    for one, other in pairs:
        followers[place[other]].append(place[one])
    return People([world.user_id(one) for one in range(count)], tokens, followers)


BENCHMARK = Benchmark(
    "staleness", "time until a follower's feed and search show a tweet, on a real graph", measure
)
