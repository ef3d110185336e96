"""Arrays of rendered objects."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery.core.rendering import JsonArray, json_array

OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), st.integers(), max_size=3).map(msgspec.json.encode))


@given(OBJECTS, st.slices(8))
def test_an_array_that_is_kept_whole_gives_back_each_object(items: list[bytes], part: slice) -> None:
    """The array is JSON of all its objects, and every one and every slice is what was put in."""
    array = JsonArray(items)
    assert json_array(items) == json_array(array) == array.whole
    assert items == list(array)
    assert items[part] == array[part]
    assert len(items) == len(array)
    if items:
        assert items[-1] == array[-1]
    with pytest.raises(IndexError):
        array[len(items)]
