"""Texts that read like tweets: words drawn by Zipf's law, from the real tweets of the shared data where it is there."""

import csv
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, product
from pathlib import Path

from benchmarks.run import PROJECT

_WORD = re.compile(r"\b[^\W\d_]{2,15}\b")
_SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "zi",
)
CITIES = (
    (52.52, 13.40), (48.85, 2.35), (51.51, -0.13), (40.71, -74.01), (34.05, -118.24), (35.68, 139.69), (-23.55, -46.63),
    (19.43, -99.13), (28.61, 77.21), (-33.87, 151.21), (30.04, 31.24), (6.52, 3.38),
)  # fmt: skip


def shared_data() -> Path | None:
    """The folder of real graphs and tweets, beside the project or at ROOKERY_SHARED_DATA; None where it is absent."""
    folder = Path(os.environ.get("ROOKERY_SHARED_DATA") or PROJECT.parent / "shared" / "data")
    return folder if folder.is_dir() else None


@cache
def vocabulary() -> tuple[str, ...]:
    """Words, the most frequent first: those of the real tweets, then made-up ones."""
    words: Counter[str] = Counter()
    folder = shared_data()
    if folder is not None:
        with (folder / "mayweather-mcgregor_tweets.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                text = re.sub(r"https?://\S+", "", row["text"]).lower()
                words.update(word for word in _WORD.findall(text) if word.isascii())
    found = [word for word, _ in words.most_common()]
    known = set(found)
    made = ("".join(parts) for length in (2, 3, 4) for parts in product(_SYLLABLES, repeat=length))
    return (*found, *[word for word in made if word not in known])


def texts(count: int, seed: int) -> Iterator[str]:
    """That many texts of 5 to 20 words."""
    chance = random.Random(seed)
    words = vocabulary()
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    for _ in range(count):
        yield " ".join(chance.choices(words, cum_weights=weights, k=chance.randint(5, 20)))


def place(chance: random.Random) -> tuple[float, float]:
    """Somewhere around one of the CITIES."""
    latitude, longitude = chance.choice(CITIES)
    return round(latitude + chance.gauss(0, 0.3), 5), round(longitude + chance.gauss(0, 0.3), 5)
