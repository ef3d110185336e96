"""What feeds and searches say to a crowd, to be compared with what they said before."""

from typing import Any

from tests.faults.crowd import Crowd
from tests.serving import Person, ids_of, soon

TOKENS = ("anchor", "edited", '"reply 1"', "%23birds", "from:writer0", "birds -lake")
PEOPLE, TRENDS = "/search/users?token=writ", "/search/trends"


def answers(crowd: Crowd) -> list[Any] | None:
    """What feeds and searches say; None while they say that they cannot."""
    told = [pages(writer.person, "/feed/?pageSize=100") for writer in crowd.writers]
    told += [pages(crowd.host, f"/search/?token={token}&pageSize=100") for token in TOKENS]
    told += [
        pages(crowd.host, url) for url in ("/search/?latitude=46.5&longitude=6.6&sort=top", PEOPLE, TRENDS)
    ]
    return None if None in told else told


def settle(crowd: Crowd) -> None:
    """Returns when all that was written before is in every feed and in the index: they take it in by its order."""
    last = crowd.host.tweet("the last word")["tweetId"]
    for url in ("/feed/?pageSize=1", "/search/?token=from:host&pageSize=1"):
        soon([last], lambda url=url: ids_of(crowd.host.ok("GET", url)))  # type: ignore[misc]


def pages(person: Person, url: str) -> list[Any] | None:
    """A list to its end; None where storage says 503 on the way."""
    entries: list[Any] = []
    while True:
        answer = person.get(url)
        if answer.status_code == 503:
            assert "engine_unavailable" == answer.json()["code"]
            return None
        assert answer.status_code == 200, (url, answer.text)
        entries += answer.json()
        if "next" not in answer.links:
            return entries
        url = answer.links["next"]["url"]
