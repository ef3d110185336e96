"""The links in a text: hashtags, mentions and URLs, as twitter-text finds them.

Source of the rules: the conformance cases of twitter-text v3 (extract.yml). Two rules are Rookery's own: a handle has
1 to 15 characters, so a longer run of handle characters mentions nobody; and since there are no lists,
`@name/list` mentions `name`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

import regex
from msgspec import Struct

from rookery.core.tlds import TOP_LEVEL_DOMAINS

HANDLE = r"[A-Za-z0-9_]{1,15}"
URL_LENGTH_MAX = 4096
HOST_LABEL_MAX = 63  # code points of one part of a host name as DNS sees it, in punycode
SHORT_PATH_MAX = 40  # a t.co address with a longer path is none


class Hashtag(Struct, frozen=True):
    """`tag` without its sign; `start` and `end` in code points, the sign included."""

    tag: str
    start: int
    end: int


class Mention(Struct, frozen=True):
    """`handle` without its sign, as written; `start` and `end` in code points, the sign included."""

    handle: str
    start: int
    end: int


class Url(Struct, frozen=True):
    """`url` as written, with or without its protocol; `start` and `end` in code points."""

    url: str
    start: int
    end: int


class Entities(Struct, frozen=True):
    """The links in a text, each kind in the order of the text; no two of them overlap."""

    hashtags: tuple[Hashtag, ...] = ()
    mentions: tuple[Mention, ...] = ()
    urls: tuple[Url, ...] = ()


_Link = TypeVar("_Link", Hashtag, Mention)

# The letters that twitter-text takes for Latin beside A-Z, combining accents included.
_LATIN = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272"
    "\u0289\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_ALNUM = "A-Za-z0-9" + _LATIN
_SIGNS = "@＠$#＃"


def _top_level(domains: Iterable[str]) -> str:
    """One pattern for all domains, by first letter: ten times as fast as a flat list of alternatives."""
    families = groupby(sorted(domains), key=lambda domain: domain[0])
    return "|".join(
        f"{first}(?:{'|'.join(sorted((domain[1:] for domain in family), key=len, reverse=True))})"
        for first, family in families
    )


_TLD = rf"(?i:{_top_level(TOP_LEVEL_DOMAINS)}|xn--[0-9a-z-]+)(?![0-9A-Za-z@+-])"

# What ends a host name: white space, ASCII punctuation and marks of direction; `_` and `-` may stand inside.
_HOST_END = r"""\s!"'#%&()*+,\\./:;<=>?@\[\]^{|}~$\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"""
_SUBDOMAIN = rf"[^{_HOST_END}_-](?:[^{_HOST_END}]*[^{_HOST_END}_-])?\."
_DOMAIN = rf"[^{_HOST_END}_-](?:[^{_HOST_END}_]*[^{_HOST_END}_-])?\."
_HOST = rf"(?:{_SUBDOMAIN})*{_DOMAIN}{_TLD}"
_LATIN_HOST = rf"(?:[{_ALNUM}](?:[-{_ALNUM}]*[{_ALNUM}])?\.)+{_TLD}"

_PATH_CHAR = rf"{_ALNUM}\u0400-\u04ff!*';:=+,.$/%#\[\]\-\u2013_~@|&"
_PARENTHESES = rf"\([{_PATH_CHAR}]*(?:\([{_PATH_CHAR}]+\)[{_PATH_CHAR}]*)?\)"
_PATH_END = rf"(?:[{_ALNUM}\u0400-\u04ff+\-=_#/]|{_PARENTHESES})"
_PATH = rf"/(?:[{_PATH_CHAR}]*(?:{_PARENTHESES}[{_PATH_CHAR}]*)*{_PATH_END})?"
_QUERY = r"(?:\?[A-Za-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[A-Za-z0-9\-_&=#/])?"

# The patterns are public for the pages' counter, see web/counting.py.
URL_PATTERN = (
    rf"(?<![A-Za-z0-9{_SIGNS}])(?P<protocol>(?ai:https?)://)(?P<host>{_HOST})(?::[0-9]+)?(?:{_PATH})?{_QUERY}"
    rf"|(?<![{_ALNUM}{_SIGNS}\-_./])(?P<latin_host>{_LATIN_HOST})(?:(?::[0-9]+)?{_PATH}{_QUERY})?"
)
_URL = re.compile(URL_PATTERN)
# Only what holds a dot inside can be a URL; a search of the rest would cost most of the time.
_DOTTED = re.compile(r"(?<![^\s.])[^\s.]++(?:\.++[^\s.]++)+")
SHORTENED_PATTERN = rf"(?ai:https?://t\.co)/([A-Za-z0-9]+){_QUERY}"
_SHORTENED = re.compile(SHORTENED_PATTERN)

_MENTION = re.compile(
    r"(?:(?<![A-Za-z0-9_!#$%&*@＠])|(?<=(?<![A-Za-z0-9_+~.-])[Rr][Tt]))"
    rf"[@＠]({HANDLE})(?![A-Za-z0-9_@＠{_LATIN}]|://)"
)

_TAG_EXTRAS = (
    r"_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7"
)
_TAG_CHAR = rf"\p{{L}}\p{{M}}\p{{Nd}}{_TAG_EXTRAS}"
_HASHTAG = regex.compile(
    rf"(?V1)(?<![[{_TAG_CHAR}&]--[\ufe0e\ufe0f]])[#＃](?![\ufe0f\u20e3])"
    rf"((?=[\p{{Nd}}{_TAG_EXTRAS}]*+[\p{{L}}\p{{M}}])[{_TAG_CHAR}]++)(?![#＃]|://)"
)


def extract(text: str) -> Entities:
    """All links in a text. A hashtag or mention that is part of a URL is none."""
    found = urls(text)
    hashtags: Sequence[Hashtag] = ()
    mentions: Sequence[Mention] = ()
    if "#" in text or "＃" in text:
        hashtags = [Hashtag(match[1], match.start(), match.end()) for match in _HASHTAG.finditer(text)]
    if "@" in text or "＠" in text:
        mentions = [Mention(match[1], match.start(), match.end()) for match in _MENTION.finditer(text)]
    return Entities(_outside(found, hashtags), _outside(found, mentions), found)


def urls(text: str) -> tuple[Url, ...]:
    """The URLs in a text: with a protocol, or a Latin host that ends in a top-level domain."""
    return tuple(_urls(text)) if "." in text else ()


def _outside(found: Sequence[Url], links: Sequence[_Link]) -> tuple[_Link, ...]:
    return tuple(
        link for link in links if not any(link.start < url.end and url.start < link.end for url in found)
    )


def _urls(text: str) -> Iterator[Url]:
    for dotted in _DOTTED.finditer(text):
        for match in _URL.finditer(text, dotted.start(), dotted.end()):
            url = match[0]
            if not _valid_host(match["host"] or match["latin_host"]):
                continue
            if match["protocol"] and (shortened := _SHORTENED.match(url)):
                if len(shortened[1]) > SHORT_PATH_MAX:
                    continue
                url = shortened[0]
            if len(url) <= URL_LENGTH_MAX:
                yield Url(url, match.start(), match.start() + len(url))


def _valid_host(host: str) -> bool:
    return all(_valid_label(label) for label in host.split("."))


def _valid_label(label: str) -> bool:
    if len(label) > HOST_LABEL_MAX or label.isascii():
        return len(label) <= HOST_LABEL_MAX
    if label[:4].lower() == "xn--":
        return False
    return len(b"xn--" + label.encode("punycode")) <= HOST_LABEL_MAX
