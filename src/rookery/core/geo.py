"""Places: distance on the globe, and the grid by which an index finds what is near."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import acos, asin, cos, degrees, floor, isfinite, pi, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088  # the mean radius (IUGG)
RADIUS_KM_MIN = 0.1
RADIUS_KM_MAX = 500.0
CELLS_MAX = 200  # no place is covered by more cells than this

_FINE_RADIUS_KM_MAX = 60.0  # up to here the fine grid covers a place with few enough cells
_FINEST_RADIUS_KM_MAX = 6.0  # and up to here the finest one
_MARGIN = 1e-9  # radians (6 mm): rounding must never lose a cell
_KM_PER_DEGREE = radians(1) * EARTH_RADIUS_KM  # of latitude
_KM_MARGIN = 1e-5


@dataclass(frozen=True, slots=True)
class _Grid:
    """Bands of latitude `degrees_high`, each cut into as many equal cells as keeps them about square."""

    name: str
    degrees_high: float

    @property
    def bands(self) -> int:
        return round(180 / self.degrees_high)

    def band(self, latitude: float) -> int:
        return min(max(floor((latitude + 90) / self.degrees_high), 0), self.bands - 1)

    def edges(self, band: int) -> tuple[float, float]:
        """The southern and northern edge in degrees."""
        return band * self.degrees_high - 90, (band + 1) * self.degrees_high - 90

    def columns(self, band: int) -> int:
        south, north = self.edges(band)
        nearest_equator = 0.0 if south < 0 < north else min(abs(south), abs(north))
        return max(1, floor(360 / self.degrees_high * cos(radians(nearest_equator))))

    def column(self, band: int, longitude: float) -> int:
        """The column of a longitude of any turn."""
        columns = self.columns(band)
        return floor((longitude + 180) % 360 / 360 * columns) % columns

    def cell(self, latitude: float, longitude: float) -> str:
        """The term of the cell that a point lies in."""
        band = self.band(latitude)
        return self.term(band, self.column(band, longitude))

    def term(self, band: int, column: int) -> str:
        return f"{self.name}{band}x{column}"


_COARSE = _Grid("coarse", 1.0)
_FINE = _Grid("fine", 0.1)
_FINEST = _Grid("finest", 0.01)


@dataclass(frozen=True, slots=True)
class Place:
    """All that is at most `radius_km` from a point in degrees."""

    latitude: float
    longitude: float
    radius_km: float

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether a point lies in the place, its rim included. Most points that do not are told by their latitude."""
        if abs(latitude - self.latitude) * _KM_PER_DEGREE > self.radius_km + _KM_MARGIN:
            return False
        return haversine_km(self.latitude, self.longitude, latitude, longitude) <= self.radius_km


def check_latitude(value: float) -> float:
    """The latitude in degrees. Raises ValueError, with a sentence to show, outside -90 to 90."""
    return _within(value, -90, 90)


def check_longitude(value: float) -> float:
    """The longitude in degrees. Raises ValueError, with a sentence to show, outside -180 to 180."""
    return _within(value, -180, 180)


def check_radius_km(value: float) -> float:
    """The radius in kilometres. Raises ValueError, with a sentence to show, outside 0.1 to 500."""
    return _within(value, RADIUS_KM_MIN, RADIUS_KM_MAX)


def half_a_place(given: Collection[str]) -> Mapping[str, str]:
    """The fault where one of latitude and longitude is among the given fields and the other is not."""
    both = ("latitude", "longitude")
    missing = [name for name in both if name not in given]
    if len(missing) != 1:
        return {}
    (there,) = (name for name in both if name in given)
    return {missing[0]: f"is required together with {there}"}


def _within(value: float, low: float, high: float) -> float:
    if not (isfinite(value) and low <= value <= high):
        raise ValueError(f"must be {low:g} to {high:g}")
    return value


def haversine_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The distance of two points (degrees) in kilometres, on a sphere."""
    north, other_north = radians(latitude), radians(other_latitude)
    across = sin(radians(other_longitude - longitude) / 2)
    along = sin((other_north - north) / 2)
    square = along * along + cos(north) * cos(other_north) * across * across
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, square)))


def cells(latitude: float, longitude: float) -> tuple[str, str, str]:
    """The terms under which a point is indexed, alphanumeric: its coarse (111 km), fine (11 km) and finest (1.1 km)
    cell."""
    return (
        _COARSE.cell(latitude, longitude),
        _FINE.cell(latitude, longitude),
        _FINEST.cell(latitude, longitude),
    )


def grid_cell(latitude: float, longitude: float, radius_km: float) -> str:
    """The one of a point's `cells` that is among the covering of a place of this radius around it."""
    return _grid(radius_km).cell(latitude, longitude)


def covering(place: Place) -> list[str]:
    """Terms, at most CELLS_MAX, of which each point of the place has one among its `cells`.

    A cell also holds points outside, so `Place.contains` decides. The radius must be RADIUS_KM_MIN to RADIUS_KM_MAX.
    """
    grid = _grid(place.radius_km)
    reach = place.radius_km / EARTH_RADIUS_KM + _MARGIN
    first = grid.band(place.latitude - degrees(reach))
    last = grid.band(place.latitude + degrees(reach))
    return [
        grid.term(band, column)
        for band in range(first, last + 1)
        for column in _columns_within(grid, band, place, reach)
    ]


def _grid(radius_km: float) -> _Grid:
    """The grid that covers a place of this radius with few cells that are not much larger than it."""
    if radius_km <= _FINEST_RADIUS_KM_MAX:
        return _FINEST
    return _FINE if radius_km <= _FINE_RADIUS_KM_MAX else _COARSE


def _columns_within(grid: _Grid, band: int, place: Place, reach: float) -> Iterator[int]:
    width = degrees(_half_width(place.latitude, reach, *grid.edges(band)))
    columns = grid.columns(band)
    step = 360 / columns
    if 2 * width + step >= 360:
        yield from range(columns)
        return
    west = floor((place.longitude + 180 - width) / step)
    east = floor((place.longitude + 180 + width) / step)
    yield from (column % columns for column in range(west, east + 1))


def _half_width(latitude: float, reach: float, south: float, north: float) -> float:
    """How far, in radians of longitude, a circle extends to each side within a band.

    `reach` is the circle's radius in radians, the rest degrees. On a parallel the spherical law of cosines gives the
    width; it is greatest where the circle touches a meridian (at a pole that lies inside) and falls off from there.
    """
    centre = radians(latitude)
    touching = asin(min(1.0, max(-1.0, sin(centre) / cos(reach))))
    widest = min(max(touching, radians(south)), radians(north))
    across = cos(centre) * cos(widest)
    if across <= _MARGIN:
        return pi
    cosine = (cos(reach) - sin(centre) * sin(widest)) / across
    return acos(min(1.0, max(-1.0, cosine))) + _MARGIN / cos(widest)
