"""The pattern of URLs for the script's live counter, so that it counts as core/text.py does."""

import re

from rookery.core.markup import URL_PATTERN

_ANY_CASE = re.compile(r"\(\?a?i:")
_TOKEN = re.compile(r"\[[^\]]*\]|\(\?:|.", re.DOTALL)


def url_pattern() -> bytes:
    """URL_PATTERN as a regular expression of JavaScript, for the flag `u`.

    Browsers know no part of a pattern without regard to case for long yet, so letters there are written both ways.
    """
    pattern = URL_PATTERN.replace("(?P<", "(?<")
    parts = []
    at = 0
    while begin := _ANY_CASE.search(pattern, at):
        end = _closing(pattern, begin.end())
        parts += [pattern[at : begin.start()], "(?:", _both_cases(pattern[begin.end() : end])]
        at = end
    return "".join([*parts, pattern[at:]]).encode()


def _closing(pattern: str, start: int) -> int:
    """Where the group that is open at `start` ends."""
    depth = 1
    for at in range(start, len(pattern)):
        depth += {"(": 1, ")": -1}.get(pattern[at], 0)
        if not depth:
            return at
    raise ValueError("a group does not end")


def _both_cases(pattern: str) -> str:
    return _TOKEN.sub(_both_cases_of, pattern)


def _both_cases_of(token: re.Match[str]) -> str:
    text = token[0]
    if text.startswith("["):
        return text.replace("a-z", "A-Za-z")
    upper = text.upper()
    return f"[{text}{upper}]" if text.isalpha() and upper != text and len(upper) == 1 else text
