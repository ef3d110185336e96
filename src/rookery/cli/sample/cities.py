"""Where the people of the made-up network live: real cities, so that searching around a place finds something."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """A city by its name in English and in the language spoken there; degrees, and hours ahead of UTC in winter."""

    name: str
    local: str
    language: str
    latitude: float
    longitude: float
    utc_offset: int

    def called_in(self, language: str) -> str:
        """The city's name for someone who writes in `language`."""
        return self.local if language == self.language else self.name


CITIES = (
    City("London", "London", "en", 51.5074, -0.1278, 0),
    City("Edinburgh", "Edinburgh", "en", 55.9533, -3.1883, 0),
    City("Dublin", "Dublin", "en", 53.3498, -6.2603, 0),
    City("New York", "New York", "en", 40.7306, -73.9866, -5),
    City("Toronto", "Toronto", "en", 43.6532, -79.3832, -5),
    City("Nairobi", "Nairobi", "en", -1.2864, 36.8172, 3),
    City("Melbourne", "Melbourne", "en", -37.8136, 144.9631, 10),
    City("Istanbul", "İstanbul", "tr", 41.0082, 28.9784, 3),
    City("Izmir", "İzmir", "tr", 38.4237, 27.1428, 3),
    City("Madrid", "Madrid", "es", 40.4168, -3.7038, 1),
    City("Valencia", "Valencia", "es", 39.4699, -0.3763, 1),
    City("Buenos Aires", "Buenos Aires", "es", -34.6037, -58.3816, -3),
    City("Berlin", "Berlin", "de", 52.52, 13.405, 1),
    City("Vienna", "Wien", "de", 48.2082, 16.3738, 1),
    City("Paris", "Paris", "fr", 48.8566, 2.3522, 1),
    City("Lyon", "Lyon", "fr", 45.764, 4.8357, 1),
    City("Lisbon", "Lisboa", "pt", 38.7223, -9.1393, 0),
    City("São Paulo", "São Paulo", "pt", -23.5505, -46.6333, -3),
    City("Tokyo", "東京", "ja", 35.6762, 139.6503, 9),
    City("Kyoto", "京都", "ja", 35.0116, 135.7681, 9),
    City("Cairo", "القاهرة", "ar", 30.0444, 31.2357, 2),
    City("Amman", "عمّان", "ar", 31.9539, 35.9106, 3),
    City("Delhi", "दिल्ली", "hi", 28.6139, 77.209, 5),
    City("Mumbai", "मुंबई", "hi", 19.076, 72.8777, 5),
)
