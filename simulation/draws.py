"""Random times with the distribution of measured ones."""

import random
from collections.abc import Sequence

KEPT = 200  # quantiles that stand for a distribution


def quantiles_of(values: Sequence[float], count: int = KEPT) -> list[float]:
    """`count` + 1 quantiles, evenly spaced, from the least to the greatest; of no values none."""
    ordered = sorted(values)
    return [ordered[round(at * (len(ordered) - 1) / count)] for at in range(count + 1)] if ordered else []


class Draw:
    """Draws from a distribution that is given by its quantiles, evenly spaced: by inversion, linear between two."""

    def __init__(self, quantiles: Sequence[float], chance: random.Random) -> None:
        self._quantiles = quantiles
        self._last = len(quantiles) - 1
        self._random = chance.random

    def __call__(self) -> float:
        """One of the times, in the unit of the quantiles."""
        place = self._random() * self._last
        at = int(place)
        low = self._quantiles[at]
        return low + (self._quantiles[min(at + 1, self._last)] - low) * (place - at)
