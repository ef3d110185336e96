"""Pages of lists: how many entries, where to start, and how far a request looks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")

PAGE_SIZE_DEFAULT = 20
PAGE_SIZE_MAX = 100
CANDIDATES_MAX = 800  # a request looks at no more candidates than this to fill one page


@dataclass(slots=True)
class Page(Generic[T]):
    """Entries, and the cursor of the next page or None where there is no more. `listed` is for whoever lists it: what
    was made of it, so that a page which is kept is made into an answer once."""

    entries: Sequence[T]
    next_cursor: str | None
    listed: Any = field(default=None, repr=False, compare=False)
