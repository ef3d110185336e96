"""The patterns of core/text.py and core/markup.py for the script's live counter, so that it counts as they do."""

import re

import msgspec

from rookery.core.markup import SHORTENED_PATTERN, URL_PATTERN
from rookery.core.text import EMOJI_PATTERN, HEAVY_PATTERN

_ANY_CASE = re.compile(r"\(\?a?i:")
_TOKEN = re.compile(r"\\.|\[[^\]]*\]|\(\?:|.", re.DOTALL)
_WITHOUT = re.compile(r"\[(\\p\{\w+\})--(\[[^\]]*\])\]")
_CODE_POINT = re.compile(r"\\U000([0-9a-f]{5})")


def patterns() -> bytes:
    """A JSON object of regular expressions of JavaScript, for the flag `u`."""
    return msgspec.json.encode(
        {
            "url": _in_script(URL_PATTERN),
            "shortened": f"^{_in_script(SHORTENED_PATTERN)}",
            "emoji": _in_script(EMOJI_PATTERN),
            "heavy": HEAVY_PATTERN,
        }
    )


def _in_script(pattern: str) -> str:
    """A pattern as JavaScript writes it.

    Not every browser in use knows a part without regard to case, or a set without another: letters in such a part are
    written both ways, and what is to be left out of a set is looked for first.
    """
    pattern = pattern.removeprefix("(?V1)").replace("(?P<", "(?<")
    pattern = _WITHOUT.sub(r"(?!\2)\1", _CODE_POINT.sub(r"\\u{\1}", pattern))
    parts = []
    at = 0
    while begin := _ANY_CASE.search(pattern, at):
        end = _closing(pattern, begin.end())
        parts += [pattern[at : begin.start()], "(?:", _TOKEN.sub(_both_cases, pattern[begin.end() : end])]
        at = end
    return "".join([*parts, pattern[at:]])


def _closing(pattern: str, start: int) -> int:
    """Where the group that is open at `start` ends."""
    depth = 1
    for at in range(start, len(pattern)):
        depth += {"(": 1, ")": -1}.get(pattern[at], 0)
        if not depth:
            return at
    raise ValueError("a group does not end")


def _both_cases(token: re.Match[str]) -> str:
    text = token[0]
    if text.startswith("["):
        return text.replace("a-z", "A-Za-z")
    upper = text.upper()
    return f"[{text}{upper}]" if text.isalpha() and upper != text and len(upper) == 1 else text
