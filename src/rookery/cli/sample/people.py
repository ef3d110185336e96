"""The people of the made-up network: names out of the phrase books (surnames are birds, so nobody real is meant)."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from rookery.cli.sample.cities import CITIES, City
from rookery.cli.sample.entries import SampleAccount
from rookery.cli.sample.phrases import EVERYDAY, Book, topics

HANDLE_MAX = 15
PROTECTED_SHARE = 0.02
ACTIVITY_MAX = 12.0
CHARM_MAX = 60.0  # of the greatest star, where most have 1 to 2
_SPEAKERS = {"en": 54, "tr": 9, "es": 9, "de": 6, "fr": 5, "pt": 4, "ja": 6, "ar": 4, "hi": 3}


@dataclass(frozen=True, slots=True)
class Person:
    """An account with what makes its tweets its own.

    `languages`: the first is the mother tongue, it reads them all. The shares are chances, 0-1, that a tweet has an
    emoji or a hashtag; `activity` and `charm` weigh how much it writes and how gladly others follow it.
    """

    account: SampleAccount
    home: City
    languages: tuple[str, ...]
    topics: tuple[str, ...]
    lower_case: bool
    emoji_share: float
    tag_share: float
    activity: float
    charm: float


class Census:
    """Makes people up, one after the other."""

    def __init__(self, rng: Random, books: Mapping[str, Book]) -> None:
        self._rng = rng
        self._books = books
        self._taken: set[str] = set()

    def people(self, count: int) -> list[Person]:
        """`count` people. The first writes English and is not protected: a good one to look around as."""
        speakers = self._rng.choices(list(_SPEAKERS), list(_SPEAKERS.values()), k=count)
        return [
            self._person("en" if index == 0 else language, index) for index, language in enumerate(speakers)
        ]

    def _person(self, language: str, index: int) -> Person:
        rng = self._rng
        choice = [topic for topic in topics(self._books[language]) if topic != EVERYDAY]
        liked = rng.sample(choice, min(len(choice), rng.randint(2, 3)))
        home = rng.choice([city for city in CITIES if city.language == language])
        reads_english = language != "en" and rng.random() < 0.6
        return Person(
            account=self._account(language, liked, home, index),
            home=home,
            languages=(language, "en") if reads_english else (language,),
            topics=(*liked, EVERYDAY),
            lower_case=language == "en" and rng.random() < 0.12,
            emoji_share=rng.choice((0.02, 0.1, 0.2, 0.4)),
            tag_share=rng.choice((0.05, 0.2, 0.35, 0.6)),
            activity=min(rng.paretovariate(1.4), ACTIVITY_MAX),
            charm=min(rng.paretovariate(1.1), CHARM_MAX),
        )

    def _account(self, language: str, liked: list[str], home: City, index: int) -> SampleAccount:
        rng = self._rng
        given, given_ascii = self._name("given", language)
        family, family_ascii = self._name("family", language)
        if language == "ja":
            name = family + given
        else:
            name = rng.choice((f"{given} {family}", f"{given} {family}", f"{given} {family}", given))
        flourish = rng.choice((*[""] * 14, " 🐦", " ☕", " 🌿", " 🚲", " 🪶", " 🌙"))
        return SampleAccount(
            handle=self._handle(given_ascii, family_ascii, liked[0]),
            name=name + flourish,
            bio=self._bio(language, liked, home),
            protected=rng.random() < PROTECTED_SHARE and index > 0,
        )

    def _name(self, which: str, language: str) -> tuple[str, str]:
        native, _, romanised = (
            self._rng.choice(self._books[language]["people"].words[which]).parts[0].partition("/")
        )
        return native, romanised

    def _handle(self, given: str, family: str, topic: str) -> str:
        rng = self._rng
        forms = (given + family, f"{given}_{family}", given[0] + "_" + family, given.title() + family.title())
        handle = rng.choice((*forms, f"{given}_{topic}", given + str(rng.randrange(2, 99))))[:HANDLE_MAX]
        digits = 2
        while handle.lower() in self._taken:
            number = str(rng.randrange(10**digits))
            handle = (given + family)[: HANDLE_MAX - len(number)] + number
            digits = min(digits + 1, HANDLE_MAX - 3)
        self._taken.add(handle.lower())
        return handle

    def _bio(self, language: str, liked: list[str], home: City) -> str:
        rng = self._rng
        book = self._books[language]
        said = [
            rng.choice(book[topic].words["bio"]) for topic in (*liked, EVERYDAY) if "bio" in book[topic].words
        ]
        lines = [line.parts[0] for line in rng.sample(said, min(len(said), 2))]
        if rng.random() < 0.5:
            lines.append(home.called_in(language))
        return rng.choice((" · ", ". ", " | ")).join(lines)
