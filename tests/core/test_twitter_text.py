"""The public conformance cases of twitter-text: links and weighted length."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from rookery.core.markup import extract
from rookery.core.text import TWEET_WEIGHT_MAX, clean_text, weighted_length

Case = Mapping[str, Any]
Cases = Mapping[str, Sequence[Case]]

LEFT_OUT_GROUPS = {
    "extract.yml": {
        "replies": "a reply is an act of its own, not a text that starts with a mention",
        "cashtags": "there are no cashtags",
        "cashtags_with_indices": "there are no cashtags",
    },
    "validate.yml": {"lists": "there are no lists"},
}
NO_RFC_3986 = "judges a lone address by RFC 3986; a text has links where the cases of extract.yml say so"
CONFIG_V1 = "counts 140 code points as in config v1; config v3 allows a weight of 280"
CONFIG_V2 = "counts an emoji by its code points as in config v2; config v3 counts it as one"
LEFT_OUT_CASES = {
    ("urls", "Valid url: port and userinfo"): NO_RFC_3986,
    ("urls", "Valid url: ipv4"): NO_RFC_3986,
    ("urls", "Valid url: ipv6"): NO_RFC_3986,
    ("urls", "Valid url: sub delims and question marks"): NO_RFC_3986,
    ("tweets", "Invalid Tweet: 141 characters"): CONFIG_V1,
    ("tweets", "Invalid Tweet: 141 characters (due to newline)"): CONFIG_V1,
    (
        "WeightedTweetsCounterTest",
        "Count a mix of single byte single word, and double word unicode characters",
    ): CONFIG_V2,
    (
        "WeightedTweetsCounterTest",
        "Count unicode emoji chars outside the basic multilingual plane with skin tone modifiers",
    ): CONFIG_V2,
}
# The API refuses control characters, lone surrogates and blank text alone, so a noncharacter may stand in a tweet.
VALIDITY_LEFT_OUT = {"Handle invalid characters"}


def urls(text: str) -> list[str]:
    return [url.url for url in extract(text).urls]


def urls_at(text: str) -> list[dict[str, Any]]:
    return [{"url": url.url, "indices": [url.start, url.end]} for url in extract(text).urls]


def hashtags(text: str) -> list[str]:
    return [hashtag.tag for hashtag in extract(text).hashtags]


def hashtags_at(text: str) -> list[dict[str, Any]]:
    return [{"hashtag": tag.tag, "indices": [tag.start, tag.end]} for tag in extract(text).hashtags]


def mentions(text: str) -> list[str]:
    return [mention.handle for mention in extract(text).mentions]


def mentions_at(text: str) -> list[dict[str, Any]]:
    return [
        {"screen_name": name.handle, "indices": [name.start, name.end]} for name in extract(text).mentions
    ]


EXTRACT: Mapping[str, Callable[[str], object]] = {
    "urls": urls,
    "urls_with_indices": urls_at,
    "urls_with_directional_markers": urls_at,
    "tco_urls_with_params": urls,
    "hashtags": hashtags,
    "hashtags_from_astral": hashtags,
    "hashtags_with_indices": hashtags_at,
    "mentions": mentions,
    "mentions_with_indices": mentions_at,
    "mentions_or_lists_with_indices": mentions_at,
}
VALIDATE: Mapping[str, Callable[[str], object]] = {
    "tweets": lambda text: 0 < weighted_length(text) <= TWEET_WEIGHT_MAX,
    "usernames": lambda text: mentions(text) == [text[1:]],
    "hashtags": lambda text: hashtags(text) == [text[1:]],
    "urls": lambda text: urls(text) == [text],
    "urls_without_protocol": lambda text: urls(text) == [text],
}
WEIGHTS = (
    "WeightedTweetsCounterTest",
    "WeightedTweetsWithDiscountedEmojiCounterTest",
    "UnicodeDirectionalMarkerCounterTest",
)


def read(folder: Path, name: str) -> Cases:
    cases: Cases = yaml.safe_load((folder / "twitter-text" / name).read_text())["tests"]
    return cases


def wanted(case: Case) -> object:
    """What a case expects, where a list stands for its owner: its slug and the place that this takes are dropped."""
    expected = case["expected"]
    if isinstance(expected, list):
        return [_without_list(link) if "list_slug" in link else link for link in expected]
    return expected


def _without_list(link: Mapping[str, Any]) -> dict[str, Any]:
    start, end = link["indices"]
    return {"screen_name": link["screen_name"], "indices": [start, end - len(link["list_slug"])]}


def faults(
    group: str, cases: Sequence[Case], answer: Callable[[str], object]
) -> list[tuple[str, object, object]]:
    """Description, expected and actual of every case answered otherwise than expected."""
    answers = [(case["description"], wanted(case), answer(case["text"])) for case in cases]
    return [
        (name, want, got)
        for name, want, got in answers
        if want != got and (group, name) not in LEFT_OUT_CASES
    ]


@pytest.mark.parametrize("group", EXTRACT)
def test_links_are_found_as_in_twitter_text(shared_data: Path, group: str) -> None:
    """Every case of extract.yml gives the links, and their places in code points, that it names."""
    assert [] == faults(group, read(shared_data, "extract.yml")[group], EXTRACT[group])


@pytest.mark.parametrize("group", VALIDATE)
def test_texts_are_judged_as_in_twitter_text(shared_data: Path, group: str) -> None:
    """Every case of validate.yml is one whole link, or a tweet of a fitting length, exactly where it says so."""
    assert [] == faults(group, read(shared_data, "validate.yml")[group], VALIDATE[group])


@pytest.mark.parametrize("group", WEIGHTS)
def test_weights_are_those_of_twitter_text(shared_data: Path, group: str) -> None:
    """Every weighted length and its share of the maximum is the one that validate.yml gives for config v3."""
    cases = [
        {**case, "expected": (case["expected"]["weightedLength"], case["expected"]["permillage"])}
        for case in read(shared_data, "validate.yml")[group]
    ]

    def weigh(text: str) -> tuple[int, int]:
        weight = weighted_length(text)
        return weight, weight * 1000 // TWEET_WEIGHT_MAX

    assert [] == faults(group, cases, weigh)


@pytest.mark.parametrize("group", WEIGHTS)
def test_a_tweet_is_valid_where_twitter_text_says_so(shared_data: Path, group: str) -> None:
    """A text that may stand in a tweet and weighs at most 280 is what validate.yml calls valid."""
    for case in read(shared_data, "validate.yml")[group]:
        if case["description"] not in VALIDITY_LEFT_OUT:
            weight = weighted_length(clean_text(case["text"]))
            assert case["expected"]["valid"] == (weight <= TWEET_WEIGHT_MAX), case["description"]


def test_nothing_else_is_left_out(shared_data: Path) -> None:
    """Each group of the files is tested or left out by name, and each case left out exists and would fail."""
    extracted, validated = read(shared_data, "extract.yml"), read(shared_data, "validate.yml")

    assert set(extracted) == set(EXTRACT) | set(LEFT_OUT_GROUPS["extract.yml"])
    assert set(validated) == set(VALIDATE) | set(WEIGHTS) | set(LEFT_OUT_GROUPS["validate.yml"])
    assert set(LEFT_OUT_CASES) == {
        (group, case["description"])
        for group, cases in validated.items()
        for case in cases
        if (group in VALIDATE and case["expected"] != VALIDATE[group](case["text"]))
        or (group in WEIGHTS and case["expected"]["weightedLength"] != weighted_length(case["text"]))
    }
