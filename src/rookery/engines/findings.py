"""What a comparison of a network with itself found."""

from dataclasses import dataclass

LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class Findings:
    """How many differences there are, the first LISTED_MAX of them in words, and how many feeds were compared."""

    total: int
    listed: tuple[str, ...]
    feeds: int
