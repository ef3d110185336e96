"""A search, parsed once: each engine translates it, and `matches` says in plain Python what it means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from rookery.core import ids, markup
from rookery.core.geo import Place
from rookery.core.text import IndexTerms, index_terms, marks, tokens

WORDS_MAX = 280  # words and marks of one search; a tweet holds no more, save one with a very long URL

_TIME_MS_MAX = ids.time_ms(ids.ID_MAX)
_QUOTES = '"“”„＂'
_PIECE = re.compile(rf"(?P<minus>-?)[{_QUOTES}](?P<phrase>[^{_QUOTES}]*)[{_QUOTES}]|(?P<run>\S+)")
_FILTER = re.compile(
    rf"(?i:(?P<whose>from|to)):@?(?P<handle>{markup.HANDLE})"
    r"|(?i:(?P<bound>since|until)):(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"|(?i:has:geo)",
    re.ASCII,  # or `ſ` would be an `s` here
)

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What a tweet or reply must fulfil, all of it.

    `phrases`: each is a run of words (often one) that stands so in the text's `words`; `marks` stand among its `marks`
    (see text.IndexTerms); `no_phrases` and `no_marks` do not. `author` wrote it, it answers `answered`: handles in
    lower case. `since_ms` <= its time < `until_ms` (Unix time in milliseconds, never beyond what an id can hold).
    `impossible`: nothing fulfils it.
    """

    phrases: tuple[Phrase, ...] = ()
    marks: tuple[str, ...] = ()
    no_phrases: tuple[Phrase, ...] = ()
    no_marks: tuple[str, ...] = ()
    author: str | None = None
    answered: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    has_geo: bool = False
    impossible: bool = False

    @property
    def empty(self) -> bool:
        """Whether it names nothing to look for: no word that can be found, no filter, or only what must be absent."""
        bounds = (self.author, self.answered, self.since_ms, self.until_ms)
        return not (self.phrases or self.marks or self.has_geo or any(bound is not None for bound in bounds))

    def finds_nothing(self, place: Place | None = None) -> bool:
        """Whether an engine need not be asked. With a place an empty query finds all that is there, except what must
        be absent; without one it finds nothing."""
        return self.impossible or (self.empty and place is None)


@dataclass(frozen=True, slots=True)
class Document:
    """A tweet or reply as a search sees it; `created_ms` is Unix time, the place in degrees."""

    text: str
    author_handle: str
    reply_to_handle: str | None
    created_ms: int
    latitude: float | None = None
    longitude: float | None = None


def parse(token: str) -> Query:
    """The search in a person's words. Source of the grammar: docs/api.md, Search. Never raises.

    Pieces stand between white space. `-` refuses a word, phrase, `#tag` or `@name`. A handle of `from:` and `to:` may
    carry an `@`. Whatever is no operator is plain text, also an impossible date or a quote without its partner; a plain
    piece of several words, such as `well-known` or a run of Chinese, is a phrase. Two authors, two answered
    accounts, or more than WORDS_MAX words are impossible together.
    """
    reading = _Reading()
    for piece in _PIECE.finditer(token):
        if (run := piece["run"]) is None:
            reading.phrase(piece["phrase"], refused=bool(piece["minus"]))
        elif not reading.filter(run):
            refused = run[0] == "-" and run[1:2] != "-"
            reading.run(run[1:] if refused else run, refused=refused)
    return reading.query()


def matches(query: Query, document: Document, place: Place | None = None) -> bool:
    """Whether a search finds a document, read off the definition: what every engine must agree with."""
    if query.finds_nothing(place):
        return False
    where = document.latitude is not None and document.longitude is not None
    return (
        text_matches(query, document.text)
        and query.author in (None, document.author_handle.lower())
        and query.answered in (None, (document.reply_to_handle or "").lower())
        and (query.since_ms is None or query.since_ms <= document.created_ms)
        and (query.until_ms is None or document.created_ms < query.until_ms)
        and (where or not query.has_geo)
        and (place is None or _is_in(document, place))
    )


def text_matches(query: Query, text: str) -> bool:
    """Whether a text fulfils what a search says of words and marks."""
    return terms_match(query, index_terms(text))


def terms_match(query: Query, terms: IndexTerms) -> bool:
    """Whether a text that is found by these fulfils what a search says of words and marks."""
    return (
        all(_holds(terms.words, phrase) for phrase in query.phrases)
        and all(term in terms.marks for term in query.marks)
        and not any(_holds(terms.words, phrase) for phrase in query.no_phrases)
        and not any(term in terms.marks for term in query.no_marks)
    )


def _holds(words: Sequence[str], phrase: Phrase) -> bool:
    return f" {' '.join(phrase)} " in f" {' '.join(words)} "


def _is_in(document: Document, place: Place) -> bool:
    if document.latitude is None or document.longitude is None:
        return False
    return place.contains(document.latitude, document.longitude)


@dataclass(slots=True)
class _Reading:
    """What has been read of a search so far. The dicts are sets that keep the order."""

    phrases: dict[Phrase, None] = field(default_factory=dict)
    marks: dict[str, None] = field(default_factory=dict)
    no_phrases: dict[Phrase, None] = field(default_factory=dict)
    no_marks: dict[str, None] = field(default_factory=dict)
    authors: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    since_ms: int | None = None
    until_ms: int | None = None
    has_geo: bool = False

    def phrase(self, text: str, *, refused: bool) -> None:
        """Adds the words of a text as one phrase, if it has any."""
        if words := tuple(tokens(text)):
            (self.no_phrases if refused else self.phrases)[words] = None

    def run(self, run: str, *, refused: bool) -> None:
        """Adds a plain piece: its mark where it is nothing else, otherwise its words and, if wanted, its marks."""
        links = markup.extract(run)
        signed: list[markup.Hashtag | markup.Mention] = [*links.hashtags, *links.mentions]
        terms = dict.fromkeys(marks(links))
        if len(signed) == 1 and not tokens(f"{run[: signed[0].start]} {run[signed[0].end :]}"):
            (self.no_marks if refused else self.marks).update(terms)
            return
        self.phrase(run, refused=refused)
        if not refused:
            self.marks.update(terms)

    def filter(self, run: str) -> bool:
        """Adds a filter; False where the piece is none."""
        found = _FILTER.fullmatch(run)
        if found is None:
            return False
        if found["whose"]:
            handles = self.authors if found["whose"].lower() == "from" else self.answered
            handles.add(found["handle"].lower())
        elif found["bound"]:
            return self._bound(found["bound"].lower(), found["day"])
        else:
            self.has_geo = True
        return True

    def _bound(self, side: str, day: str) -> bool:
        try:
            midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
        except ValueError:
            return False
        at_ms = min(max(int(midnight.timestamp()) * 1000, 0), _TIME_MS_MAX)
        if side == "since":
            self.since_ms = at_ms if self.since_ms is None else max(at_ms, self.since_ms)
        else:
            self.until_ms = at_ms if self.until_ms is None else min(at_ms, self.until_ms)
        return True

    def query(self) -> Query:
        """All of it together."""
        words = sum(map(len, (*self.phrases, *self.no_phrases))) + len(self.marks) + len(self.no_marks)
        return Query(
            phrases=tuple(self.phrases),
            marks=tuple(self.marks),
            no_phrases=tuple(self.no_phrases),
            no_marks=tuple(self.no_marks),
            author=min(self.authors, default=None),
            answered=min(self.answered, default=None),
            since_ms=self.since_ms,
            until_ms=self.until_ms,
            has_geo=self.has_geo,
            impossible=words > WORDS_MAX or len(self.authors) > 1 or len(self.answered) > 1,
        )
