"""The indices: their fields, and the names under which they are searched and written to.

An index is called `texts-1`, the one made after it `texts-2`. `texts` names the one that is searched,
`texts-writing` those that are written to: two while a new one is being filled.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opensearchpy import TransportError

from rookery.engines.cluster.opensearch import WORK_S_MAX, Document, SearchEngine, door

KINDS = TEXTS, PEOPLE = "texts", "people"
KNOWN_S = 1.0  # how long a writer goes by the indices that it knows to be written to
REFRESH_MS = 200  # until what was written is found, at the latest: a tweet shall be within half a second of its writing
_NUMBER: Mapping[str, str | bool] = {"type": "long"}
_EXACT: Mapping[str, str | bool] = {"type": "keyword", "doc_values": False}
_STORED: Mapping[str, str | bool] = {"type": "double", "index": False}

# Every document has `id`. One that was deleted has `gone_ms` beside it and nothing else: it keeps a late writer from
# bringing the text back.
_FIELDS: Mapping[str, Mapping[str, Any]] = {
    TEXTS: {
        "id": _NUMBER,
        "gone_ms": _NUMBER,
        "words": {"type": "text", "analyzer": "whitespace", "norms": False},
        "marks": _EXACT,
        "author": _EXACT,
        "answered": _EXACT,
        "location": {"type": "geo_point"},
        "latitude": _STORED,  # a location is kept to some centimetres only
        "longitude": _STORED,
        "tags": {"type": "keyword"},
        "spellings": {"type": "keyword", "index": False},
    },
    PEOPLE: {"id": _NUMBER, "gone_ms": _NUMBER, "starts": _EXACT},
}


def settings(shards: int) -> Document:
    """The settings of an index. It lies in the order of ids, newest first: a search ends once it has found enough."""
    return {
        "index": {
            "number_of_shards": shards,
            "auto_expand_replicas": "0-1",
            "refresh_interval": f"{REFRESH_MS}ms",
            "sort.field": ["id"],
            "sort.order": ["desc"],
        },
    }


async def prepare(engine: SearchEngine) -> None:
    """Makes the indices that are not there, empty."""
    for kind in KINDS:
        if not await holders(engine, engine.name(kind)):
            await create(engine, kind, [engine.name(kind), writing(engine, kind)])


async def create(engine: SearchEngine, kind: str, names: Sequence[str]) -> str:
    """Makes the next index of a kind, found under some names; returns its own."""
    numbers = [number_of(one) for one in await indices(engine, kind)]
    index = f"{engine.name(kind)}-{max(numbers, default=0) + 1}"
    body = {
        "settings": settings(engine.shards),
        "mappings": {"dynamic": False, "properties": _FIELDS[kind]},
        "aliases": {name: {} for name in (*names, door(index))},
    }
    try:
        await engine.call("PUT", index, body, seconds=WORK_S_MAX)
    except TransportError as fault:
        if fault.error != "resource_already_exists_exception":
            raise
    return index


async def indices(engine: SearchEngine, kind: str) -> list[str]:
    """All indices of a kind, oldest first."""
    found = await engine.call("GET", f"{engine.name(kind)}-*/_alias")
    return sorted((one for one in found if number_of(one)), key=number_of)


async def named(engine: SearchEngine) -> dict[str, list[str]]:
    """The indices that each name stands for, oldest first."""
    found = await engine.call("GET", f"{engine.prefix}*/_alias")
    held: dict[str, list[str]] = {}
    for index in sorted(found, key=number_of):
        for name in found[index]["aliases"]:
            held.setdefault(name, []).append(index)
    return held


async def holders(engine: SearchEngine, name: str) -> list[str]:
    """The indices that a name stands for, oldest first."""
    return (await named(engine)).get(name, [])


def writing(engine: SearchEngine, kind: str) -> str:
    """The name under which an index is written to."""
    return f"{engine.name(kind)}-writing"


def number_of(index: str) -> int:
    """The number at the end of an index's name; 0 where there is none."""
    number = index.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdecimal() else 0
