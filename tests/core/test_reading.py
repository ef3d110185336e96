"""Filling a page out of a list of candidates of which a viewer sees some."""

from collections.abc import Mapping, Sequence

import pytest

from rookery.core.page import CANDIDATES_MAX
from rookery.core.reading import Candidate, fill, stopped_at

TOP = 10_000


class List:
    """Candidates `length` down to 1, of which those in `visible` show; it counts what it was asked for."""

    def __init__(self, length: int, visible: Sequence[int], *, reach: int = TOP) -> None:
        self._length = length
        self._visible = frozenset(visible)
        self._reach = reach
        self.looked: list[int] = []
        self.asked = 0

    async def candidates(self, before: int, limit: int) -> Sequence[Candidate]:
        """Those below a position; of more than `reach` it says where it stopped."""
        self.asked += 1
        newest = min(before - 1, self._length)
        ids = list(range(newest, max(newest - limit, 0), -1))
        found = [(one, one) for one in ids[: self._reach]]
        return found if len(found) == len(ids) else [*found, stopped_at(found[-1][0])]

    async def show(self, viewer: int, ids: Sequence[int]) -> Mapping[int, bytes]:
        """The visible ones."""
        self.looked += ids
        return {one: b"%d" % one for one in ids if one in self._visible}

    async def pages(self, size: int) -> list[list[int]]:
        """The list, page by page; no page looks at more than a request may."""
        pages: list[list[int]] = []
        before = TOP
        while True:
            looked = len(self.looked)
            page = await fill(self.show, 0, self.candidates, before, size)
            assert len(self.looked) - looked <= CANDIDATES_MAX
            pages.append([int(one) for one in page.entries])
            if page.next_cursor is None:
                return pages
            before = int(page.next_cursor)


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("every", [1, 2, 7, 50])
async def test_each_visible_entry_comes_once_on_a_full_page(size: int, every: int) -> None:
    """Pages are full while entries remain, and there is a cursor exactly while there is more."""
    visible = list(range(300, 0, -every))
    expected = [visible[at : at + size] for at in range(0, len(visible), size)]
    assert expected == await List(300, visible).pages(size)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (CANDIDATES_MAX, [[]]),
        (CANDIDATES_MAX + 1, [[], [1]]),
        (2 * CANDIDATES_MAX + 5, [[], [], [1]]),
    ],
)
async def test_a_request_looks_at_800_candidates(length: int, expected: list[list[int]]) -> None:
    """Where all of them are hidden the page is empty, and its cursor says whether there are more candidates."""
    visible = [1] if length > CANDIDATES_MAX else []
    assert expected == await List(length, visible).pages(20)


async def test_hidden_entries_cost_few_questions() -> None:
    """A page of one entry that comes after hundreds of hidden ones asks for candidates some times, not hundreds."""
    listed = List(CANDIDATES_MAX, [1])
    assert [[1]] == await listed.pages(1)
    assert listed.asked <= 12


async def test_a_list_that_stops_looking_goes_on_with_the_next_page() -> None:
    """The page is short where the list looked no further, and nothing is lost or doubled."""
    pages = await List(50, [45, 31, 30, 2], reach=4).pages(10)
    assert [[45], [31], [30], [2]] == [page for page in pages if page]
    assert [] in pages
