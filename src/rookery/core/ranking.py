"""sort=top: pages of a ranking that stays as it was on the first of them.

No process keeps the ranking: it travels in the cursor. That holds the range of ids that was ranked and, for each entry
still to come, in order, a mark of 3 bytes; a salt makes the marks of one ranking all different. A later page looks up
what of the range is there now and puts it in the order of the marks: what went drops out, counters that moved change
nothing, and what was written since is outside the range or (dated back) without a mark. So every entry that stays
comes exactly once. 1,000 marks are 4,000 characters, half of what a URL may have.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from rookery.core.ids import ID_MAX
from rookery.core.page import Page
from rookery.core.reading import Candidate, Show, fill

RANKED_MAX = 1_000  # the newest entries that a ranking takes
STANDING_MAX = (
    2 * RANKED_MAX
)  # of its range a later page looks at no more, however much was dated back into it
_MARK_BYTES = 3
_WORD, _MARK_SHIFT = 1 << 64, 64 - 8 * _MARK_BYTES
_FACTORS = [int.from_bytes(blake2b(bytes([salt]), digest_size=8).digest()) | 1 for salt in range(256)]
_HEAD_BYTES = 17  # the salt and two ids

Scored = Callable[[int], Awaitable[Sequence[tuple[int, int]]]]  # how many of the newest -> (id, score)
Standing = Callable[[int, int, int], Awaitable[Sequence[int]]]  # (lowest id, highest id, at most how many)


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is left of a ranking: `low` and `high` are the ids between which it lies, `marks` stand for its order."""

    salt: int
    low: int
    high: int
    marks: tuple[bytes, ...]

    def order(self, standing: Sequence[int]) -> Sequence[int]:
        """Those of the ids that are left of the ranking, best first."""
        places = {mark: place for place, mark in enumerate(self.marks)}
        marked = zip(_marks(self.salt, standing), standing, strict=True)
        return [one for _, one in sorted((places[mark], one) for mark, one in marked if mark in places)]

    def cursor(self) -> str:
        """The ranking as text for a URL."""
        head = bytes([self.salt]) + self.low.to_bytes(8) + self.high.to_bytes(8)
        return urlsafe_b64encode(head + b"".join(self.marks)).decode().rstrip("=")


def freeze(order: Sequence[int]) -> Ranking:
    """A ranking of ids, best first."""
    for salt in range(256):
        marks = tuple(_marks(salt, order))
        if len(set(marks)) == len(marks):
            return Ranking(salt, min(order, default=0), max(order, default=0), marks)
    raise AssertionError("1,000 ids clash under one salt in 17: not under 256 of them")


def thaw(cursor: str) -> Ranking:
    """The ranking in a cursor. Raises ValueError for any other text."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raise ValueError("must come from a next link") from None
    low, high = int.from_bytes(raw[1:9]), int.from_bytes(raw[9:_HEAD_BYTES])
    marks = raw[_HEAD_BYTES:]
    if len(raw) < _HEAD_BYTES or len(marks) % _MARK_BYTES or len(marks) > RANKED_MAX * _MARK_BYTES:
        raise ValueError("must come from a next link")
    if not low <= high <= ID_MAX:
        raise ValueError("must come from a next link")
    return Ranking(raw[0], low, high, tuple(marks[at : at + 3] for at in range(0, len(marks), _MARK_BYTES)))


async def top_page(
    show: Show, viewer: int, cursor: str | None, size: int, scored: Scored, standing: Standing
) -> Page[bytes]:
    """A page of the best of the newest RANKED_MAX entries, by score and then newest first.

    `scored` gives the newest entries with their scores, `standing` what there is between two ids. Raises ValueError
    for a cursor that no page gave.
    """
    if cursor is None:
        best = sorted(await scored(RANKED_MAX), key=lambda entry: (entry[1], entry[0]), reverse=True)
        order: Sequence[int] = [one for one, _ in best]
        ranking = freeze(order)
    else:
        ranking = thaw(cursor)
        order = ranking.order(await standing(ranking.low, ranking.high, STANDING_MAX))

    async def candidates(before: int, limit: int) -> Sequence[Candidate]:
        first = len(order) - before + 1
        return [(len(order) - place, order[place]) for place in range(first, min(first + limit, len(order)))]

    page = await fill(show, viewer, candidates, len(order) + 1, size)
    rest = order[len(order) - int(page.next_cursor) + 1 :] if page.next_cursor else ()
    left = replace(ranking, marks=tuple(_marks(ranking.salt, rest)))
    return Page(page.entries, left.cursor() if rest else None)


def _marks(salt: int, item_ids: Iterable[int]) -> list[bytes]:
    """Multiply-shift hashing (Dietzfelbinger et al., 1997): under a random odd factor two ids clash once in 2^23."""
    factor = _FACTORS[salt]
    return [(one * factor % _WORD >> _MARK_SHIFT).to_bytes(_MARK_BYTES) for one in item_ids]
