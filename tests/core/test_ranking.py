"""Rankings that travel in a cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery.core.ids import ID_MAX
from rookery.core.ranking import RANKED_MAX, freeze, thaw

ORDERS = st.lists(st.integers(1, ID_MAX), unique=True, max_size=60)


@given(ORDERS)
def test_the_order_survives_the_cursor(order: list[int]) -> None:
    """What a cursor holds puts the same ids, found in any order, into the order that was frozen."""
    assert order == list(thaw(freeze(order).cursor()).order(sorted(order)))


@given(ORDERS, st.data())
def test_what_is_gone_leaves_the_rest_in_order(order: list[int], data: st.DataObject) -> None:
    """Ids that are no longer there are left out, and nothing else is."""
    left = [one for one in order if data.draw(st.booleans())]
    assert left == list(freeze(order).order(left))


def test_a_full_ranking_has_all_marks_different() -> None:
    """Also where marks of a salt clash, each of a thousand ids keeps a mark of its own."""
    for start in range(1, 80_000_000, 2_000_000):
        ranking = freeze(range(start, start + 2 * RANKED_MAX, 2))
        assert RANKED_MAX == len(set(ranking.marks))


@pytest.mark.parametrize("cursor", ["", "abc", "é", "a" * 8_000, freeze([5]).cursor()[:-1], "AP" + "_" * 30])
def test_other_text_is_no_cursor(cursor: str) -> None:
    """What no page gave is refused."""
    with pytest.raises(ValueError, match="next link"):
        thaw(cursor)
