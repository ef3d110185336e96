"""What a search may cost an engine."""

from collections import Counter
from dataclasses import replace

from rookery.core.query import Phrase, Query

WORD_USES_MAX = 3


def affordable(query: Query) -> Query:
    """A search that finds all that this one does, or more, in which no word stands more than WORD_USES_MAX times.

    An index reads a word's list once for each time that it stands in a search, and looks at no limit before a phrase
    has matched: 140 times the same two words kept FTS5 busy for 14 s over a million tweets.
    """
    uses: Counter[str] = Counter()
    wanted: list[Phrase] = []
    for one in query.phrases:
        if not _fits(one, uses):
            wanted += [(word,) for word in dict.fromkeys(one) if not uses[word]]
            uses.update(word for word in dict.fromkeys(one) if not uses[word])
        else:
            wanted.append(one)
            uses.update(one)
    refused: list[Phrase] = []
    for one in query.no_phrases:
        if _fits(one, uses):
            refused.append(one)
            uses.update(one)
    return replace(query, phrases=tuple(wanted), no_phrases=tuple(refused))


def _fits(words: Phrase, uses: Counter[str]) -> bool:
    return all(uses[word] + more <= WORD_USES_MAX for word, more in Counter(words).items())
