"""Cleaning, weighing and analysing texts."""

import csv
import time
from itertools import pairwise
from pathlib import Path
from unicodedata import category, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery.core.markup import extract
from rookery.core.text import clean_text, fold, index_terms, tokens, weighted_length

EVERY_CHARACTER = [chr(code) for code in range(0x110000) if category(chr(code)) not in {"Cn", "Co", "Cs"}]
TEXT_MAX = 64 * 1024  # the largest body that reaches these functions


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("one\r\ntwo\nthree\rfour", "one\ntwo\nthree\rfour"),
        ("  kept \u2028 as it is  ", "  kept \u2028 as it is  "),
        ("👨\u200d👩\u200d👧 \ufe0f\u202e", "👨\u200d👩\u200d👧 \ufe0f\u202e"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_a_text_is_stored_as_it_came(raw: str, stored: str) -> None:
    """CRLF becomes LF; spaces, format characters and decomposed letters stay as they are."""
    assert stored == clean_text(raw)


@pytest.mark.parametrize(
    "character", ["\0", "\t", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\ud800", chr(0xDFFF)]
)
def test_control_characters_and_lone_surrogates_are_refused(character: str) -> None:
    """The refusal names the character."""
    with pytest.raises(ValueError, match=rf"U\+{ord(character):04X}"):
        clean_text(f"a{character}b")


@pytest.mark.parametrize(
    "blank", ["", " ", "\n\r\n", "\u3000\u00a0", "\u200b\u200d\ufeff", "\u2800", "\u3164", "\ufe0f"]
)
def test_a_text_that_shows_nothing_is_refused(blank: str) -> None:
    """Spaces, format characters, fillers and the blank Braille pattern make no text."""
    with pytest.raises(ValueError, match="blank"):
        clean_text(blank)


@given(st.text())
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    """What was stored can be sent again, for instance to edit it."""
    try:
        stored = clean_text(raw)
    except ValueError:
        return
    assert stored == clean_text(stored)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("a" * 280, 280),
        ("Ωж\u0627\u0e01", 4),
        ("漢字かな한", 10),
        ("see example.com/a?b=c, and https://example.org/" + "x" * 300, 4 + 23 + 6 + 23),
        ("👍🏿", 2),
        ("🇮🇪🇲🇽", 4),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
        ("👩🏽\u200d❤\ufe0f\u200d💋\u200d👩🏿", 2),
        ("©", 1),
        ("©\ufe0f", 2),
        ("e\u0301", 1),
    ],
)
def test_weights_of_scripts_urls_and_emoji(text: str, weight: int) -> None:
    """An alphabet weighs 1 a letter, CJK 2, a URL 23 and an emoji of any make 2, after composing accents."""
    assert weight == weighted_length(text)


def test_an_endless_chain_of_joined_emoji_is_no_single_one() -> None:
    """Joiners cannot smuggle a long text past the limit."""
    assert weighted_length("\u200d".join("😀" * 1000)) > 280


@given(st.text(), st.text())
def test_weight_adds_up_over_lines(one: str, other: str) -> None:
    """A line break parts everything that is counted as one, and composed and decomposed letters weigh the same."""
    together = weighted_length(f"{one}\n{other}")

    assert weighted_length(one) + 1 + weighted_length(other) == together
    assert together == weighted_length(normalize("NFD", f"{one}\n{other}"))


@pytest.mark.parametrize(
    "same", ["ÉCOLE école Ecole ｅｃｏｌｅ e\u0301cole", "İstanbul ISTANBUL ıstanbul", "Łódź lodz", "Ѐж еж"]
)
def test_case_accent_and_width_do_not_matter(same: str) -> None:
    """The ways to write a word fold to one."""
    assert 1 == len(set(tokens(same)))


@pytest.mark.parametrize("different", ["हिन्दी हन्दी", "กา ก้า", "か が", "한 하"])
def test_vowels_and_tones_that_are_marks_stay(different: str) -> None:
    """Only Latin, Greek and Cyrillic accents are dropped: elsewhere a mark is part of the word."""
    one, other = different.split()
    assert tokens(one) != tokens(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("McGregor's well-known site, example.com!", "mcgregor s well known site example com"),
        ("user_name 3.14", "user_name 3 14"),
        ("日本語のﾃｷｽﾄ 2026年", "日 本 語 の テ キ ス ト 2026 年"),
        ("スーパー", "ス ー パ ー"),
        ("ผู้เริ่ม", "ผู้ เ ริ่ ม"),
        ("한국어 text", "한국어 text"),
        ("win😀😃👍🏿 🇮🇪🇮🇪", "win 😀 😃 👍 🏿 🇮🇪 🇮🇪"),
        ("می\u200cخواهم so\u00adft a\u200bb", "میخواهم soft a b"),
        ("!!! … —", ""),
    ],
)
def test_words_of_many_scripts(text: str, words: str) -> None:
    """Words are runs of letters and digits; scripts without spaces and emoji come apart in characters."""
    assert words.split() == tokens(text)


def test_marks_stand_beside_the_words() -> None:
    """A hashtag and a mention are found as such and as plain words, and part no phrase."""
    terms = index_terms("Go #Café now, @Anna_B and ＃café")

    assert ("go", "cafe", "now", "anna_b", "and", "cafe") == terms.words
    assert ("#cafe", "@anna_b") == terms.marks


def test_folding_is_final_for_every_character() -> None:
    """Folding once, twice, or after any change of case gives the same for each character of Unicode."""
    for form in (str.upper, str.lower, fold):
        assert [] == [char for char in EVERY_CHARACTER if fold(form(char)) != fold(char)]


def test_no_word_holds_a_separator() -> None:
    """No character of Unicode yields a token with white space, a control character or ASCII punctuation."""
    found = {char for token in tokens(" ".join(EVERY_CHARACTER)) for char in token}

    assert {"_"} == {char for char in found if char.isascii() and not char.isalnum()}
    assert set() == {char for char in found if category(char) in {"Zs", "Zl", "Zp", "Cc", "Cs"}}


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a.",
        "a.b-",
        "-",
        "#",
        "#1",
        "@",
        "RT@",
        "http://",
        "http://a.com/(",
        "(a",
        "a.com/!",
        "?",
        "本a.",
        "é\u0301",
        "😀\u200d",
        "\r",
        "a.com ",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    """The largest body that can arrive is cleaned, weighed and analysed in linear time, whatever it repeats."""
    text = f"http://a.com/{piece * (TEXT_MAX // len(piece))} {piece * (TEXT_MAX // len(piece))}"
    started = time.process_time()

    clean_text(text)
    weighted_length(text)
    index_terms(text)

    assert time.process_time() - started < 2


@given(st.text(alphabet="ab.#@_/:-é本(😀 \n"))
def test_links_lie_where_they_say_and_apart(text: str) -> None:
    """Each link is the slice of the text that it names, and no two overlap."""
    links = extract(text)
    named = [(tag.start, tag.end, tag.tag, 1) for tag in links.hashtags]
    named += [(name.start, name.end, name.handle, 1) for name in links.mentions]
    named += [(url.start, url.end, url.url, 0) for url in links.urls]

    assert [text[start + sign : end] for start, end, _, sign in named] == [shown for _, _, shown, _ in named]
    ordered = sorted(named)
    assert all(before[1] <= after[0] for before, after in pairwise(ordered))


def test_a_run_too_long_for_a_handle_mentions_nobody() -> None:
    """Handles have 1 to 15 characters, and the first 15 of a longer run are another person's."""
    assert [] == list(extract("@" + "a" * 16).mentions)
    assert ["a" * 15] == [mention.handle for mention in extract("@" + "a" * 15).mentions]


def test_what_is_part_of_a_url_is_no_other_link() -> None:
    """A hashtag or mention inside an address belongs to it."""
    links = extract("https://example.com/@anna/#tag @anna")

    assert [31] == [mention.start for mention in links.mentions]
    assert [] == list(links.hashtags)


def test_real_tweets_are_analysed_fast(shared_data: Path) -> None:
    """Weight, links and index terms of a real tweet cost far less than its write: some 35 us on an idle core."""
    with (shared_data / "mayweather-mcgregor_tweets.csv").open(newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)][:4000]
    started = time.process_time()

    for text in texts:
        weighted_length(clean_text(text))
        extract(text)
        index_terms(text)

    assert (time.process_time() - started) / len(texts) < 0.000_240
