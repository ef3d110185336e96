"""What stands in the index: every text and account as a row of terms that an FTS5 table parts only at spaces.

Beside its words a text has terms that begin with `:`, which no word does, for all else that it is found by; so any
search is one MATCH and needs no join. They and the marks follow the words, so no phrase reaches into them.
"""

from collections.abc import Sequence

from rookery.core.geo import cells
from rookery.core.text import index_terms
from rookery.services.search.indexing import IndexedText
from rookery.services.search.people import person_words

EVERY = ":all"
HAS_PLACE = ":geo"


def by(user_id: int) -> str:
    """The term of what an account wrote."""
    return f":by{user_id}"


def answering(user_id: int) -> str:
    """The term of the replies to an account."""
    return f":to{user_id}"


def within(cell: str) -> str:
    """The term of what was written in a cell (core.geo)."""
    return f":{cell}"


def text_terms(text: IndexedText) -> list[str]:
    """The terms of a tweet or reply, in order."""
    found = index_terms(text.content)
    terms = [*found.words, *found.marks, EVERY, by(text.owner_id)]
    if text.answered_id:
        terms.append(answering(text.answered_id))
    if text.latitude is not None and text.longitude is not None:
        terms.append(HAS_PLACE)
        terms.extend(map(within, cells(text.latitude, text.longitude)))
    return terms


def person_terms(handle: str, name: str) -> Sequence[str]:
    """The terms of an account, in order."""
    handle_words, name_words = person_words(handle, name)
    return [*handle_words, ":", *name_words]
