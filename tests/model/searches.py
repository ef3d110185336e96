"""What is asked of search, and a plain reading of what each finds ("Search" in docs/api.md)."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.model.world import Post, Spot, World

KM_PER_DEGREE = 111.2
TREND_RADIUS_KM = 50.0


@dataclass(frozen=True)
class Search:
    """A query string of GET /search/, and whether it finds a tweet or reply."""

    query: str
    finds: Callable[[Post], bool]


class Searches:
    """The searches of one run, whose words, handles and places are its own."""

    def __init__(self, world: World, words: Sequence[str], spots: Sequence[Spot]) -> None:
        self._world = world
        self._words = words
        self._spots = spots

    def all(self) -> Iterator[Search]:
        """Every kind of search that there is."""
        one, other, third, *_ = self._words
        yield from (Search(urlencode({"token": word}), _has(word)) for word in self._words)
        yield _both(one, _has(one), other, _has(other))
        yield _both(one.upper(), _has(one), f"-{other}", lambda post: not _has(other)(post))
        yield _both(f"#{one}", lambda post: f"#{one}" in post.content.split(), f"-{third}", _lacks(third))
        phrase = f"{one} {other}"
        yield Search(urlencode({"token": f'"{phrase}"'}), lambda post: f" {phrase} " in f" {_plain(post)} ")
        for account in self._world.accounts.values():
            if account.exists:
                yield from self._about(account.id, account.handle)
        for radius_km in (10, 60):
            near = self._near(self._spots[0], radius_km)
            yield Search(self._around(radiusKm=radius_km), near)
        near = self._near(self._spots[0], 25)
        yield Search(self._around(token=one), lambda post: near(post) and _has(one)(post))

    def trends(self) -> tuple[str, dict[str, int]]:
        """A query string of GET /search/trends, and what it counts."""
        near, accounts = self._near(self._spots[0], TREND_RADIUS_KM), self._world.accounts
        counted: Counter[str] = Counter()
        for post in self._world.posts.values():
            open_ = accounts[post.owner].exists and not accounts[post.owner].protected
            if open_ and not post.deleted and near(post):
                counted.update({word[1:] for word in post.content.split() if word.startswith("#")})
        return self._around(), dict(counted)

    def _about(self, user: str, handle: str) -> Iterator[Search]:
        posts = self._world.posts
        yield Search(urlencode({"token": f"@{handle}"}), lambda post: f"@{handle}" in post.content.split())
        yield Search(urlencode({"token": f"from:{handle}"}), lambda post: post.owner == user)
        yield Search(
            urlencode({"token": f"to:@{handle}"}),
            lambda post: post.parent is not None and posts[post.parent].owner == user,
        )
        yield Search(
            urlencode({"token": f"has:geo from:{handle}"}),
            lambda post: post.owner == user and post.spot is not None,
        )

    def _around(self, **more: object) -> str:
        latitude, longitude = self._spots[0]
        return urlencode({**more, "latitude": latitude, "longitude": longitude})

    def _near(self, centre: Spot, radius_km: float) -> Callable[[Post], bool]:
        """The spots of a run are far from any circle's edge, so a flat earth will do."""

        def near(post: Post) -> bool:
            if post.spot is None:
                return False
            north, east = (here - there for here, there in zip(post.spot, centre, strict=True))
            east *= math.cos(math.radians(centre[0]))
            return math.hypot(north, east) * KM_PER_DEGREE <= radius_km

        return near


def _both(one: str, finds_one: Callable[[Post], bool], other: str, also: Callable[[Post], bool]) -> Search:
    return Search(urlencode({"token": f"{one} {other}"}), lambda post: finds_one(post) and also(post))


def _has(word: str) -> Callable[[Post], bool]:
    return lambda post: word in _plain(post).split()


def _lacks(word: str) -> Callable[[Post], bool]:
    return lambda post: word not in _plain(post).split()


def _plain(post: Post) -> str:
    """The words of a text without their signs."""
    return " ".join(re.findall(r"\w+", post.content))
