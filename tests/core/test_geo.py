"""Distances and the grid that finds what is near."""

from math import inf, isclose, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rookery.core.geo import (
    CELLS_MAX,
    RADIUS_KM_MAX,
    RADIUS_KM_MIN,
    Place,
    cells,
    check_latitude,
    check_longitude,
    check_radius_km,
    covering,
    haversine_km,
)

latitudes = st.one_of(
    st.floats(-90, 90), st.floats(-90, -89), st.floats(89, 90), st.sampled_from([-90.0, 0.0, 90.0])
)
longitudes = st.one_of(
    st.floats(-180, 180), st.floats(-180, -179), st.floats(179, 180), st.sampled_from([-180.0, 180.0])
)
radii = st.one_of(
    st.floats(RADIUS_KM_MIN, RADIUS_KM_MAX), st.sampled_from([6.0, 6.001, 25.0, 60.0, 60.001, RADIUS_KM_MAX])
)
places = st.builds(Place, latitudes, longitudes, radii)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((52.5200, 13.4050), (48.8566, 2.3522), 877.46),
        ((0, 179.5), (0, -179.5), 111.195),
        ((90, 0), (90, 77), 0),
        ((0, 0), (0, 180), 20015.115),
    ],
)
def test_distance_on_the_globe(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    """Known distances, over the antimeridian, at the pole and to the other side of the earth."""
    assert isclose(km, haversine_km(*one, *other), rel_tol=1e-4, abs_tol=1e-9)


@pytest.mark.parametrize("check", [check_latitude, check_longitude, check_radius_km])
def test_what_is_no_number_is_no_place(check: type[float]) -> None:
    """Infinity and not-a-number are refused with a sentence."""
    for value in (nan, inf, -inf):
        with pytest.raises(ValueError, match="must be"):
            check(value)


def test_the_bounds_belong_to_the_range() -> None:
    """The last value is taken, the next one refused."""
    assert (-90, 90, -180, 180, 0.1, 500) == (
        check_latitude(-90),
        check_latitude(90),
        check_longitude(-180),
        check_longitude(180),
        check_radius_km(0.1),
        check_radius_km(500),
    )
    for check, value in ((check_latitude, 90.01), (check_longitude, -180.01), (check_radius_km, 0.09)):
        with pytest.raises(ValueError, match="must be"):
            check(value)


@settings(max_examples=1000)
@given(places, st.floats(-1.2, 1.2), st.floats(-1, 1))
def test_the_covering_misses_nothing(place: Place, north: float, east: float) -> None:
    """Whatever lies in a place has one of its cells among the covering."""
    degrees_radius = place.radius_km / 111.195
    latitude = min(90.0, max(-90.0, place.latitude + north * degrees_radius))
    longitude = _inside(place, latitude, east)
    if longitude is not None:
        assert set(cells(latitude, longitude)) & set(covering(place)), (latitude, longitude)


def _inside(place: Place, latitude: float, east: float) -> float | None:
    """A longitude on this parallel within the place, `east` (-1 to 1) of the way to its edge, found by bisection."""
    if not place.contains(latitude, place.longitude):
        return None
    low, high = 0.0, 180.0
    for _ in range(60):
        middle = (low + high) / 2
        if place.contains(latitude, place.longitude + middle):
            low = middle
        else:
            high = middle
    longitude = (place.longitude + east * low + 180) % 360 - 180
    return longitude if place.contains(latitude, longitude) else None


@given(places, latitudes, longitudes)
def test_what_lies_in_a_place_is_a_matter_of_distance(
    place: Place, latitude: float, longitude: float
) -> None:
    """A point lies in a place exactly where its distance is at most the radius."""
    distance = haversine_km(place.latitude, place.longitude, latitude, longitude)
    for radius_km in (place.radius_km, distance):
        expected = distance <= radius_km
        assert expected == Place(place.latitude, place.longitude, radius_km).contains(latitude, longitude)


@given(places)
def test_the_rim_to_the_east_and_west_is_covered(place: Place) -> None:
    """The outermost points on each parallel, where a cell is lost first, are in the covering."""
    covered = set(covering(place))
    for step in range(-20, 21):
        latitude = place.latitude + step / 20 * place.radius_km / 111.195
        if abs(latitude) <= 90:
            for east in (-1.0, 1.0):
                longitude = _inside(place, latitude, east)
                assert longitude is None or set(cells(latitude, longitude)) & covered


@settings(max_examples=1000)
@given(places)
def test_a_covering_is_small_and_names_each_cell_once(place: Place) -> None:
    """An engine gets a bounded list of terms, also at the poles, made of letters and digits."""
    terms = covering(place)

    assert len(terms) == len(set(terms)) <= CELLS_MAX
    assert all(term.isascii() and term.isalnum() for term in terms)


def test_a_covering_is_no_larger_than_it_must_be() -> None:
    """The cells of the default radius take an area of a few times the circle's."""
    terms = covering(Place(52.52, 13.405, 25))

    assert 20 <= len(terms) <= 45


@given(latitudes, st.sampled_from([-180.0, 180.0]))
def test_the_antimeridian_is_one_line(latitude: float, longitude: float) -> None:
    """180 degrees east and west are the same cell."""
    assert cells(latitude, longitude) == cells(latitude, -longitude)
