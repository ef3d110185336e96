"""What a text may hold, how long it is, and the words by which it is found."""

import re
from dataclasses import dataclass
from unicodedata import normalize

import regex

from rookery.core import markup

TWEET_WEIGHT_MAX = 280
URL_WEIGHT = 23
EMOJI_WEIGHT = 2

_FORBIDDEN = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# With all carriage returns before it, or a text sent back as it was stored would change again. Only the first of them
# is looked at as a beginning: otherwise many without a line feed would take quadratic time.
_CRLF = re.compile("(?<!\r)\r++\n")
# Braille blank and the Hangul fillers are letters or symbols by category, and still show nothing.
_VISIBLE = regex.compile(r"[^\s\p{Z}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]")

# The patterns are public for the pages' counter, see web/counting.py.
# The code points that weigh 1; all others weigh 2. Source: config v3 of twitter-text.
HEAVY_PATTERN = "[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]"
_HEAVY = re.compile(HEAVY_PATTERN)
_JOINS_MAX = 3  # as in the longest emoji in use, a family of four or a kiss
_EMOJI_PART = (
    r"(?:\p{Emoji_Modifier_Base}\p{Emoji_Modifier}\ufe0f?"
    r"|[\p{Extended_Pictographic}--[©®]]\ufe0f?|[©®]\ufe0f)"
)
EMOJI_PATTERN = (
    r"(?V1)[0-9#*]\ufe0f?\u20e3"
    r"|\p{Regional_Indicator}{2}"
    r"|\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
    rf"|{_EMOJI_PART}(?:\u200d{_EMOJI_PART}){{0,{_JOINS_MAX}}}"
)
_EMOJI = regex.compile(EMOJI_PATTERN)

# Accents of Latin, Greek and Cyrillic, the keycap, and what shows nothing. Marks of other scripts are vowels and stay;
# the zero width space stays because it parts words.
_IGNORED = regex.compile(r"(?V1)[[\u0300-\u036f\u20e3\p{Default_Ignorable_Code_Point}]--[\u200b]]+")
_STROKED = str.maketrans("łøđħŧıɨƶƀ", "lodhtiizb")  # letters whose accent Unicode does not take apart

_LONG_VOWEL = r"\u30fc\u3031-\u3035"  # of the kana, though Unicode counts them to no script
_SPACELESS = rf"\p{{Han}}\p{{Hiragana}}\p{{Katakana}}{_LONG_VOWEL}\p{{Thai}}\p{{Lao}}\p{{Khmer}}\p{{Myanmar}}"
_TOKEN = regex.compile(
    rf"(?V1)[[{_SPACELESS}]&&[\p{{L}}\p{{M}}\p{{N}}]]\p{{M}}*+"
    rf"|[[\p{{L}}\p{{M}}\p{{N}}_]--[{_SPACELESS}]]++"
    r"|\p{Regional_Indicator}{1,2}"
    r"|[\p{Extended_Pictographic}\p{Emoji_Modifier}]"
)
_ASCII_TOKEN = re.compile("[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class IndexTerms:
    """What a text is found by.

    `words`: its tokens in order, so that a phrase is a run of them. `marks`: its hashtags as `#tag` and its mentions as
    `@handle`, folded, each once, in no position. No term is empty or holds white space. A word consists of folded
    letters, marks, digits and `_`, or is one emoji; a mark may hold further characters after its sign (`·`, `~`, `״`).
    Both go far beyond ASCII, so an engine must not split or fold them again.
    """

    words: tuple[str, ...]
    marks: tuple[str, ...]


def clean_text(raw: str) -> str:
    """The text as it is stored: CRLF becomes LF, all else stays.

    Raises ValueError, with a sentence to show, for a control character other than a line feed or carriage return (so
    for a tab too), a lone surrogate, and a text of which nothing is visible. Source: docs/api.md.
    """
    text = _CRLF.sub("\n", raw) if "\r" in raw else raw
    if forbidden := _FORBIDDEN.search(text):
        raise ValueError(f"must not hold the character U+{ord(forbidden[0]):04X}")
    if not (text.strip() if text.isascii() else _VISIBLE.search(text)):
        raise ValueError("must not be blank")
    return text


def weighted_length(text: str) -> int:
    """The length that TWEET_WEIGHT_MAX bounds.

    Counted after NFC as by twitter-text v3: a URL weighs 23, an emoji of any make 2, most scripts with an alphabet 1 a
    code point, everything else 2. An emoji counts as one by its form (UTS 51), whether or not a font draws it.
    """
    if "." not in text and text.isascii():
        return len(text)  # every URL has a dot
    rest = normalize("NFC", text)
    urls = markup.urls(rest)
    ends = [0, *(url.end for url in urls)]
    starts = [*(url.start for url in urls), len(rest)]
    rest = "\n".join(rest[end:start] for end, start in zip(ends, starts, strict=True))
    weight = (URL_WEIGHT - 1) * len(urls)
    if rest.isascii():
        return weight + len(rest)
    emoji = len(_EMOJI.findall(rest))
    rest = _EMOJI.sub("", rest)
    return weight + EMOJI_WEIGHT * emoji + len(rest) + len(_HEAVY.findall(rest))


def fold(text: str) -> str:
    """The text without case, accents, width and invisible characters: what is equal so is the same to search."""
    if text.isascii():
        return text.lower()
    bare = _IGNORED.sub("", normalize("NFKD", text).casefold()).translate(_STROKED)
    return normalize("NFKC", bare)


def tokens(text: str) -> list[str]:
    """The folded words of a text, in order.

    A word is a run of letters, marks, digits and `_`. An apostrophe or dot inside parts words too (unlike in UAX 29),
    so that McGregor is found in McGregor's and example in example.com. Scripts without spaces (Chinese, Japanese,
    Thai, Lao, Khmer, Burmese) give one token a character with its marks; so does emoji, a flag being one.
    """
    folded = fold(text)
    found: list[str] = (_ASCII_TOKEN if folded.isascii() else _TOKEN).findall(folded)
    return found


def marks(links: markup.Entities) -> tuple[str, ...]:
    """The terms of a text's hashtags and mentions, each once."""
    hashtags = [_mark("#", hashtag.tag) for hashtag in links.hashtags]
    mentions = [_mark("@", mention.handle) for mention in links.mentions]
    return tuple(dict.fromkeys(hashtags + mentions))


def index_terms(text: str) -> IndexTerms:
    """What a text is found by."""
    return IndexTerms(tuple(tokens(text)), marks(markup.extract(text)))


def _mark(sign: str, name: str) -> str:
    return sign + "".join(fold(name).split())
