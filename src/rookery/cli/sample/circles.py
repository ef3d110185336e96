"""Who follows whom in the made-up network: circles of people with a language and a topic in common, and a few hubs."""

import math
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate
from random import Random

from rookery.cli.sample.people import Person

MEAN_FOLLOWS = 30
_FOLLOWS_BACK = 0.25  # a chance that the charming make less use of
_SPREAD = 0.8  # of the logarithm of how many one follows


class _Circle:
    """People to choose from, the charming ones more often."""

    def __init__(self, members: list[int], people: list[Person]) -> None:
        self._members = members
        self._weights = list(accumulate(people[member].charm for member in members))

    def some(self, rng: Random, count: int) -> list[int]:
        return rng.choices(self._members, cum_weights=self._weights, k=count)


def followees(people: list[Person], rng: Random) -> list[list[int]]:
    """For each person the indices of those they follow, without repeats and never themselves."""
    circles = _circles(people)
    following: list[dict[int, None]] = [{} for _ in people]
    for follower, person in enumerate(people):
        for followee in _chosen(circles, person, _appetite(follower, len(people), rng), rng):
            if followee != follower:
                following[follower][followee] = None
                if rng.random() < _FOLLOWS_BACK / people[followee].charm:
                    following[followee][follower] = None
    return [list(chosen) for chosen in following]


def _circles(people: list[Person]) -> dict[tuple[str, ...], _Circle]:
    members: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, person in enumerate(people):
        members[()].append(index)
        members[person.languages[:1]].append(index)
        for topic in person.topics[:-1]:
            members[person.languages[0], topic].append(index)
    return {key: _Circle(indices, people) for key, indices in members.items()}


def _appetite(follower: int, count: int, rng: Random) -> int:
    """How many someone would follow. The first person follows many: a visitor looks around with a full feed."""
    mean = min(MEAN_FOLLOWS * 1.5, count / 4)  # choosing somebody twice loses some
    wanted = rng.lognormvariate(math.log(mean) - _SPREAD**2 / 2, _SPREAD) if mean else 0
    if follower == 0:
        wanted = max(wanted, 2 * mean)
    return min(round(wanted) + 1, count - 1)


def _chosen(
    circles: dict[tuple[str, ...], _Circle], person: Person, wanted: int, rng: Random
) -> Iterable[int]:
    topics = person.topics[:-1]
    for topic in topics:
        yield from circles[person.languages[0], topic].some(rng, round(wanted * 0.5 / len(topics)))
    yield from circles[person.languages[:1]].some(rng, round(wanted * 0.3))
    yield from circles[()].some(rng, wanted - round(wanted * 0.8))
