"""Asking OpenSearch or Elasticsearch: what both understand alike, and what their errors mean."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
import structlog
from opensearchpy import AsyncOpenSearch, NotFoundError, OpenSearchException, TransportError

from rookery.core.errors import Problem

ANSWER_S_MAX = 2.0  # a search that takes longer is given up
_AT_WORK: Mapping[str, str] = {
    "timeout": "1500ms"
}  # a search that nobody waits for any more goes on no longer
WORK_S_MAX = 30.0  # what changes indices, or fills them
BULK_MAX = 1_000  # documents of one request
POOL_MAX = 64
SEARCHING = {"allow_partial_search_results": "false"}  # part of what there is would be a wrong answer
_NEWER_IS_THERE = 409
_INDEX_IS_GONE = 404
_AWAY_FOR_NOW = (502, 503)  # a search that took too long is not tried again
_REFUSED_FOR_NOW = (429, 500, 502, 503, 504)

_log = structlog.get_logger()

Document = dict[str, Any]


class Versioned(NamedTuple):
    """A document with its id and the version of the truth that it shows: it stands unless a higher one is there."""

    one: int
    version: int
    document: Document


class SearchEngine:
    """An OpenSearch or Elasticsearch whose indices' names begin with `prefix`; new ones are parted into `shards`.

    Every call raises Problem `engine_unavailable` where the engine is down, takes too long or has no such index, and
    `overloaded` where it has too much to do.
    """

    def __init__(self, client: AsyncOpenSearch, prefix: str, shards: int) -> None:
        self._client = client
        self.prefix = prefix.lower()  # no index's name has a capital
        self.shards = shards

    async def close(self) -> None:
        """Closes every connection."""
        await self._client.close()

    def name(self, kind: str) -> str:
        """The name under which an index is searched."""
        return f"{self.prefix}{kind}"

    async def search(self, kind: str, body: Document) -> Any:
        """What a search answers."""
        return await self.call("POST", f"{self.name(kind)}/_search", {**body, **_AT_WORK}, SEARCHING)

    async def searches(self, kind: str, bodies: Sequence[Document]) -> list[Any]:
        """What several searches answer, each."""
        if not bodies:
            return []
        lines = [part for body in bodies for part in (SEARCHING, {**body, **_AT_WORK})]
        answer = await self.call("POST", f"{self.name(kind)}/_msearch", lines)
        if any("error" in one for one in answer["responses"]):
            raise _unavailable()
        return list(answer["responses"])

    async def write(
        self, indices: Sequence[str], documents: Sequence[Versioned], *, refresh: bool = False
    ) -> None:
        """Puts documents into each of some indices, where no newer version of them is there; with `refresh` they are
        found at once. Raises Problem `engine_unavailable` where one of these is gone."""
        for start in range(0, len(documents), BULK_MAX):
            part = documents[start : start + BULK_MAX]
            await self._bulk(
                [line for index in indices for one in part for line in (_put(index, one), one.document)],
                refresh=refresh,
            )

    async def erase(self, index: str, versions: Sequence[tuple[int, int]]) -> None:
        """Takes documents out of an index, each unless it is newer than a version."""
        if versions:
            await self._bulk([_about("delete", index, one, version) for one, version in versions])

    async def call(
        self,
        method: str,
        path: str,
        body: Document | list[Document] | None = None,
        asked: dict[str, str] | None = None,
        *,
        seconds: float = ANSWER_S_MAX,
    ) -> Any:
        """One call; a list as body is sent line by line. Raises TransportError for what no repetition can mend."""
        lines = body if isinstance(body, list) else [] if body is None else [body]
        said = b"\n".join(map(msgspec.json.encode, lines)).decode() + ("\n" if isinstance(body, list) else "")
        try:
            return await self._client.transport.perform_request(
                method,
                f"/{path}",
                params={**(asked or {}), "request_timeout": seconds},
                body=said or None,
            )
        except NotFoundError as fault:
            raise Problem(
                "engine_unavailable", "There is no search index yet; try again.", retry_after_s=5
            ) from fault
        except TransportError as fault:
            if (status := fault.status_code) == 429:
                raise overloaded() from fault
            if isinstance(status, int) and status not in _REFUSED_FOR_NOW:
                raise
            raise _unavailable() from fault
        except OpenSearchException as fault:
            raise _unavailable() from fault

    async def _bulk(self, lines: list[Document], *, refresh: bool = False) -> None:
        asked = {"require_alias": "true", "refresh": "true" if refresh else "false"}
        answer = await self.call("POST", "_bulk", lines, asked, seconds=WORK_S_MAX)
        if not answer["errors"]:
            return
        for item in answer["items"]:
            ((_, done),) = item.items()
            if done["status"] in (_INDEX_IS_GONE, *_REFUSED_FOR_NOW) and "error" in done:
                raise overloaded() if done["status"] == 429 else _unavailable()
            if "error" in done and done["status"] != _NEWER_IS_THERE:
                _log.error(
                    "not indexed", index=done["_index"], one=done["_id"], reason=done["error"].get("type")
                )


def engine(url: str, prefix: str, shards: int = 1) -> SearchEngine:
    """The search engine at an address, which may hold a name and password. No connection is made before it is used."""
    client = AsyncOpenSearch(
        [url], pool_maxsize=POOL_MAX, max_retries=1, retry_on_timeout=False, retry_on_status=_AWAY_FOR_NOW
    )
    return SearchEngine(client, prefix, shards)


@asynccontextmanager
async def connected(url: str, prefix: str, shards: int = 1) -> AsyncIterator[SearchEngine]:
    """The same, closed at the end."""
    opened = engine(url, prefix, shards)
    try:
        yield opened
    finally:
        await opened.close()


def door(index: str) -> str:
    """The name under which documents are put into an index: a write to the index itself would bring one that is gone
    back, without its fields."""
    return f"{index}-in"


def overloaded() -> Problem:
    """503: too many searches at a time."""
    return Problem("overloaded", "Too many searches are waiting; try again.", retry_after_s=1)


def _unavailable() -> Problem:
    return Problem("engine_unavailable", "The search cannot be used just now.", retry_after_s=2)


def _put(index: str, one: Versioned) -> Document:
    return _about("index", index, one.one, one.version)


def _about(verb: str, index: str, one: int, version: int) -> Document:
    return {
        verb: {"_index": door(index), "_id": str(one), "version": version, "version_type": "external_gte"}
    }
