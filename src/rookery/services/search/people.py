"""Finding accounts: what their handles and names are found by, and what a search for them means."""

from collections.abc import Sequence

from rookery.core.text import tokens

Run = tuple[str, ...]  # words that stand next to each other; the last one may be only the beginning of a word


def runs(token: str) -> tuple[Run, ...]:
    """What an account must have, all of it: each piece between white space is a run. `@` and other signs are ignored.

    Without any word nothing is found.
    """
    pieces = (tuple(tokens(piece)) for piece in token.split())
    return tuple(dict.fromkeys(piece for piece in pieces if piece))


def person_words(handle: str, name: str) -> tuple[Run, Run]:
    """The folded words of the handle and of the name; no run reaches from one into the other."""
    return tuple(tokens(handle)), tuple(tokens(name))


def is_found(sought: Sequence[Run], handle: str, name: str) -> bool:
    """Whether a search finds an account, read off the definition: what every engine must agree with."""
    return bool(sought) and all(
        any(_holds(words, run) for words in person_words(handle, name)) for run in sought
    )


def _holds(words: Run, run: Run) -> bool:
    return any(
        words[at : at + len(run) - 1] == run[:-1] and words[at + len(run) - 1].startswith(run[-1])
        for at in range(len(words) - len(run) + 1)
    )
