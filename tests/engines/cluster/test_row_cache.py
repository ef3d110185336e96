"""The cache of rows: whatever comes between a writer's or a reader's steps, what is read is what stands."""

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rookery.core.errors import Problem
from rookery.engines.cluster import row_marks
from rookery.engines.cluster.counts import sweep
from rookery.engines.cluster.row_cache import YOUNG_KEPT_MS, YOUNG_LEASED_MS
from rookery.engines.cluster.tables import COUNTS, EDGES, LIKES, RETWEETS, TWEETS, USERS, Key, Table
from tests.engines.cluster.cachers import Process, processes
from tests.engines.cluster.calls import Counting, Interrupted
from tests.engines.cluster.roost import emptied
from tests.serving import until
from tests.stages.cluster import CELEBRITY_FOLLOWERS

Three = tuple[Process, Process, Process]
NONE = b"V\xc0"


@pytest.fixture
async def three(dynamodb_url: str, redis_url: str) -> AsyncIterator[Three]:
    """Three processes: two that write, and one that reads."""
    async with processes(dynamodb_url, redis_url, 3) as opened:
        one, two, three = opened
        yield one, two, three


class Late:
    """Loses the answer of the first transaction, which is carried out when somebody says so."""

    def __init__(self, process: Process) -> None:
        self._client = process.dynamo.client
        self._asked: dict[str, Any] = {}
        process.dynamo.client = self

    def __getattr__(self, operation: str) -> Any:
        if operation != "transact_write_items" or self._asked:
            return getattr(self._client, operation)

        async def lose(**asked: Any) -> None:
            self._asked = asked
            raise ClientError({"Error": {"Code": "Lost", "Message": ""}}, operation)

        return lose

    async def carry_out(self) -> None:
        """Lets the transaction happen."""
        await self._client.transact_write_items(**self._asked)


async def likes(process: Process, viewer: int, tweet_id: int) -> int:
    """The likes of a tweet as a viewer sees them."""
    return (await process.facts.gather(viewer, [tweet_id])).counts(tweet_id).likes


async def fold(process: Process) -> None:
    """Folds every delta."""
    await sweep(process.dynamo, 0, CELEBRITY_FOLLOWERS)


async def test_what_was_read_once_needs_no_dynamodb(three: Three) -> None:
    """A page that another process has read, with what is not there, comes from Redis in two calls, alike."""
    writer, _, reader = three
    ann, bob = await writer.account("ann"), await writer.account("bob")
    page = [await writer.post(ann, f"word {number}") for number in range(3)]
    cold = await reader.reader.tweets(bob, page)
    watched = [Counting(one.dynamo) for one in (writer, reader)]
    assert cold == await writer.reader.tweets(bob, page)
    assert cold == await reader.reader.tweets(bob, page)
    assert [[], []] == [one.calls for one in watched]
    for table, key in ((EDGES, (bob, ann)), (LIKES, (bob, page[0])), (RETWEETS, (bob, page[0]))):
        assert NONE == await reader.kept(table, *key)


async def test_every_change_shows_at_once_to_all(three: Three) -> None:
    """An edit, a delete, a block, a protection: whoever read before reads it as soon as it is answered."""
    writer, _, reader = three
    ann, bob = await writer.account("ann"), await writer.account("bob")
    one, two = await writer.post(ann, "one"), await writer.post(ann, "two")
    assert {one, two} == set(await reader.reader.tweets(bob, [one, two]))
    await writer.tweets.edit(ann, one, "edited")
    assert b'"content":"edited"' in (await reader.reader.tweets(bob, [one]))[one]
    await writer.tweets.store.delete(ann, two)
    assert {one} == set(await reader.reader.tweets(bob, [one, two]))
    await writer.protect(ann)
    assert {} == await reader.reader.tweets(bob, [one])
    await writer.follow(bob, ann)
    assert {one} == set(await reader.reader.tweets(bob, [one]))
    await writer.block(ann, bob)
    assert {} == await reader.reader.tweets(bob, [one])


@pytest.mark.parametrize("after", [False, True])
async def test_a_reader_that_is_slow_fills_nothing_old(three: Three, after: bool) -> None:
    """A commit between a reader's lease and its reading, or between that and its filling, leaves no old row."""
    writer, _, reader = three
    ann = await writer.account("ann")
    Interrupted(reader.dynamo, partial(writer.rename, ann, "new"), "batch_get_item", after=after)
    await reader.name(ann)
    assert await reader.kept(USERS, ann) is None
    assert "new" == await reader.name(ann)


async def test_a_reader_between_mark_and_commit_fills_nothing(three: Three) -> None:
    """Whoever reads while a write is on its way sees what stands, and keeps it from nobody after."""
    writer, _, reader = three
    ann = await writer.account("ann")
    await reader.name(ann)

    async def read() -> None:
        assert "ann" == await reader.name(ann)

    writer.die()
    Interrupted(writer.dynamo, read)
    await writer.rename(ann, "new")
    assert "new" == await reader.name(ann)


@pytest.mark.parametrize("outer_first", [False, True])
async def test_of_two_writers_the_last_takes_the_mark_away(three: Three, outer_first: bool) -> None:
    """However two writers of one key overlap, what stands between their commits is not kept beyond the second, even
    where that one dies."""
    one, two, reader = three
    ann = await one.account("ann")

    async def overtake() -> None:
        await two.rename(ann, "two")
        assert "two" == await reader.name(ann)

    if outer_first:  # the first to mark is the first to commit: it marks, the second marks, it commits
        second = asyncio.Event()

        async def let_mark() -> None:
            second.set()
            await marked.wait()

        marked, committed = asyncio.Event(), asyncio.Event()

        async def wait_for_commit() -> None:
            marked.set()
            await committed.wait()
            assert "one" == await reader.name(ann)

        Interrupted(one.dynamo, let_mark)
        Interrupted(two.dynamo, wait_for_commit)
        two.die()
        first = asyncio.create_task(one.rename(ann, "one"))
        await second.wait()
        later = asyncio.create_task(two.rename(ann, "two"))
        await first
        committed.set()
        await later
        assert "two" == await reader.name(ann)
    else:
        Interrupted(one.dynamo, overtake)
        one.die()
        await one.rename(ann, "one")
        assert "one" == await reader.name(ann)


async def test_a_writer_that_dies_leaves_a_mark_that_ends(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark of a dead writer keeps the key from being filled, also while others mark it again and again, and then
    no more."""
    monkeypatch.setattr(row_marks, "MARKED_MS", 4_000)
    dead, writer, reader = three
    ann = await dead.account("ann")
    dead.die()
    await dead.rename(ann, "last words")
    assert "last words" == await reader.name(ann)
    assert b"M" == (await reader.kept(USERS, ann) or b"")[:1]

    async def filled() -> bool:
        await writer.rename(ann, "again")
        assert "again" == await reader.name(ann)
        return (await reader.kept(USERS, ann) or b"").startswith(b"V")

    assert not await filled()
    await until(filled)


async def test_a_commit_that_may_still_come_keeps_its_mark(three: Three) -> None:
    """A write of which nobody knows whether it stands leaves no old row, when it is carried out later."""
    writer, _, reader = three
    ann = await writer.account("ann")
    late = Late(writer)
    with pytest.raises(Problem) as raised:
        await writer.rename(ann, "late")
    assert "engine_unavailable" == raised.value.code
    assert "ann" == await reader.name(ann)
    await late.carry_out()
    assert "late" == await reader.name(ann)


async def test_a_write_that_is_refused_leaves_no_mark(three: Three) -> None:
    """After a refusal by a condition the row is kept as before."""
    writer, _, reader = three
    ann = await writer.account("ann")
    with pytest.raises(Problem):
        await writer.rename(ann, "new", only="bob")
    assert "ann" == await reader.name(ann)
    assert (await reader.kept(USERS, ann) or b"").startswith(b"V")


async def test_a_lost_mark_hides_a_commit_for_half_a_second_at_most(three: Three) -> None:
    """Redis is emptied between mark and commit, a reader comes before the commit, and the writer dies after it."""
    writer, _, reader = three
    ann = await writer.account("ann")

    async def lose() -> None:
        await emptied(reader.redis)
        await until(filled)

    async def filled() -> bool:  # what is kept of a row now is gone after a moment
        assert "ann" == await reader.name(ann)
        return (await reader.kept(USERS, ann) or b"").startswith(b"V")

    writer.die()
    Interrupted(writer.dynamo, lose)
    await writer.rename(ann, "new")
    await asyncio.sleep(0.5)
    assert YOUNG_LEASED_MS + YOUNG_KEPT_MS < 500
    assert "new" == await reader.name(ann)


async def test_without_redis_only_what_hides_is_refused(three: Three) -> None:
    """A process that is cut off from Redis goes on reading and writing, but takes nothing away that others may have
    cached; what it wrote shows to them once it has told."""
    cut, _, reader = three
    ann = await cut.account("ann")
    tweet_id = await cut.post(ann, "song")
    await reader.reader.tweet(0, tweet_id)
    await reader.name(ann)
    cut.redis.cut = True
    await cut.rename(ann, "new")
    assert "new" == await cut.name(ann)
    refused = (
        cut.tweets.store.delete(ann, tweet_id),
        cut.tweets.edit(ann, tweet_id, "other"),
        cut.rename(ann, "hidden", hiding=True),
    )
    for write in refused:
        with pytest.raises(Problem) as raised:
            await write
        assert ("engine_unavailable", 2) == (raised.value.code, raised.value.retry_after_s)
    for one in (cut, reader):
        assert b'"content":"song"' in await one.reader.tweet(0, tweet_id)
    cut.redis.cut = False

    async def shows() -> bool:
        return "new" == await reader.name(ann)

    await until(shows)


async def test_what_is_told_late_is_read_from_dynamodb_until_then(three: Three) -> None:
    """A delete whose process loses Redis after its mark shows to nobody from its commit on."""
    writer, _, reader = three
    ann = await writer.account("ann")
    tweet_id = await writer.post(ann)
    assert tweet_id in await reader.reader.tweets(0, [tweet_id])

    async def lose() -> None:
        writer.redis.cut = True

    Interrupted(writer.dynamo, lose)
    await writer.tweets.store.delete(ann, tweet_id)
    for _ in range(2):
        assert {} == await reader.reader.tweets(0, [tweet_id])
    writer.redis.cut = False

    async def free() -> bool:
        return not (await reader.kept(TWEETS, tweet_id) or b"").startswith(b"M")

    await until(free)
    assert {} == await reader.reader.tweets(0, [tweet_id])


@pytest.mark.parametrize("moment", [("query", 1), ("batch_get_item", 1), ("batch_get_item", 2)])
@pytest.mark.parametrize("after", [False, True])
async def test_ones_own_like_counts_once_while_it_is_folded(
    three: Three, moment: tuple[str, int], after: bool
) -> None:
    """Whoever reads sees the own like once, before or after whichever of the reading's calls a worker folds it, and
    then from the cache."""
    writer, worker, reader = three
    ann, bob = await writer.account("ann"), await writer.account("bob")
    tweet_id = await writer.post(ann)
    await writer.tweets.store.like(bob, tweet_id)
    Interrupted(reader.dynamo, partial(fold, worker), *moment, after=after)
    for _ in range(3):
        assert 1 == await likes(reader, bob, tweet_id)


@pytest.mark.parametrize("after", [False, True])
async def test_ones_own_like_counts_once_before_a_fold_is_told(three: Three, after: bool) -> None:
    """Counter and unfolded like that were cached before fit together right before and right after a fold's commit,
    while nobody is told of it."""
    writer, worker, reader = three
    ann, bob = await writer.account("ann"), await writer.account("bob")
    tweet_id = await writer.post(ann)
    await writer.tweets.store.like(bob, tweet_id)
    seen = [await likes(reader, bob, tweet_id)]

    async def look() -> None:
        seen.append(await likes(reader, bob, tweet_id))

    Interrupted(worker.dynamo, look, after=after)
    await fold(worker)
    await look()
    assert [1, 1, 1] == seen


async def test_ones_own_like_counts_once_from_the_cache(three: Three) -> None:
    """Counter and unfolded like that come from the cache are of one moment, and cost no more calls."""
    writer, worker, reader = three
    ann, bob = await writer.account("ann"), await writer.account("bob")
    tweet_id = await writer.post(ann)
    for expected in (1, 0, 1):
        await (writer.tweets.store.like if expected else writer.tweets.store.unlike)(bob, tweet_id)
        assert [expected] * 2 == [await likes(reader, bob, tweet_id) for _ in range(2)]
        watched = Counting(reader.dynamo)
        assert expected == await likes(reader, bob, tweet_id)
        assert [] == watched.calls
        await fold(worker)
        assert [expected] * 2 == [await likes(reader, bob, tweet_id) for _ in range(2)]
    assert 1 == await likes(reader, ann, tweet_id)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_is_read_while_others_write_is_what_stood(three: Three, seed: int) -> None:
    """People edit, like and unlike what others read and fold at the same time: everybody sees the own like and text at
    once, and in the end every row in the cache is as it stands."""
    chance = random.Random(seed)
    people = [await three[0].account(f"u{number}") for number in range(3)]
    tweets = [await three[0].post(one) for one in people]
    for one, own in zip(people, tweets, strict=True):
        await three[0].reader.tweet(
            one, own
        )  # as whoever writes does: what was just put is known for one reading

    async def live(process: Process, actor: int, own: int) -> None:
        for number in range(12):
            other = chance.choice(tweets)
            if chance.random() < 0.4:
                await process.tweets.edit(actor, own, f"text {number}")
                facts = await chance.choice(three).facts.gather(actor, [own])
                card = facts.tweet(own)
                assert card is not None
                assert f"text {number}" == card.facts.content
            else:
                liked = chance.random() < 0.5
                await (process.tweets.store.like if liked else process.tweets.store.unlike)(actor, other)
                facts = await chance.choice(three).facts.gather(actor, [other])
                assert liked == facts.mark(other).liked

    async def fold_on() -> None:
        while True:
            await fold(three[0])

    folding = asyncio.create_task(fold_on())
    try:
        await asyncio.gather(*map(live, three, people, tweets))
    finally:
        folding.cancel()
        await asyncio.wait([folding])
    await fold(three[1])
    wanted: dict[Table, list[Key]] = {
        TWEETS: [(one,) for one in tweets],
        COUNTS: [(one,) for one in tweets + people],
        LIKES: [(one, other) for one in people for other in tweets],
    }
    for process in three:
        assert [] == await process.differing(wanted)
