"""Pages of lists: how many entries, where to start, and how far a request looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

PAGE_SIZE_DEFAULT = 20
PAGE_SIZE_MAX = 100
CANDIDATES_MAX = 800  # a request looks at no more candidates than this to fill one page


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Entries, and the cursor of the next page or None where there is no more."""

    entries: Sequence[T]
    next_cursor: str | None
