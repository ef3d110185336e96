"""Searches beside one another, and the index in its file."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rookery.core.clock import now_ms
from rookery.core.content import NewText
from rookery.core.errors import Problem
from rookery.core.events import Event, Kind
from rookery.core.geo import Place
from rookery.core.ids import ID_MAX, first_id_at
from rookery.core.query import parse
from rookery.engines.embedded import search, search_purge, search_query
from rookery.engines.embedded import trends as trends_of
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.search import THREADS, EmbeddedSearch
from rookery.engines.embedded.search_query import find_people
from rookery.services.search.indexing import day_before
from rookery.services.tweets.service import NewTweet
from tests.stages.searching_embedded import EmbeddedSearchStage


async def test_a_search_that_has_waited_too_long_is_refused(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While slow searches hold every thread, those behind them are answered 503 when their turn comes, not done late;
    then searches go on."""

    begun, go = threading.Semaphore(0), threading.Event()

    def find_slowly(*arguments: Any) -> list[int]:
        begun.release()
        go.wait()
        return find_people(*arguments)

    monkeypatch.setattr(search, "find_people", find_slowly)
    store = EmbeddedSearch(files)

    async def found() -> Sequence[object] | str:
        try:
            return await store.people([("ann",)], ID_MAX, 10)
        except Problem as refusal:
            return refusal.code

    slow = [asyncio.create_task(found()) for _ in range(THREADS)]
    for _ in range(THREADS):
        await asyncio.get_running_loop().run_in_executor(None, begun.acquire)
    with monkeypatch.context() as patched:
        patched.setattr(search, "WAIT_S_MAX", 0.1)
        behind = [asyncio.create_task(found()) for _ in range(3)]
        await asyncio.sleep(0.2)
        go.set()
        assert [[]] * THREADS + ["overloaded"] * 3 == await asyncio.gather(*slow, *behind)
    assert [] == await found()
    store.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[EmbeddedSearchStage]:
    """An empty network."""
    opened = EmbeddedSearchStage(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM texts WHERE rowid = (SELECT max(id) FROM texts_docsize)",
        "INSERT OR REPLACE INTO texts (rowid, terms) SELECT max(id), 'other' FROM texts_docsize",
        "INSERT INTO texts (rowid, terms) VALUES (77, 'nothing')",
        "DELETE FROM places",
        "UPDATE places SET latitude = 9",
        "DELETE FROM tagged",
        "UPDATE tag_counts SET uses = 5",
        "DELETE FROM people WHERE rowid = (SELECT max(id) FROM people_docsize)",
        "INSERT INTO people (rowid, terms) VALUES (78, 'nobody')",
    ],
)
async def test_a_damaged_index_is_noticed(stage: EmbeddedSearchStage, damage: str) -> None:
    """Whatever is wrong with the index, the comparison with the truth says so, and a rebuild puts it right."""
    ann = await stage.account("ann")
    await stage.replies.post(
        ann, await stage.post(ann), NewText(content="here #tag", latitude=1.0, longitude=2.0)
    )
    await stage.take_in()
    assert [] == await stage.faults()
    stage.index.execute(damage)
    assert await stage.faults()
    await stage.make_anew()
    assert [] == await stage.faults()


async def test_old_trends_leave_by_themselves(stage: EmbeddedSearchStage) -> None:
    """What went past the 24 hours is let go without any event."""
    ann = await stage.account("ann")
    await stage.post(ann, "#new")
    await stage.take_in()
    old = first_id_at(now_ms() - 90_000_000)
    stage.index.execute("INSERT INTO tagged VALUES (?, 'old', 'old', NULL)", (old,))
    stage.projection = type(stage.projection)()
    await stage.take_in()
    assert [("new", 1)] == await stage.store.trends(None, day_before(now_ms()), 20)


async def test_what_was_deleted_leaves_the_file(
    stage: EmbeddedSearchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of a deleted tweet and the name of a deleted account are purged from the index; the rest stands."""
    monkeypatch.setattr(search_purge, "AFTER_MS", 0)
    ann, bob = await stage.account("ann"), await stage.account("bobolink")
    for number in range(20):
        await stage.post(ann, f"something else {number}")
        await stage.take_in()
    secret = await stage.post(ann, "a xyzzysecret word")
    await stage.post(bob, "a xyzzysecret of mine")
    await stage.take_in()
    assert held(stage, "texts", "xyzzysecret")
    assert held(stage, "people", "bobolink")
    await stage.tweets.delete(ann, secret)
    await stage.delete_account(bob)
    await stage.take_in()
    stage.projection = type(stage.projection)()
    await stage.take_in()
    assert (0, 0) == (held(stage, "texts", "xyzzysecret"), held(stage, "people", "bobolink"))
    assert [] == await stage.faults()
    assert 20 == len(await stage.found(parse("something")))


def held(stage: EmbeddedSearchStage, table: str, word: str) -> int:
    """How many blocks of the index hold a word."""
    rows = stage.in_index(f"SELECT count(*) FROM {table}_data WHERE instr(block, CAST(? AS BLOB)) > 0", word)
    return int(rows[0][0])


def test_events_that_touch_nothing_write_nothing(stage: EmbeddedSearchStage) -> None:
    """Likes and follows cost the index nothing."""
    for kind in (Kind.LIKED, Kind.FOLLOWED, Kind.EDGE_CHANGED, Kind.RETWEET_CREATED, Kind.SESSION_ENDED):
        assert 0 == stage.projection.apply(stage.index, Event(9, kind, 2, 4, 6))


async def test_a_crowded_place_is_searched_in_bounded_steps(
    stage: EmbeddedSearchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many wrote next to a place a request looks at some of them only; its page may be short, and the links lead
    to all that is inside. The best are those of what a request looks at, trends those of the newest."""
    monkeypatch.setattr(search_query, "LOOKED_MAX", 5)
    monkeypatch.setattr(trends_of, "NEAR_MAX", 4)
    ann = await stage.account("ann")

    async def write(longitude: float) -> str:
        return str(await stage.tweets.post(ann, NewTweet(content="#here", latitude=0, longitude=longitude)))

    inside = []
    for beside in (0, 3, 1, 12, 4):
        inside.append(await write(0.0002))
        for _ in range(beside):
            await write(0.002)
    await stage.take_in()
    place = "latitude=0&longitude=0&radiusKm=0.1&pageSize=2"
    assert inside[::-1] == [one["tweetId"] for one in await stage.walk("/search/", 0, place)]
    first = await stage.call("GET", "/search/", query=place)
    assert (inside[-1:], True) == ([one["tweetId"] for one in first.body], first.next_query() is not None)
    top = await stage.walk("/search/", 0, f"{place}&sort=top")
    assert inside[-1:] == [one["tweetId"] for one in top]
    assert [("here", 4)] == await stage.store.trends(Place(0, 0, 50), day_before(now_ms()), 20)
