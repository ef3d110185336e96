"""The phrase books in `books/`: what people of the made-up network say, one text file a language.

A book has sections, each a topic with its usual hashtags:

    [birds] #birding #dawnchorus
    bird = wren | barn owl          the words for the slot {bird}
    A {bird} at the pond!           a tweet
    > Lucky you                     a reply to one
    < Birds, everyone               the words of a quote

Slots are looked up in the section, then in `[any]`. `[banter]` is how people answer answers, `[event:x]` what the world
talks about for a few hours, and `[people]` has names as `native/romanised`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

COMMON = "any"
EVERYDAY = "life"
BANTER = "banter"
EVENT = "event:"

_HEADING = re.compile(r"\[([\w:]+)\]\s*(.*)")
_WORDS = re.compile(r"(\w+) = (.*)")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A phrase cut at its slots: text at even positions, names of slots at odd ones."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Line":
        """The line written as `text`, with slots in braces."""
        return cls(tuple(_SLOT.split(text)))


@dataclass(frozen=True, slots=True)
class Section:
    """All that is said on one topic in one language."""

    tags: tuple[str, ...]
    words: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    tweets: list[Line] = field(default_factory=list)
    replies: list[Line] = field(default_factory=list)
    quotes: list[Line] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Takes in one line of a book."""
        if words := _WORDS.fullmatch(text):
            self.words[words[1]] = tuple(Line.of(word) for word in words[2].split(" | "))
        elif text.startswith("> "):
            self.replies.append(Line.of(text[2:]))
        elif text.startswith("< "):
            self.quotes.append(Line.of(text[2:]))
        else:
            self.tweets.append(Line.of(text))


Book = Mapping[str, Section]


def _read(text: str) -> Book:
    book: dict[str, Section] = {}
    section = Section(())
    for row in filter(None, map(str.strip, text.splitlines())):
        if heading := _HEADING.fullmatch(row):
            section = book[heading[1]] = Section(tuple(heading[2].split()))
        else:
            section.add(row)
    return book


@cache
def books() -> Mapping[str, Book]:
    """Every phrase book by its language code."""
    folder = resources.files(__package__).joinpath("books")
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".txt"): _read(file.read_text("utf-8")) for file in files}


def topics(book: Book) -> list[str]:
    """The lasting topics of a book: no events, nothing that only serves others."""
    return [name for name, section in book.items() if section.tweets and not name.startswith(EVENT)]
