"""Puts words into the mouths of made-up people: texts out of the phrase books that do not repeat visibly."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from random import Random
from typing import NamedTuple

from rookery.cli.sample.cities import CITIES, City
from rookery.cli.sample.people import Person
from rookery.cli.sample.phrases import BANTER, COMMON, EVENT, EVERYDAY, Book, Line, Section

TEXT_MAX = 200  # code points; wide scripts weigh double, so this keeps clear of 280 weighted characters in every book
_NUMBERS = (2, 3, 4, 5, 6, 7, 9, 10, 12, 13, 14, 15, 16, 17, 19)  # each follows the article "a"
_FOLDERS = ("notes", "post", "photos", "read", "p")
_TEXTS_REMEMBERED = 100_000
_TRIES = 6
_SENTENCE_START = re.compile(r"(?<=[.!?] )(?!https:)[a-z]")
_FULL_STOPS = ".!?…。！？।؟"


# Words that an answer takes over when it needs the slot; the others are its own (whose neighbour, at what hour).
_OWN_SLOTS = frozenset(("friend", "city", "person", "with", "when", "weekday", "feeling", "excuse", "emoji"))


class Draft(NamedTuple):
    """A text, and the words in it that answers may take up, by their slots."""

    text: str
    subject: Mapping[str, str]


class Writer:
    """Writes as one person after another; remembers what was said lately so that no phrase comes again too soon."""

    def __init__(self, rng: Random, books: Mapping[str, Book]) -> None:
        self._rng = rng
        self._books = books
        self._clock = count(1)
        self._used: defaultdict[Line, int] = defaultdict(int)
        self._said: defaultdict[str, set[Line]] = defaultdict(set)
        self._texts: set[str] = set()
        self._vocabularies: dict[tuple[str, int], Mapping[str, Sequence[Line]]] = {}

    def tweet(self, person: Person, language: str, topic: str, friend: str, where: City) -> Draft:
        """A tweet on a topic of that language's book; `friend` is a handle it may mention, `where` a city to name."""
        section = self._books[language][topic]
        tag_share = 0.85 if topic.startswith(EVENT) else person.tag_share

        def compose() -> Draft:
            line = self._fresh(section.tweets, person)
            said = self._draft(line, section, language, self._known(friend, where, language))
            text = self._voiced(said.text, person, language)
            return Draft(
                self._dressed(text, self._extras(section, person, language, tag_share)), said.subject
            )

        return self._unheard(compose)

    def reply(
        self,
        person: Person,
        language: str,
        topic: str,
        friend: str,
        subject: Mapping[str, str],
        *,
        to_reply: bool,
    ) -> Draft:
        """A reply to a draft with that topic and subject, or, `to_reply`, to what somebody replied to that."""
        book = self._books[language]
        general = book[BANTER if to_reply else EVERYDAY]
        section = general if self._rng.random() < (0.85 if to_reply else 0.4) else book[topic]
        known = {**self._known(friend, person.home, language), **subject}
        return self._unheard(lambda: self._aside(section.replies, section, person, language, known))

    def remark(
        self, person: Person, language: str, topic: str, friend: str, subject: Mapping[str, str]
    ) -> Draft:
        """The words to quote a draft with."""
        book = self._books[language]
        section = book[EVERYDAY] if self._rng.random() < 0.45 or not book[topic].quotes else book[topic]
        known = {**self._known(friend, person.home, language), **subject}
        return self._unheard(lambda: self._aside(section.quotes, section, person, language, known))

    def _aside(
        self,
        lines: Sequence[Line],
        section: Section,
        person: Person,
        language: str,
        known: Mapping[str, str],
    ) -> Draft:
        text, subject = self._draft(self._fresh(lines), section, language, dict(known))
        text = text.lower() if person.lower_case else text
        if self._rng.random() < person.emoji_share:
            text = self._dressed(text, [self._common("emoji", language)])
        return Draft(text, subject)

    def _unheard(self, compose: Callable[[], Draft]) -> Draft:
        for _ in range(_TRIES):
            draft = compose()
            if draft.text not in self._texts:
                break
        if len(self._texts) > _TEXTS_REMEMBERED:
            self._texts.clear()
        self._texts.add(draft.text)
        return draft

    def _fresh(self, lines: Sequence[Line], person: Person | None = None) -> Line:
        """One of the half that was not used for longest, if possible one that this person has not used yet."""
        oldest = sorted(lines, key=self._used.__getitem__)[: (len(lines) + 1) // 2]
        said = self._said[person.account.handle] if person else set()
        left = [line for line in oldest if line not in said]
        if not left:
            said.difference_update(lines)
        line = self._rng.choice(left or oldest)
        self._used[line] = next(self._clock)
        said.add(line)
        return line

    def _known(self, friend: str, where: City, language: str) -> dict[str, str]:
        return {"friend": "@" + friend, "city": self._city(where, language)}

    def _draft(self, line: Line, section: Section, language: str, known: dict[str, str]) -> Draft:
        text = self._filled(line, self._vocabulary(section, language), known)
        subject = {slot: word for slot, word in known.items() if slot not in _OWN_SLOTS}
        text = text[0].upper() + text[1:]
        return Draft(_SENTENCE_START.sub(lambda match: match[0].upper(), text), subject)

    def _vocabulary(self, section: Section, language: str) -> Mapping[str, Sequence[Line]]:
        """The words that fill a section's slots; put together once, as every draft asks."""
        if (language, id(section)) not in self._vocabularies:
            common = self._books[language][COMMON].words
            self._vocabularies[language, id(section)] = {**common, **section.words}
        return self._vocabularies[language, id(section)]

    def _filled(self, line: Line, words: Mapping[str, Sequence[Line]], known: dict[str, str]) -> str:
        """The line with its slots filled. A slot keeps its word within a text; `{bird2}` is a second, other bird."""
        if len(line.parts) == 1:
            return line.parts[0]
        pieces = list(line.parts)
        for position in range(1, len(pieces), 2):
            slot = pieces[position]
            pieces[position] = known[slot] if slot in known else self._word(slot, words, known)
        return "".join(pieces)

    def _word(self, slot: str, words: Mapping[str, Sequence[Line]], known: dict[str, str]) -> str:
        rng = self._rng
        if slot == "n":
            return str(rng.choice(_NUMBERS))
        if slot == "clock":
            return f"{rng.randint(5, 23)}:{rng.randrange(0, 60, 5):02}"
        if slot == "url":
            return f"https://example.org/{rng.choice(_FOLDERS)}/{rng.randrange(16**5):x}"
        choices = words[slot] if slot in words else words[slot.rstrip("23")]
        used = set(known.values())
        for _ in range(_TRIES):
            word = self._filled(rng.choice(choices), words, known)
            if word not in used:
                break
        known[slot] = word
        return word

    def _city(self, where: City, language: str) -> str:
        if self._rng.random() < 0.25:
            where = self._rng.choice([city for city in CITIES if language in ("en", city.language)])
        return where.called_in(language)

    def _common(self, slot: str, language: str) -> str:
        words = self._books[language][COMMON].words
        return self._filled(self._fresh(words[slot]), words, {})

    def _voiced(self, text: str, person: Person, language: str) -> str:
        """The text with a first word or a last sentence now and then, in the person's own spelling."""
        rng = self._rng
        if language == "en" and rng.random() < 0.05:
            text = f"{self._common('opener', language)} {text}"
        if text[-1] in _FULL_STOPS and rng.random() < 0.14:
            text += ("" if language == "ja" else " ") + self._common("closer", language)
        return text.lower() if person.lower_case else text

    def _extras(self, section: Section, person: Person, language: str, tag_share: float) -> list[str]:
        """An emoji and hashtags to end with. The earlier a hashtag stands in the book, the more it is used."""
        rng = self._rng
        extras = [self._common("emoji", language)] if rng.random() < person.emoji_share else []
        if section.tags and rng.random() < tag_share:
            weights = [1 / (rank * rank) for rank in range(1, len(section.tags) + 1)]
            extras += dict.fromkeys(rng.choices(section.tags, weights, k=rng.choice((1, 1, 2))))
        return extras

    def _dressed(self, text: str, extras: Sequence[str]) -> str:
        for extra in extras:
            if len(text) + 1 + len(extra) <= TEXT_MAX:
                text += " " + extra
        return text
