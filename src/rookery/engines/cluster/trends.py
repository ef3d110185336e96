"""Trends: the hashtags of the last day, counted by the index."""

from collections import Counter
from collections.abc import Sequence

from rookery.core.geo import Place
from rookery.core.text import fold
from rookery.engines.cluster.opensearch import Document, SearchEngine
from rookery.engines.cluster.search_indices import TEXTS
from rookery.engines.cluster.search_query import near

SPELLINGS_MAX = 100  # of the newest uses of a hashtag say how it is spelt
_FROM_EACH_SHARD = 1_000  # hashtags


async def most_used(
    engine: SearchEngine, place: Place | None, since: int, limit: int
) -> Sequence[tuple[str, int]]:
    """See services.search.store.SearchStore.trends."""
    recent: Document = {"range": {"id": {"gte": since}}}
    body: Document = {
        "query": {"bool": {"filter": [recent] if place is None else [recent, near(place)]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {"tags": {"terms": {"field": "tags", "size": limit, "shard_size": _FROM_EACH_SHARD}}},
    }
    buckets = (await engine.search(TEXTS, body))["aggregations"]["tags"]["buckets"]
    counts = {str(one["key"]): int(one["doc_count"]) for one in buckets}
    answers = await engine.searches(TEXTS, [_newest_uses(tag, recent) for tag in counts])
    return [
        (_usual(tag, answer["hits"]["hits"]), count)
        for (tag, count), answer in zip(counts.items(), answers, strict=True)
    ]


def _newest_uses(tag: str, recent: Document) -> Document:
    return {
        "query": {"bool": {"filter": [recent, {"term": {"tags": tag}}]}},
        "sort": [{"id": "desc"}],
        "size": SPELLINGS_MAX,
        "track_total_hits": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["spellings"],
    }


def _usual(tag: str, hits: Sequence[Document]) -> str:
    """How most of the uses spell a hashtag."""
    spellings = Counter(one for hit in hits for one in hit["fields"]["spellings"] if fold(one) == tag)
    return min(spellings, key=lambda one: (-spellings[one], one), default=tag)
