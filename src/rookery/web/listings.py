"""Lists of tweets and people, ready to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as templates take it: its items in UTF-8 and, where there is more, the path of the next page."""

    pieces: Sequence[bytes]
    more: str | None = None

    @classmethod
    def of_nothing(cls) -> "Listing":
        """An empty list."""
        return cls(())

    @property
    def is_empty(self) -> bool:
        """Whether it has no item."""
        return not self.pieces

    @property
    def items(self) -> Markup:
        """The items as one HTML text."""
        return Markup(b"".join(self.pieces).decode())  # noqa: S704 - templates have escaped it
