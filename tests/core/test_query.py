"""What a search means."""

import csv
import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery.core import ids
from rookery.core.geo import Place
from rookery.core.query import WORDS_MAX, Document, Query, matches, parse

DAY_MS = 86_400_000
JANUARY_31_MS = int(datetime(2026, 1, 31, tzinfo=UTC).timestamp() * 1000)
BERLIN = Place(52.52, 13.405, 25)


def document(text: str = "text", **changes: object) -> Document:
    """A document by @anna in Berlin that answers @Bob, with changes."""
    plain = Document(text, "Anna", "Bob", JANUARY_31_MS, 52.5, 13.4)
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("cafe CREME", "Une Crème au CAFÉ"),
        ('"the big fight"', "It's the BIG fight!"),
        ("“the big fight”", "It's the big fight!"),
        ("mcgregor", "McGregor's win"),
        ("mcgregor’s", "McGregor's win"),
        ("日本", "私は日本語を話す"),
        ("ภาษา", "ฉันพูดภาษาไทย"),
        ("#café", "at the #CAFE."),
        ("＃cafe", "at the #café."),
        ("cafe", "at the #café."),
        ("@anna", "thanks @Anna!"),
        ("anna", "thanks @Anna!"),
        ('"thanks anna so"', "thanks @anna so much"),
        ("😀", "yes😀😃"),
        ("👍", "👍🏿"),
        ("fight -boring", "a fine fight"),
        ("fight -#cafe", "fight at the cafe"),
        ("fight -@anna", "fight with anna"),
        ('fight -"so boring"', "boring fight, so what"),
        ("from:anna", "text"),
        ("FROM:@ANNA", "text"),
        ("to:bob", "text"),
        ("has:geo", "text"),
        ("since:2026-01-31", "text"),
        ("until:2026-02-01", "text"),
        ("since:2026-01-01 since:2026-01-31 until:2026-02-01 until:2027-01-01", "text"),
        ("since:2026-02-30", "since: 2026.02.30"),
        ("from:a-b", "from a b"),
        ("from:", "from here"),
        ("has:pictures", "has pictures"),
        ("well-known", "a well known face"),
        ('say "hello', "hello, I say"),
        ("text AND", "text and more"),
        ("text* NEAR(a) {b}: ^c", "text near a b c"),
        ("text !!!", "text"),
        ("--text", "text"),
    ],
)
def test_a_search_finds(token: str, text: str) -> None:
    """Words in any case and accent, phrases, marks, filters, and plain text that only looks like an operator."""
    assert matches(parse(token), document(text))


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("fight boring", "a fine fight"),
        ("cat", "category"),
        ('"big the fight"', "the big fight"),
        ("日語", "私は日本語を話す"),
        ("#cafe", "at the cafe"),
        ("#cafe", "at the #cafeteria"),
        ("@anna", "thanks anna"),
        ("@anna", "mail me@anna.example"),
        ("fight -boring", "a boring fight"),
        ("fight -#cafe", "fight at the #cafe"),
        ("fight -@anna", "fight with @anna"),
        ('fight -"so boring"', "fight, so boring"),
        ("from:bob", "text"),
        ("from:anna from:bob", "text"),
        ("to:anna", "text"),
        ("since:2026-02-01", "text"),
        ("until:2026-01-31", "text"),
        ("", "text"),
        ("!!!", "text !!!"),
        ("-boring", "text"),
        ('"" - -!', "text"),
    ],
)
def test_a_search_does_not_find(token: str, text: str) -> None:
    """Parts of words, words in another order, what was refused, and nothing at all where nothing was asked for."""
    assert not matches(parse(token), document(text))


def test_days_begin_at_midnight_in_utc() -> None:
    """`since:` takes the day's first millisecond, `until:` leaves it out."""
    since, until = parse("since:2026-01-31"), parse("until:2026-02-01")

    assert [False, True] == [matches(since, document(created_ms=JANUARY_31_MS + late)) for late in (-1, 0)]
    assert [True, False] == [
        matches(until, document(created_ms=JANUARY_31_MS + DAY_MS + late)) for late in (-1, 0)
    ]


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "6500-01-01", "9999-12-31"])
def test_far_days_fit_into_an_id(day: str) -> None:
    """The bounds can be turned into ids, which have 63 bits."""
    query = parse(f"since:{day} until:{day}")

    assert query.since_ms is not None
    assert query.since_ms == query.until_ms
    assert 0 <= ids.first_id_at(query.since_ms) <= ids.ID_MAX


def test_a_place_makes_a_query_of_refusals_whole() -> None:
    """Alone, words that must be absent find nothing; with a place they find what is there without them."""
    refusal = parse("-boring")

    assert refusal.finds_nothing()
    assert matches(refusal, document("fine"), BERLIN)
    assert not matches(refusal, document("boring"), BERLIN)
    assert not matches(refusal, document("fine", latitude=48.8566, longitude=2.3522), BERLIN)
    assert not matches(refusal, document("fine", latitude=None, longitude=None), BERLIN)


@pytest.mark.parametrize(
    "token", ["\u017fince:2026-01-31", "s\u0131nce:2026-01-31", "ha\u017f:geo", "from\uff1aanna"]
)
def test_what_only_looks_like_an_operator_is_plain_text(token: str) -> None:
    """Letters that are ASCII ones in another case alone do not make an operator."""
    assert parse(token) == Query(phrases=parse(f'"{token}"').phrases)


def test_only_what_has_a_place_has_geo() -> None:
    """`has:geo` leaves out what was written nowhere."""
    assert not matches(parse("has:geo"), document(latitude=None, longitude=None))


def test_what_engines_get() -> None:
    """A search is taken apart once, each part in its own field and each term once."""
    query = parse('Big big "a fight" #Cafe -no -"so so" -@anna from:@Anna to:bob has:geo')

    assert query == Query(
        phrases=(("big",), ("a", "fight")),
        marks=("#cafe",),
        no_phrases=(("no",), ("so", "so")),
        no_marks=("@anna",),
        author="anna",
        answered="bob",
        has_geo=True,
    )


def test_a_search_of_more_words_than_a_tweet_holds_finds_nothing() -> None:
    """An engine never gets more than WORDS_MAX words, and nothing is found that lacks one of them."""
    words = [f"w{number}" for number in range(WORDS_MAX + 1)]

    assert not parse(" ".join(words[:-1])).impossible
    assert parse(" ".join(words)).finds_nothing(BERLIN)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from('-"#@:“ afromtsincehgeo0129'))))
def test_any_text_is_a_search(token: str) -> None:
    """Nothing that a person may type raises, and no term is empty or holds a space."""
    query = parse(token)

    terms = [word for phrase in (*query.phrases, *query.no_phrases) for word in phrase]
    terms += [*query.marks, *query.no_marks]
    assert all(term.split() == [term] for term in terms)
    assert all((*query.phrases, *query.no_phrases))


def test_every_real_tweet_is_found_by_its_own_words(shared_data: Path) -> None:
    """A person who pastes a tweet into the search finds it, as do its single words; refused, each hides it."""
    with (shared_data / "mayweather-mcgregor_tweets.csv").open(newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)][::6]
    for text in texts:
        found = document(text)
        pieces = [piece for piece in text.split() if piece[0] not in '-"“”„＂']
        whole = parse(" ".join(pieces))
        assert whole.empty or matches(whole, found), text
        for piece in pieces:
            query = parse(piece)
            assert query.empty or matches(query, found), (piece, text)
            assert query.empty or not matches(parse(f"{piece} -{piece}"), found), (piece, text)
