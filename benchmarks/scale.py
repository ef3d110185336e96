"""How a feed read grows with the network: 1,000 to 1,000,000 accounts, every viewer read for the first time.

Each reading is a process of its own that opens the folder, warms up with other viewers (so the shared tweets' pieces
are rendered, as in a running server) and then reads each viewer once: no page and no viewer is in any cache.
"""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, at_most, quantile
from benchmarks.run import KEY, Benchmark, Run, resident_mib
from benchmarks.texts import texts
from benchmarks.worlds import World, store_feeds
from rookery.bootstrap import network
from rookery.config import Data, Settings
from rookery.core.ids import ID_MAX
from rookery.core.page import PAGE_SIZE_DEFAULT

AUTHORS = 1_000
FOLLOWED = 10
CIRCLES = AUTHORS // FOLLOWED
VIEWERS = 500  # warmed up with, and again measured
ROUNDS = 3
GROWTH_MAX = 1.3


@dataclass(frozen=True, slots=True)
class Size:
    """A network's accounts, and how many entries each stored feed has."""

    accounts: int
    entries: int

    @property
    def name(self) -> str:
        """As a person says it."""
        return f"{self.accounts:,} accounts with {self.entries} entries each"


@dataclass(frozen=True, slots=True)
class Reading:
    """Microseconds of each read, and the process's memory after them in MiB."""

    micros: list[float]
    memory_mib: float


def measure(run: Run) -> Sequence[Figure]:
    """The figures at each size, and the growth from the first to the last."""
    sizes = [Size(1_000, 800), Size(run.pick(10_000, 2_000), 800)]
    sizes += [Size(run.pick(100_000, 10_000), 100), Size(run.pick(1_000_000, 50_000), 100)]
    with run.folder("scale") as folder:
        worlds = [_world(run, folder / str(size.accounts), size) for size in sizes]
        rounds = [
            [_reading(world, size, seed) for world, size in zip(worlds, sizes, strict=True)]
            for seed in range(ROUNDS)
        ]
    figures = []
    for size, readings in zip(sizes, zip(*rounds, strict=True), strict=True):
        micros = [one for reading in readings for one in reading.micros]
        memory = median(reading.memory_mib for reading in readings)
        figures += [
            Figure(
                "scale",
                f"feed read, {size.name}, p50",
                median(micros),
                "us",
                note="first read of each viewer",
            ),
            Figure("scale", f"feed read, {size.name}, p99", quantile(micros, 0.99), "us"),
            Figure("scale", f"memory, {size.name}", memory, "MiB"),
        ]
    growth = median(median(last.micros) for *_, last in rounds) / median(
        median(first.micros) for first, *_ in rounds
    )
    name = f"feed read, {sizes[-1].accounts:,} / {sizes[0].accounts:,} accounts"
    return [*figures, Figure("scale", name, growth, "ratio", at_most(GROWTH_MAX))]


def _world(run: Run, folder: Path, size: Size) -> World:
    run.say(f"making {size.name}")
    each = size.entries // FOLLOWED
    with World(folder) as world:
        world.accounts(size.accounts)
        world.follow_in_circles(size.accounts, CIRCLES, FOLLOWED)
        world.tweets(
            [(at % AUTHORS, text, None, None) for at, text in enumerate(texts(AUTHORS * each, seed=6))]
        )
    store_feeds(world, CIRCLES)
    return world


def _reading(world: World, size: Size, seed: int) -> Reading:
    chance = random.Random(seed)
    viewers = [world.user_id(number) for number in chance.sample(range(size.accounts), 2 * VIEWERS)]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        return apart.submit(_read_apart, world.files.folder, viewers).result()


def _read_apart(folder: Path, viewers: Sequence[int]) -> Reading:
    return asyncio.run(_read(folder, viewers))


async def _read(folder: Path, viewers: Sequence[int]) -> Reading:
    micros = []
    async with network(Settings(data=Data(dir=folder)), KEY, works=False) as opened:
        for viewer in viewers:
            begun = time.perf_counter_ns()
            page = await opened.feed.page(viewer, ID_MAX, PAGE_SIZE_DEFAULT)
            micros.append((time.perf_counter_ns() - begun) / 1_000)
            assert len(page.entries) == PAGE_SIZE_DEFAULT
        return Reading(micros[VIEWERS:], resident_mib())


BENCHMARK = Benchmark("scale", "feed reads in networks of 1,000 to 1,000,000 accounts, with memory", measure)
