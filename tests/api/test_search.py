"""Search for tweets and people, and trends, as a client sees them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.serving import Person, fields_of, ids_of, soon

Make = Callable[..., Person]

TEXTS = {
    "plain": "Zebras graze quietly",
    "accent": "A ZÉBRAS' crossing, quietly!",
    "phrase": "quietly zebras sleep",
    "tag": "#Zebras run",
    "chinese": "今天看见斑马真高兴 zebras",
    "thai": "วันนี้เห็นม้าลายสวยมาก zebras",
    "japanese": "昨日シマウマを見ました zebras",
    "mention": "zebras for @zoo_of_ours",
    "link": "zebras at https://zebras.example/herd",
}


@pytest.fixture
def herd(person: Make) -> tuple[Person, dict[str, str]]:
    """Someone's tweets by name, once the index has them."""
    ann = person("herd")
    ids = {name: ann.tweet(text)["tweetId"] for name, text in TEXTS.items()}
    ids["reply"] = ann.ok("POST", f"/reply/{ids['plain']}", {"content": "zebras reply"})["tweetId"]
    ann.ok("POST", f"/retweet/{ids['plain']}")
    soon(len(ids), lambda: len(ann.walk("/search/", token=f"zebras from:{ann.handle}")))
    return ann, ids


QUERIES = {
    "zebras": {*TEXTS, "reply"},
    "ZEBRAS Quietly": {"plain", "accent", "phrase"},
    "zébras": {*TEXTS, "reply"},
    "zebra": set(),
    '"zebras graze"': {"plain"},
    '"graze zebras"': set(),
    '"quietly zebras"': {"phrase"},
    "zebras -quietly": {"tag", "chinese", "thai", "japanese", "mention", "link", "reply"},
    '-"quietly zebras" quietly': {"plain", "accent"},
    "#zebras": {"tag"},
    "zebras -#zebras quietly": {"plain", "accent", "phrase"},
    "斑马": {"chinese"},
    "马斑": set(),
    "ม้าลาย": {"thai"},
    "シマウマ": {"japanese"},
    "ｼﾏｳﾏを見": {"japanese"},
    "マウシ": set(),
    "@Zoo_of_Ours": {"mention"},
    "zebras for -@zoo_of_ours": set(),
    "zoo_of_ours": {"mention"},
    "zoo": set(),
    "zebras -#zebras run": set(),
    "zebras to:{me}": {"reply"},
    "zebras from:{ME}": {*TEXTS, "reply"},
    "zebras from:nobody_there": set(),
    "zebras since:{today}": {*TEXTS, "reply"},
    "zebras until:{today}": set(),
    "zebras until:{tomorrow}": {*TEXTS, "reply"},
    "zebras has:geo": set(),
    "zebras since:2026-99-99": set(),
    "zebras AND": set(),
    "zebras OR quietly": set(),
    "zebras*": {*TEXTS, "reply"},
    '"zebras': {*TEXTS, "reply"},
    "(zebras)": {*TEXTS, "reply"},
    "content:zebras": set(),
    "zebras NEAR/2 quietly": set(),
}


def test_queries_mean_what_the_page_says(herd: tuple[Person, dict[str, str]], stranger: Person) -> None:
    """All words, whole, in any case and accent; phrases, refusals, tags, handles, days; no engine's syntax."""
    ann, ids = herd
    first = datetime.fromisoformat(stranger.ok("GET", f"/tweet/{ids['plain']}")["createdTimeStamp"])
    places = {
        "me": ann.handle,
        "ME": ann.handle.upper(),
        "today": first.date(),
        "tomorrow": datetime.now(UTC).date() + timedelta(days=1),
    }
    for query, names in QUERIES.items():
        token = (
            f"{query.format(**places)} from:{ann.handle}" if "from:" not in query else query.format(**places)
        )
        expected = sorted((ids[name] for name in names), key=int, reverse=True)
        assert (query, expected) == (query, ids_of(stranger.walk("/search/", token=token)))


def test_edits_and_deletes_reach_the_index(person: Make, stranger: Person) -> None:
    """The new words find an edited tweet and the old ones do not; a deleted one is gone at once."""
    ann = person("ed")
    old, new = f"before{ann.handle}", f"after{ann.handle}"
    tweet = ann.tweet(old)["tweetId"]
    soon([tweet], lambda: ids_of(stranger.walk("/search/", token=old)))
    ann.ok("PATCH", f"/tweet/{tweet}", {"content": new})
    soon([tweet], lambda: ids_of(stranger.walk("/search/", token=new)))
    soon([], lambda: stranger.walk("/search/", token=old))
    ann.ok("DELETE", f"/tweet/{tweet}")
    assert [] == stranger.walk("/search/", token=new)


def test_places_are_exact_circles(person: Make, stranger: Person) -> None:
    """A place finds what lies within its radius on the globe, across the date line and at a pole, with words or not."""
    ann = person("geo")
    word = f"here{ann.handle}"
    spots = {"line": (0.0, 179.95), "over": (0.0, -179.95), "pole": (89.99, 10.0), "far": (0.0, 170.0)}
    ids = {
        name: ann.tweet(word, latitude=latitude, longitude=longitude)["tweetId"]
        for name, (latitude, longitude) in spots.items()
    }
    nowhere = ann.tweet(word)["tweetId"]
    soon(5, lambda: len(stranger.walk("/search/", token=word)))

    def found(
        latitude: float, longitude: float, radius: float | None = None, token: str | None = word
    ) -> set[str]:
        query = {"token": token, "latitude": latitude, "longitude": longitude, "radiusKm": radius}
        hits = ids_of(
            stranger.walk("/search/", **{name: one for name, one in query.items() if one is not None})
        )
        return {name for name, one in ids.items() if one in hits} | (
            {"nowhere"} if nowhere in hits else set()
        )

    assert {"line", "over"} == found(0, 180)
    assert {"line"} == found(0, 179.95, 11)
    assert {"line", "over"} == found(0, 179.95, 11.2)
    assert {"pole"} == found(90, -170, 2)
    assert {"line", "over"} == found(0, 180, 25, None)
    assert {*spots} - {"nowhere"} - {"pole"} == found(0, 175, 0.1) | found(0, 175, 500) | found(
        0, 180
    ) | found(0, 170, 1)
    assert {*spots} == set(spots) & {
        name for name, one in ids.items() if one in ids_of(stranger.walk("/search/", token=f"{word} has:geo"))
    }


@pytest.mark.parametrize(
    ("query", "bad"),
    [
        ("", {"token"}),
        ("token=", {"token"}),
        (f"token={'x' * 301}", {"token"}),
        ("token=a&latitude=1", {"longitude"}),
        ("longitude=1", {"latitude"}),
        ("latitude=1&longitude=181", {"longitude"}),
        ("latitude=nan&longitude=inf", {"latitude", "longitude"}),
        ("latitude=1&longitude=1&radiusKm=0.05", {"radiusKm"}),
        ("latitude=1&longitude=1&radiusKm=501", {"radiusKm"}),
        ("token=a&sort=best&cursor=x", {"sort", "cursor"}),
        ("token=a&radius=3", {"radius"}),
    ],
)
def test_searches_that_cannot_be(stranger: Person, query: str, bad: set[str]) -> None:
    """Each bad field of a search is named."""
    assert bad <= fields_of(stranger.get(f"/search/?{query}"))


def test_people_are_found_by_prefixes_of_handle_and_name(person: Make, stranger: Person) -> None:
    """In any case and accent; whose handle it is comes first, then the most followed; renamed ones by the new name."""
    ann, bob, cat = person("Quail"), person("Quail"), person("dove")
    cat.ok("PATCH", "/account/", {"name": f"Ällie {ann.handle}"})
    bob.ok("POST", "/follow", {"userId": cat.id})

    def found(token: str) -> list[str]:
        return ids_of(stranger.walk("/search/users", token=token, pageSize=1))

    soon([ann.id, cat.id], lambda: found(f"@{ann.handle.lower()}"))
    soon([cat.id], lambda: found(f"alli {ann.handle[:-1]}"))
    assert {ann.id, bob.id} <= set(found("quai"))
    ann.ok("POST", f"/block/{cat.id}")
    assert [cat.id] == ids_of(cat.walk("/search/users", token=ann.handle))
    assert [] == stranger.walk("/search/users", token="!!!")
    assert {"token"} == fields_of(stranger.get("/search/users"))


def test_trends_count_the_hashtags_of_a_day(person: Make, stranger: Person) -> None:
    """Most used first, each tweet once, anywhere or near a place."""
    ann, bob = person("trend"), person("trend")
    tag = f"Trend{ann.handle}"
    for who in (ann, bob, ann):
        who.tweet(f"#{tag} and #{tag.lower()}", latitude=-89, longitude=5)
    gone = ann.tweet(f"#{tag}", latitude=-89, longitude=5)["tweetId"]
    ann.ok("DELETE", f"/tweet/{gone}")

    def near() -> list[tuple[str, int]]:
        trends = stranger.ok("GET", "/search/trends?latitude=-89&longitude=5")
        return [(one["hashtag"].lower(), one["count"]) for one in trends]

    soon([(tag.lower(), 3)], near)
    assert [] == stranger.ok("GET", "/search/trends?latitude=-80&longitude=5")
    counts = [one["count"] for one in stranger.ok("GET", "/search/trends")]
    assert sorted(counts, reverse=True) == counts
    assert {"longitude"} == fields_of(stranger.get("/search/trends?latitude=1"))
