"""Folding deltas into counters."""

import asyncio
import random
from collections import Counter

from rookery.core.errors import Problem
from rookery.core.events import Kind
from rookery.engines.cluster import counts
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.tables import CELEBRITIES, COUNTS, DELTAS, MOST_FOLLOWED
from rookery.engines.cluster.tx import Delta, Tx
from tests.engines.cluster.calls import Troubled, another
from tests.stages.cluster import USED, ClusterStage
from tests.tabling import tables_of_its_own

CELEBRITY_FOLLOWERS = 5


async def leave(dynamo: Dynamo, wanted: list[tuple[int, int, str, int]]) -> list[Delta]:
    """Deltas (actor, subject, field, amount), as writes leave them."""
    left: list[Delta] = []
    for start in range(0, len(wanted), 100):

        async def work(tx: Tx, start: int = start) -> list[Delta]:
            for actor, subject, field, amount in wanted[start : start + 100]:
                tx.count(subject, field, amount, actor=actor)
            return tx.deltas

        left += await dynamo.write(work)
    return left


async def patiently(dynamo: Dynamo, deltas: list[Delta]) -> None:
    """Folds as a worker does, which comes again with what failed."""
    for start in range(0, len(deltas), 60):
        while True:
            try:
                await counts.fold(dynamo, deltas[start : start + 60], CELEBRITY_FOLLOWERS)
            except Problem:
                continue
            break


async def kept(dynamo: Dynamo) -> Counter[tuple[int, str]]:
    """What the counters say."""
    return Counter(
        {
            (int(row["subject_id"]), name): int(row[name])
            async for row in dynamo.scan(COUNTS)
            for name in row.keys() - {"subject_id", "celebrity_ms"}
        }
    )


async def test_two_workers_in_trouble_count_everything_once(dynamodb_url: str) -> None:
    """Whatever is throttled, in conflict or carried out without an answer, two workers with the same deltas, which
    come in another order and twice, end with the exact sums."""
    chance = random.Random(7)
    wanted = [
        (
            chance.randrange(1, 5),
            chance.randrange(10, 40),
            chance.choice(["likes", "replies"]),
            chance.choice([-1, 1, 1, 3]),
        )
        for _ in range(400)
    ]
    async with tables_of_its_own(dynamodb_url, USED) as dynamo:
        deltas = await leave(dynamo, wanted)
        workers = []
        for seed in (1, 2):
            worker = another(dynamo, Troubled(dynamo.client, seed))
            shuffled = deltas * 2
            chance.shuffle(shuffled)
            workers.append(patiently(worker, shuffled))
        await asyncio.gather(*workers)
        sums: Counter[tuple[int, str]] = Counter()
        for _, subject, field, amount in wanted:
            sums[subject, field] += amount
        assert {key: amount for key, amount in sums.items() if amount} == {
            key: amount for key, amount in (await kept(dynamo)).items() if amount
        }
        assert [] == [row async for row in dynamo.scan(DELTAS)]


async def test_what_was_folded_is_not_folded_again(stage: ClusterStage) -> None:
    """Deltas that come again count for nothing, also among new ones."""
    first = await leave(stage.dynamo, [(1, 2, "likes", 1)] * 3)
    second = await leave(stage.dynamo, [(1, 2, "likes", 1)] * 2)
    assert 3 == await counts.fold(stage.dynamo, first, CELEBRITY_FOLLOWERS)
    assert 2 == await counts.fold(stage.dynamo, [*first, *second, *second], CELEBRITY_FOLLOWERS)
    assert 0 == await counts.fold(stage.dynamo, first + second, CELEBRITY_FOLLOWERS)
    assert {(2, "likes"): 5} == await kept(stage.dynamo)


async def test_deltas_whose_news_were_lost_are_swept(stage: ClusterStage) -> None:
    """A sweep folds what waits longer than it should, and leaves what is new to the workers."""
    await leave(stage.dynamo, [(1, 2, "likes", 1)] * 120)
    assert 0 == await counts.sweep(stage.dynamo, 60_000, CELEBRITY_FOLLOWERS)
    await asyncio.sleep(0.01)
    assert 120 == await counts.sweep(stage.dynamo, 1, CELEBRITY_FOLLOWERS)
    assert {(2, "likes"): 120} == await kept(stage.dynamo)


async def test_a_celebrity_is_flagged_once(stage: ClusterStage) -> None:
    """Workers who see the threshold crossed at once leave one flag, one place in the list and one event."""
    deltas = await leave(stage.dynamo, [(one, 2, "followers", 1) for one in range(10, 20)])
    await asyncio.gather(
        counts.fold(stage.dynamo, deltas[:4], CELEBRITY_FOLLOWERS),
        counts.fold(stage.dynamo, deltas[4:7], CELEBRITY_FOLLOWERS),
        counts.fold(stage.dynamo, deltas[7:], CELEBRITY_FOLLOWERS),
    )
    flagged = await stage.dynamo.get(COUNTS, 2)
    assert flagged is not None
    await counts.fold(stage.dynamo, await leave(stage.dynamo, [(9, 2, "followers", -9)]), CELEBRITY_FOLLOWERS)
    assert {**flagged, "followers": 1} == await stage.dynamo.get(COUNTS, 2)
    assert [2] == [row["item"] for row in await stage.rows(CELEBRITIES)]
    assert [(Kind.ACCOUNT_CHANGED, 2)] == [(event.kind, event.subject) for event in await stage.news()]
    assert 1 <= len(await stage.rows(MOST_FOLLOWED))
