"""Ids of the past, and texts that are erased, in DynamoDB."""

import asyncio

import pytest

from rookery.core import ids
from rookery.core.clock import now_ms
from rookery.core.content import OldText
from rookery.engines.cluster import removal, texts
from rookery.engines.cluster.tx import Tx
from tests.engines.cluster.calls import another
from tests.stages.cluster import ClusterStage

DAY_MS = 86_400_000


async def load(process: ClusterStage, author: int, at_ms: int, name: str) -> list[int]:
    """Twenty tweets of one millisecond of the past."""
    rows = [OldText(author, f"{name} {number}", at_ms) for number in range(20)]
    loaded = await asyncio.gather(*(process.tweets.load(row) for row in rows))
    return [one for one in loaded if one is not None]


async def test_two_processes_share_a_millisecond(stage: ClusterStage) -> None:
    """Two that load into the same millisecond at the same time give every tweet an id of its own."""
    ann, at_ms = await stage.account("ann"), now_ms() - DAY_MS
    here, there = (ClusterStage(another(stage.dynamo)) for _ in range(2))
    both = await asyncio.gather(load(here, ann, at_ms, "here"), load(there, ann, at_ms, "there"))
    assert 40 == len({*both[0], *both[1]})
    assert {at_ms} == {ids.time_ms(one) for one in both[0] + both[1]}


async def test_a_process_goes_on_where_another_ended(stage: ClusterStage) -> None:
    """What is loaded into a millisecond later stands above what was loaded before, in the order of loading."""
    ann, at_ms = await stage.account("ann"), now_ms() - DAY_MS
    before = await load(ClusterStage(another(stage.dynamo)), ann, at_ms, "before")
    after = await load(ClusterStage(another(stage.dynamo)), ann, at_ms, "after")
    together = before + after
    assert sorted(set(together)) == together


async def test_a_row_that_many_load_at_once_is_loaded_once(stage: ClusterStage) -> None:
    """Of processes that load the same row at the same time one writes it."""
    ann = await stage.account("ann")
    row = OldText(ann, "row", now_ms() - DAY_MS)
    loaders = [ClusterStage(another(stage.dynamo)) for _ in range(4)]
    loaded = await asyncio.gather(*(one.tweets.load(row) for one in loaders))
    assert 3 == loaded.count(None)
    assert [one for one in loaded if one is not None] == [one.item_id for one in await stage.texts()]


async def test_edits_at_once_are_all_in_the_history(stage: ClusterStage) -> None:
    """Of edits that meet each archives the text it replaced."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann, "first")
    wanted = [f"text {number}" for number in range(5)]
    await asyncio.gather(*(stage.tweets.edit(ann, tweet_id, text) for text in wanted))
    history = [one.content for one in await stage.tweets.history(tweet_id)]
    assert sorted(["first", *wanted]) == sorted(history)
    assert "first" == history[-1]


async def test_an_edit_never_revives_what_is_deleted(stage: ClusterStage) -> None:
    """An edit and a delete that meet leave nothing of the text, whichever comes first."""
    ann = await stage.account("ann")
    for _ in range(8):
        tweet_id = await stage.post(ann, "secret")
        await asyncio.gather(
            stage.tweets.edit(ann, tweet_id, "new secret"),
            stage.tweets.delete(ann, tweet_id),
            return_exceptions=True,
        )
    assert {(True, "")} == {(one.deleted, one.content) for one in await stage.texts()}
    await stage.upkeep()
    assert 0 == await stage.versions()
    assert [] == await stage.miscounted()


async def test_versions_left_by_a_delete_that_was_cut_off_are_swept(stage: ClusterStage) -> None:
    """Where a process died between the delete and the erasure of the earlier texts, upkeep erases them."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann, "first")
    for number in range(120):
        await stage.tweets.edit(ann, tweet_id, f"text {number}")

    async def work(tx: Tx) -> None:
        gone = await removal.standing(tx, tweet_id)
        assert gone is not None
        removal.remove(tx, gone)

    await stage.dynamo.write(work)
    assert 120 == await stage.versions()
    await stage.upkeep()
    assert 0 == await stage.versions()


async def test_a_millisecond_that_was_forgotten_is_looked_at_again(
    stage: ClusterStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process knows of milliseconds of the past is bounded; of one that it dropped it asks the table."""
    monkeypatch.setattr(texts, "MILLISECONDS_MAX", 20)
    dated = texts.DatedIds(stage.dynamo)
    at_ms = now_ms() - DAY_MS
    first = await dated.give(at_ms)
    assert first + 2 == await dated.give(at_ms)
    await stage.fill(await stage.account("ann"), first)
    for number in range(1, 30):
        await dated.give(at_ms + number)
    assert first + 2 == await dated.give(at_ms)
