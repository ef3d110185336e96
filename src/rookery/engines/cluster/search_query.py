"""Searches of the index."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from rookery.core.entities import AccountState
from rookery.core.geo import Place
from rookery.core.ids import first_id_at
from rookery.core.query import Phrase, Query, terms_match
from rookery.core.text import IndexTerms
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import Document, SearchEngine
from rookery.engines.cluster.search_documents import term
from rookery.engines.cluster.search_indices import PEOPLE, TEXTS
from rookery.engines.cluster.tables import COUNTS, HANDLES, USERS
from rookery.services.search.cost import affordable
from rookery.services.search.people import Run

LOOKED_MAX = 5_000  # documents that one search looks at where it checks itself what the index found
STEP_MAX = 1_000  # of these at once
# All but the traces of what was deleted.
STANDING: Document = {
    "filter": [],
    "must_not": [{"exists": {"field": "gone_ms"}}],
}
_MARGIN_KM = 0.01  # the index keeps a location to some centimetres: what it finds is checked


class Finding(NamedTuple):
    """The ids found, newest first. `stopped_at` is how far down a search has looked that ended before it found enough
    or came to its end, else 0."""

    ids: list[int]
    stopped_at: int = 0


async def find(
    dynamo: Dynamo, engine: SearchEngine, query: Query, place: Place | None, low: int, high: int, limit: int
) -> Finding:
    """The newest tweets and replies that a search finds between two ids, both included."""
    query = _as_indexed(query)
    asked = affordable(query)
    found = None if query.finds_nothing(place) else await expression(dynamo, asked, place)
    if found is None:
        return Finding([])
    if query.since_ms is not None:
        low = max(low, first_id_at(query.since_ms))
    if query.until_ms is not None:
        high = min(high, first_id_at(query.until_ms) - 1)
    if place is None and asked == query:
        return Finding([one for one, _ in await newest(engine, TEXTS, found, low, high, limit, {})])

    def holds(hit: Document) -> bool:
        inside = place is None or place.contains(hit["latitude"], hit["longitude"])
        return inside and (asked == query or terms_match(query, _terms(hit)))

    shown = [*(("latitude", "longitude") if place else ()), *(("words", "marks") if asked != query else ())]
    ids: list[int] = []
    looked, step = 0, limit
    while looked < LOOKED_MAX:
        size = min(step, STEP_MAX, LOOKED_MAX - looked)
        hits = await newest(engine, TEXTS, found, low, high, size, {"_source": shown})
        ids += [one for one, hit in hits if holds(hit)][: limit - len(ids)]
        if len(ids) == limit or len(hits) < size:
            return Finding(ids)
        high = hits[-1][0] - 1
        looked, step = looked + size, 2 * step
    return Finding(ids, high + 1)


async def expression(dynamo: Dynamo, query: Query, place: Place | None) -> Document | None:
    """The search as the index is asked; None where it names an account that is not there."""
    wanted = [_run(run) for run in query.phrases] + [_term("marks", mark) for mark in query.marks]
    named = {"author": query.author, "answered": query.answered}
    handles = {handle for handle in named.values() if handle is not None}
    accounts = await _active(dynamo, handles) if handles else {}
    for field, handle in named.items():
        if handle is not None:
            if handle not in accounts:
                return None
            wanted.append(_term(field, str(accounts[handle])))
    if query.has_geo and place is None:
        wanted.append({"exists": {"field": "location"}})
    if place is not None:
        wanted.append(near(place))
    refused = [_run(run) for run in query.no_phrases] + [_term("marks", mark) for mark in query.no_marks]
    return {"filter": wanted, "must_not": refused if wanted else [*refused, *STANDING["must_not"]]}


def near(place: Place) -> Document:
    """All that is at a place, and what is next to its rim."""
    return {
        "geo_distance": {
            "distance": f"{place.radius_km + _MARGIN_KM}km",
            "location": {"lat": place.latitude, "lon": place.longitude},
        }
    }


async def find_people(
    engine: SearchEngine, sought: Sequence[Run], low: int, high: int, limit: int
) -> list[int]:
    """The newest accounts that a search finds between two ids, both included, newest first."""
    if not sought:
        return []
    wanted = [{"prefix": {"starts": {"value": " ".join(run)}}} for run in sought]
    return [one for one, _ in await newest(engine, PEOPLE, {"filter": wanted}, low, high, limit, {})]


async def scores(dynamo: Dynamo, ids: Sequence[int], *fields: str) -> list[tuple[int, int]]:
    """Each of the tweets, replies or accounts with its counters of these names added up."""
    counts = (await dynamo.get_all({COUNTS: [(one,) for one in ids]}))[COUNTS]
    return [(one, sum(int(counts.get((one,), {}).get(field, 0)) for field in fields)) for one in ids]


async def newest(
    engine: SearchEngine, kind: str, found: Document, low: int, high: int, limit: int, shown: Document
) -> list[tuple[int, Any]]:
    """The newest documents that fulfil a condition: id, and the fields to be shown."""
    if low > high or limit <= 0:
        return []
    body: Document = {
        "query": {
            "bool": {**found, "filter": [*found["filter"], {"range": {"id": {"gte": low, "lte": high}}}]}
        },
        "sort": [{"id": "desc"}],
        "size": limit,
        "track_total_hits": False,
        **(shown or {"stored_fields": "_none_"}),
    }
    hits = (await engine.search(kind, body))["hits"]["hits"]
    return [(int(hit["sort"][0]), hit.get("_source")) for hit in hits]


async def _active(dynamo: Dynamo, handles: set[str]) -> dict[str, int]:
    """The ids of the active accounts among these."""
    rows = (await dynamo.get_all({HANDLES: [(handle,) for handle in handles]}))[HANDLES]
    ids = {str(handle): int(row["user_id"]) for (handle,), row in rows.items()}
    users = (await dynamo.get_all({USERS: [(one,) for one in ids.values()]}))[USERS]
    return {
        handle: one
        for handle, one in ids.items()
        if (one,) in users and users[(one,)].get("state", 0) == AccountState.ACTIVE
    }


def _as_indexed(query: Query) -> Query:
    wanted, refused = ([tuple(map(term, run)) for run in runs] for runs in (query.phrases, query.no_phrases))
    return replace(query, phrases=tuple(wanted), no_phrases=tuple(refused))


def _run(words: Phrase) -> Document:
    return _term("words", words[0]) if len(words) == 1 else {"match_phrase": {"words": " ".join(words)}}


def _term(field: str, value: str) -> Document:
    return {"term": {field: value}}


def _terms(hit: Document) -> IndexTerms:
    return IndexTerms(tuple(hit["words"].split(" ")), tuple(hit["marks"]))
