"""Writes that do not read what this process has left, and are right all the same."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from rookery.core.content import NO_LINKS, Draft
from rookery.core.errors import Problem, RateLimited
from rookery.core.limits import Charge, IdempotencyKey, Ticket
from rookery.engines.cluster.accounts import ClusterAccounts
from rookery.engines.cluster.attempts import ClusterAttempts
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.facts import ClusterFacts
from rookery.engines.cluster.tables import RATE_WINDOWS, USERS
from rookery.engines.cluster.tweets import ClusterTweets
from rookery.services.accounts.store import Changes, NewAccount
from tests.engines.cluster.calls import Counting, another
from tests.tabling import tables_of_its_own

COMMIT, READ = "transact_write_items", "batch_get_item"


class Process:
    """One of several processes on the same tables; it keeps the names of its calls."""

    def __init__(self, dynamo: Dynamo) -> None:
        self.dynamo = another(dynamo)
        self.counting = Counting(self.dynamo)
        self.accounts = ClusterAccounts(self.dynamo)
        self.facts = ClusterFacts(self.dynamo)
        self.tweets = ClusterTweets(self.dynamo, self.facts)

    async def tweet(self, actor: int, key: str = "", most: int = 100) -> Ticket:
        """Writes a tweet; the ticket tells what is left of the limit."""
        charges = Charge("tweets", str(actor), most, 600), Charge("tweets a day", str(actor), 1_000, 900)
        ticket = Ticket(actor, charges, IdempotencyKey(actor, key, b"print") if key else None)
        self.written = await self.tweets.create(Draft(actor, "song", NO_LINKS), 0, ticket)
        return ticket

    async def left(self, actor: int, key: str = "") -> int:
        """What is left of the tighter limit after a tweet."""
        budget = (await self.tweet(actor, key)).budget
        assert budget is not None
        return budget.remaining

    def calls(self) -> list[str]:
        """The calls since this was last asked."""
        calls = list(self.counting.calls)
        self.counting.calls.clear()
        return calls


@pytest.fixture
async def three(dynamodb_url: str) -> AsyncIterator[list[Process]]:
    """Three processes on the same tables, and an account."""
    async with tables_of_its_own(dynamodb_url) as dynamo:
        yield [Process(dynamo) for _ in range(3)]


@pytest.fixture
async def ann(three: list[Process]) -> int:
    """An account."""
    return await three[2].accounts.create(NewAccount("ann", "Ann"), None, Ticket(0))


async def test_the_next_tweet_of_an_account_is_committed_without_reading(
    three: list[Process], ann: int
) -> None:
    """Once a process has written for an account, its next tweets cost one call each, and their limits count on."""
    one = three[0]
    assert [99, 98, 97] == [await one.left(ann, key) for key in ("a", "b", "")]
    assert [READ, COMMIT, COMMIT, COMMIT] == one.calls()
    written = one.written
    assert one.facts is not None
    assert b"Ann" in (await one.facts.gather(ann, [written])).users[ann].short
    assert [] == one.calls()  # what answers it is known, too


async def test_processes_that_take_turns_count_right_and_soon_read(three: list[Process], ann: int) -> None:
    """Limits are exact whoever writes; of an account for which another writes too, a process presumes wrongly once, and
    presumes again when it has written twice in a row."""
    one, two, _ = three
    for used in range(6):
        assert 99 - used == await (one, two)[used % 2].left(ann)
    assert [READ, COMMIT, COMMIT, READ, COMMIT, READ, COMMIT] == one.calls()
    assert [READ, COMMIT, COMMIT, READ, COMMIT, READ, COMMIT] == two.calls()
    assert [93, 92, 91] == [await one.left(ann) for _ in range(3)]
    assert [READ, COMMIT, READ, COMMIT, COMMIT] == one.calls()


async def test_a_new_name_is_in_the_answer_to_the_next_tweet(three: list[Process], ann: int) -> None:
    """What another process changed of the account since shows in the answer."""
    one, two, _ = three
    await one.tweet(ann)
    await two.accounts.update(ann, Changes(name="Anna"), Ticket(ann))
    await one.tweet(ann)
    assert b"Anna" in (await one.facts.gather(ann, [one.written])).users[ann].short
    await one.tweet(ann)
    await one.accounts.update(ann, Changes(name="Hannah"), Ticket(ann, (Charge("changes", "ann", 9, 60),)))
    one.calls()
    await one.tweet(ann)
    assert [READ, COMMIT] == one.calls()  # who changes a row itself does not presume what it was before
    assert b"Hannah" in (await one.facts.gather(ann, [one.written])).users[ann].short


async def test_a_window_that_is_given_back_is_not_presumed(three: list[Process], ann: int) -> None:
    """A log-in is charged and, where the password was right, given back: the next one does not presume the charge."""
    one = three[0]
    attempts = ClusterAttempts(one.dynamo)
    for _ in range(3):
        ticket = Ticket(0, (Charge("failed log-ins", "ann", 9, 60),))
        await attempts.give_back(ticket, await attempts.take(ticket))
    assert [0] == [row["used"] async for row in one.dynamo.scan(RATE_WINDOWS)]
    assert one.calls().count(COMMIT) == 6


async def test_an_account_that_was_closed_meanwhile_writes_no_more(three: list[Process], ann: int) -> None:
    """A tweet after another process has closed the account is refused."""
    one, two, _ = three
    await one.tweet(ann)
    await two.accounts.disable(ann)
    with pytest.raises(Problem) as refused:
        await one.tweet(ann)
    assert "token_invalid" == refused.value.code


async def test_a_repeated_key_is_found_without_having_been_looked_for(three: list[Process], ann: int) -> None:
    """The same key, used here or in another process, gives the first tweet again, is not charged, and is refused for
    another request; so it is where the limit is used up."""
    one, two, _ = three
    await one.tweet(ann, "key", 3)
    first = one.written
    assert (await one.tweet(ann, "key", 3)).replayed
    assert first == one.written
    await one.tweet(ann, "", 3)
    await two.tweet(ann, "other", 3)
    assert (await one.tweet(ann, "other", 3)).replayed
    assert two.written == one.written
    assert (await one.tweet(ann, "key", 3)).replayed
    with pytest.raises(RateLimited):
        await one.tweet(ann, "new", 3)
    with pytest.raises(Problem) as refused:
        await one.tweets.create(
            Draft(ann, "", NO_LINKS), 0, Ticket(ann, (), IdempotencyKey(ann, "key", b"?"))
        )
    assert "idempotency_mismatch" == refused.value.code


async def test_a_limit_is_used_up_when_the_table_says_so(three: list[Process], ann: int) -> None:
    """Neither is more let through than the limit, by processes that take turns or not, nor is one refused that has
    room, or a key that was used, because a process takes the limit for used up."""
    one, two, _ = three
    for process in (one, one, two, one, two):
        await process.tweet(ann, "", 5)
    for process in (one, two, one):
        with pytest.raises(RateLimited):
            await process.tweet(ann, "", 5)
    assert [5, 5] == [row["used"] async for row in one.dynamo.scan(RATE_WINDOWS)]


async def test_nobody_is_refused_by_what_is_only_presumed(three: list[Process], ann: int) -> None:
    """Where a process takes a limit for used up, a key that was used still gives its tweet, and a limit that has room
    after all lets one through."""
    one, _, _ = three
    for key in ("a", "b", "c"):
        await one.tweet(ann, key, 3)
    assert (await one.tweet(ann, "b", 3)).replayed
    await one.dynamo.client.delete_item(
        TableName=one.dynamo.name(RATE_WINDOWS), Key={"name": {"S": f"tweets#{ann}"}}
    )  # as DynamoDB takes away what is over
    await one.tweet(ann, "d", 2)
    await one.tweet(ann, "e", 2)
    await one.dynamo.client.delete_item(
        TableName=one.dynamo.name(RATE_WINDOWS), Key={"name": {"S": f"tweets#{ann}"}}
    )
    assert not (await one.tweet(ann, "f", 2)).replayed


async def test_what_changes_nothing_is_not_presumed(three: list[Process], ann: int) -> None:
    """A change back to the name that a process last saw is carried out, though it knows no other."""
    one, two, _ = three
    await one.tweet(ann)
    await two.accounts.update(ann, Changes(name="Anna"), Ticket(ann))
    await one.accounts.update(ann, Changes(name="Ann"), Ticket(ann))
    row = await one.dynamo.get(USERS, ann)
    assert row is not None
    assert "Ann" == row["name"]


async def test_what_hides_something_is_read_first(three: list[Process], ann: int) -> None:
    """Whether an account is to be protected is decided by its row as it is, however well the process knows it."""
    one = three[0]
    await one.tweet(ann)
    one.calls()
    await one.accounts.update(ann, Changes(protected=True), Ticket(ann))
    assert [READ, COMMIT] == one.calls()


async def test_tweets_of_one_account_at_once_all_stand(three: list[Process], ann: int) -> None:
    """Six tweets at once, each sent here and to another process under one key, are six, each charged once; of two at
    once one presumes."""
    one, two, _ = three
    await one.tweet(ann)
    one.calls()
    await asyncio.gather(one.tweet(ann), one.tweet(ann))
    assert {COMMIT, READ} == set(one.calls()[:2])
    await asyncio.gather(*(process.tweet(ann, f"{number}") for process in (one, two) for number in range(6)))
    assert {9} == {row["used"] async for row in one.dynamo.scan(RATE_WINDOWS)}
