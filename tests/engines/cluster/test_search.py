"""The index of the cluster engine: its versions, its making anew, its bounds, and what it says where it cannot."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from rookery.core.clock import now_ms
from rookery.core.content import NewText
from rookery.core.errors import Problem
from rookery.core.geo import Place
from rookery.core.ids import ID_MAX, first_id_at
from rookery.core.query import Query, parse
from rookery.engines.cluster import opensearch, search, search_indices, search_purge, search_query
from rookery.engines.cluster.opensearch import Document, Versioned
from rookery.engines.cluster.search import ClusterSearch
from rookery.engines.cluster.search_documents import texts_of
from rookery.engines.cluster.search_index import SearchIndexer
from rookery.engines.cluster.search_indices import PEOPLE, TEXTS
from rookery.services.search.people import runs
from rookery.services.tweets.service import NewTweet
from tests.serving import until
from tests.stages.searching import expected
from tests.stages.searching_cluster import ClusterSearchStage, opened_with_search

NOWHERE = "http://127.0.0.1:9"  # where nothing listens


@pytest.fixture(params=["opensearch", "elasticsearch"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[ClusterSearchStage]:
    """An empty network."""
    urls = [request.getfixturevalue(f"{name}_url") for name in ("dynamodb", request.param)]
    async with opened_with_search(*urls) as opened:
        yield opened


async def written_to(stage: ClusterSearchStage, kind: str) -> list[str]:
    """The indices of a kind that are written to."""
    return await search_indices.holders(stage.engine, search_indices.writing(stage.engine, kind))


async def code_of(asking: Awaitable[object]) -> tuple[str, bool]:
    """With which code something is refused, and whether it says when to come again."""
    with pytest.raises(Problem) as told:
        await asking
    return told.value.code, told.value.retry_after_s is not None


async def test_what_was_read_earlier_does_not_stand(
    stage: ClusterSearchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that held a text in its hands while it was edited, protected or deleted changes nothing, and what was
    deleted stays so when its trace is let go."""
    ann = await stage.account("ann")
    edited, deleted = await stage.post(ann, "early #words"), await stage.post(ann, "gone words")
    held = await texts_of(stage.dynamo, [edited, deleted])
    await stage.take_in()
    await stage.tweets.edit(ann, edited, "late #words")
    await stage.tweets.delete(ann, deleted)
    await stage.protect(ann)
    await stage.take_in()

    async def stands() -> tuple[list[int], list[int], object]:
        await stage.refresh()
        trends = await stage.store.trends(None, first_id_at(now_ms() - 60_000), 9)
        return await stage.found(parse("words")), await stage.found(parse("early")), trends

    indices = await written_to(stage, TEXTS)
    await stage.engine.write(indices, held)
    assert ([edited], [], []) == await stands()
    assert 0 == await search_purge.purge(stage.engine)
    monkeypatch.setattr(search_purge, "AFTER_MS", -60_000)
    assert 1 == await search_purge.purge(stage.engine)
    await stage.again_from(0)
    assert ([edited], [], []) == await stands()
    assert [] == await stage.faults()


async def test_what_a_worker_writes_is_found_at_once_where_it_may_refresh(stage: ClusterSearchStage) -> None:
    """Without waiting for the index's own refresh, which does not come here; where it may not, that is waited for."""
    ann = await stage.account("ann")
    await stage.take_in()
    never = {"index": {"refresh_interval": -1}}
    for index in await written_to(stage, TEXTS):
        await stage.engine.call("PUT", f"{index}/_settings", never)
    written: list[int] = []
    for may in (False, True):

        async def says(may: bool = may) -> bool:
            return may

        written.append(await stage.post(ann, "rook"))
        await SearchIndexer(stage.dynamo, stage.engine, says).apply(await stage.news())
        assert (written[::-1] if may else []) == await stage.found(parse("rook"))


async def test_the_index_is_made_anew_beside_the_workers(stage: ClusterSearchStage) -> None:
    """What is written, edited and deleted while the index is made anew is in the new one as the truth has it, and the
    old one is gone."""
    ann = await stage.account("ann")
    before = [await stage.post(ann, f"rook {number}") for number in range(20)]
    await stage.take_in()
    making = asyncio.create_task(stage.make_anew())
    written: list[int] = []
    while not making.done():
        written.append(await stage.post(ann, "rook again"))
        await stage.tweets.delete(ann, before.pop(0)) if before else None
        await stage.take_in()
        await asyncio.sleep(0.1)
    await making
    await stage.take_in()
    assert [] == await stage.faults()
    assert [*written[::-1], *before[::-1]] == await stage.found(parse("rook"))
    for kind in (TEXTS, PEOPLE):
        assert [f"{stage.engine.name(kind)}-2"] == await search_indices.indices(stage.engine, kind)
        assert [f"{stage.engine.name(kind)}-2"] == await written_to(stage, kind)


async def test_what_an_earlier_making_left_goes(stage: ClusterSearchStage) -> None:
    """An index that was half made when its maker died is dropped by the next."""
    await stage.account("ann")
    await search_indices.create(stage.engine, TEXTS, [search_indices.writing(stage.engine, TEXTS)])
    assert 2 == len(await written_to(stage, TEXTS))
    await stage.make_anew()
    assert [f"{stage.engine.name(TEXTS)}-2"] == await search_indices.indices(stage.engine, TEXTS)
    await stage.take_in()
    assert [] == await stage.faults()


DAMAGES: tuple[Document, ...] = (
    {"words": "other"},
    {"marks": []},
    {"latitude": 9.0},
    {"tags": ["other"]},
    {"author": "7"},
    {"id": 7},
)


async def test_a_damaged_index_is_noticed(stage: ClusterSearchStage) -> None:
    """Whatever is wrong with the index, the comparison with the truth says so, and it can be made anew."""
    ann = await stage.account("ann")
    place = {"latitude": 1.0, "longitude": 2.0}
    reply = await stage.replies.post(ann, await stage.post(ann), NewText(content="here #tag", **place))
    await stage.take_in()
    ((_, version, document),) = held = await texts_of(stage.dynamo, [reply])
    (index,) = await written_to(stage, TEXTS)
    for changes in DAMAGES:
        damaged = {**document, **changes}
        await stage.engine.write([index], [Versioned(damaged["id"], version, damaged)])
        await stage.refresh()
        assert 1 == len(await stage.faults()), changes
        await stage.engine.write([index], held)
        await stage.engine.erase(index, [(7, version)])
        await stage.refresh()
        assert [] == await stage.faults()
    await stage.engine.erase(index, [(reply, version)])
    assert [f"search: tweet {reply} is not indexed as the truth has it"] == await stage.faults()
    await stage.make_anew()
    assert [] == await stage.faults()


async def test_accounts_that_do_not_belong_are_noticed(stage: ClusterSearchStage) -> None:
    """An account that is indexed and is none is told, and one that lacks."""
    ann = await stage.account("ann")
    indices = await written_to(stage, PEOPLE)
    await stage.engine.write(indices, [Versioned(78, 1, {"id": 78, "starts": ["nobody"]})])
    await stage.refresh()
    assert [
        f"search: account {ann} is not indexed as the truth has it",
        "search: 78 is indexed and is no active account",
    ] == await stage.faults()


async def test_the_longest_words_are_whole(stage: ClusterSearchStage) -> None:
    """Words beyond what the analyzer takes, as addresses have them, are found whole and by no part of them."""
    ann = await stage.account("ann")
    texts = [f"see https://a.example/{'x' * size}y end" for size in (100, 127, 128, 254, 255, 256, 600)]
    for text in (*texts, "𝒳" * 140, "ab" * 140, "cd " * 90):
        await stage.post(ann, text)
    await stage.take_in()
    documents = await stage.documents()
    sizes = (1, 20, 100, 127, 128, 254, 255, 256, 280, 600)
    words = [letter * size for size in sizes for letter in ("x", "ab")]
    for word in (*words, *(f"{word}y" for word in words), "𝒳" * 140, "𝒳" * 127):
        for query in (
            Query(phrases=((word,),)),
            Query(phrases=((word, "end"),)),
            Query(no_phrases=((word,),)),
        ):
            assert expected(documents, query) == await stage.found(query), (query, len(word))


async def test_the_rim_of_a_place_is_exact(stage: ClusterSearchStage) -> None:
    """What lies some millimetres inside a place is found and what lies as far outside is not, also at the date line and
    next to a pole."""
    ann = await stage.account("ann")
    for latitude, longitude in ((10, 20), (-17.7, 179.9999), (89.95, 12)):
        for offset in (0.0, 1e-8, -1e-8, 5e-8, -5e-8, 1e-6, -1e-6):
            north = min(90, latitude + 0.0089932 + offset)
            east = (longitude + 0.0089932 + offset + 180) % 360 - 180
            for where in ((north, longitude), (latitude, east)):
                await stage.tweets.post(ann, NewTweet(content="x", latitude=where[0], longitude=where[1]))
    await stage.take_in()
    documents = await stage.documents()
    for latitude, longitude in ((10, 20), (-17.7, 179.9999), (89.95, 12)):
        for radius_km in (0.1, 0.9999999, 1.0, 1.0000001, 1.0001, 500):
            place = Place(latitude, longitude, radius_km)
            assert expected(documents, Query(), place) == await stage.found(Query(), place), place


async def test_a_search_looks_at_a_bounded_number(
    stage: ClusterSearchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where what the index finds has to be looked at, a request looks at some only; its page may be short, and the
    links lead to all that fulfils the search."""
    monkeypatch.setattr(search_query, "LOOKED_MAX", 5)
    ann = await stage.account("ann")
    inside = []
    for beside in (0, 3, 1, 12, 4):
        inside.append(str(await stage.post(ann, "ab cd ab cd ab cd ab cd")))
        for _ in range(beside):
            await stage.post(ann, "cd ab cd ab cd ab cd cd")
    await stage.take_in()
    asked = "token=%22ab+cd+ab+cd+ab+cd+ab%22&pageSize=2"
    assert inside[::-1] == [one["tweetId"] for one in await stage.walk("/search/", 0, asked)]
    first = await stage.call("GET", "/search/", query=asked)
    assert (inside[-1:], True) == ([one["tweetId"] for one in first.body], first.next_query() is not None)
    top = await stage.walk("/search/", 0, f"{asked}&sort=top")
    assert inside[-1:] == [one["tweetId"] for one in top]


async def test_what_is_written_is_found_by_itself(stage: ClusterSearchStage) -> None:
    """Nobody needs to ask the engine to look again."""
    ann = await stage.account("ann")
    tweet = await stage.post(ann, "rook")
    await stage.indexer.apply(await stage.news())

    async def found() -> bool:
        return [tweet] == await stage.found(parse("rook"))

    await until(found)


async def test_an_engine_that_is_not_there_is_told(stage: ClusterSearchStage) -> None:
    """Without an engine, searches are answered 503 with Retry-After."""
    missing = ("engine_unavailable", True)
    async with opensearch.connected(NOWHERE, "nowhere-") as nowhere:
        store = ClusterSearch(stage.dynamo, nowhere)
        assert missing == await code_of(store.tweets(parse("rook"), None, ID_MAX, 9))
        assert missing == await code_of(store.people(runs("ann"), ID_MAX, 9))
        assert missing == await code_of(store.trends(None, 0, 9))


async def test_an_index_that_was_lost_comes_back_by_itself(stage: ClusterSearchStage) -> None:
    """Where the engine lost its indices, searches are answered 503 until the next event, which brings back all."""
    ann = await stage.account("ann")
    tweet = await stage.post(ann, "rook")
    await stage.take_in()
    for kind in (TEXTS, PEOPLE):
        await stage.engine.call("DELETE", f"{stage.engine.name(kind)}-1")
    assert ("engine_unavailable", True) == await code_of(stage.store.tweets(parse("rook"), None, ID_MAX, 9))
    another = await stage.post(ann, "another rook")
    for _ in range(2):  # at the first event the keeper learns that the indices are gone
        try:
            await stage.take_in()
        except Problem:
            await stage.again_from(0)
    assert [another, tweet] == await stage.found(parse("rook"))
    assert [ann] == [one for one, _ in await stage.store.people(runs("ann"), ID_MAX, 9)]
    assert [] == await stage.faults()


async def test_one_makes_the_index_anew_at_a_time(stage: ClusterSearchStage) -> None:
    """Another is told so; the first is not disturbed."""
    ends = await asyncio.gather(stage.make_anew(), stage.make_anew(), return_exceptions=True)
    (refusal,) = [one for one in ends if one is not None]
    assert isinstance(refusal, Problem)
    assert ("engine_unavailable", True) == (refusal.code, refusal.retry_after_s is not None)
    assert [] == await stage.faults()


async def test_too_many_searches_are_refused(
    stage: ClusterSearchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While slow searches take every turn, one that has waited too long and one too many are refused; then searches go
    on."""
    monkeypatch.setattr(search, "AT_ONCE_MAX", 2)
    monkeypatch.setattr(search, "WAITING_MAX", 3)
    monkeypatch.setattr(search, "WAIT_S_MAX", 0.2)
    store = ClusterSearch(stage.dynamo, stage.engine)
    wait: Callable[..., Awaitable[list[int]]] = search_query.find_people

    async def find_slowly(*arguments: object) -> list[int]:
        await asyncio.sleep(1)
        return await wait(*arguments)

    async def found() -> object:
        try:
            return await store.people(runs("ann"), ID_MAX, 9)
        except Problem as refusal:
            return refusal.code

    monkeypatch.setattr(search, "find_people", find_slowly)
    assert [[]] * 2 + ["overloaded"] * 5 == await asyncio.gather(*(found() for _ in range(7)))
    assert [] == await found()
