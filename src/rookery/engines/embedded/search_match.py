"""From a search to the MATCH that FTS5 is asked."""

from collections.abc import Sequence

import apsw

from rookery.core.entities import AccountState
from rookery.core.geo import Place, covering
from rookery.core.query import Query
from rookery.engines.embedded import search_terms
from rookery.engines.embedded.connections import rows_of

_HANDLE = "SELECT user_id FROM core.users WHERE handle_folded = ? AND state = ?"


def expression(connection: apsw.Connection, query: Query, place: Place | None) -> str | None:
    """The search in FTS5's words; None where it names an account that is not there."""
    wanted = [phrase(run) for run in query.phrases] + [phrase([mark]) for mark in query.marks]
    for handle, term in ((query.author, search_terms.by), (query.answered, search_terms.answering)):
        if handle is not None:
            user_id = _active(connection, handle)
            if user_id is None:
                return None
            wanted.append(phrase([term(user_id)]))
    if query.has_geo and place is None:
        wanted.append(phrase([search_terms.HAS_PLACE]))
    if place is not None:
        near = " OR ".join(phrase([search_terms.within(cell)]) for cell in covering(place))
        wanted.append(f"({near})")
    refused = [phrase(run) for run in query.no_phrases] + [phrase([mark]) for mark in query.no_marks]
    found = " AND ".join(wanted or [phrase([search_terms.EVERY])])
    return f"({found}) NOT ({' OR '.join(refused)})" if refused else found


def _active(connection: apsw.Connection, handle: str) -> int | None:
    rows = rows_of(connection, _HANDLE, (handle, int(AccountState.ACTIVE)))
    return int(rows[0][0]) if rows else None


def phrase(words: Sequence[str]) -> str:
    """No term holds a quote, so none can leave its string."""
    return f'"{" ".join(words)}"'
