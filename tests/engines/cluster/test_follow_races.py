"""What happens to a follow when something else happens between its reading and its writing."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from rookery.core.entities import AccountState, Edge
from rookery.core.events import Kind
from rookery.core.ids import ID_MAX
from rookery.engines.cluster.follows import ClusterFollows
from rookery.services.follows.projector import FollowsUpkeep
from tests.contract.cluster_circle import ClusterCircle, opened_in_dynamodb
from tests.engines.cluster.calls import Interrupted, Moment, Troubled, another
from tests.members import code


@pytest.fixture
async def circle(dynamodb_url: str) -> AsyncIterator[ClusterCircle]:
    """An empty circle."""
    async with opened_in_dynamodb(dynamodb_url) as one:
        yield one


def slowly(circle: ClusterCircle, meanwhile: Moment) -> ClusterFollows:
    """The store of a process that is so slow that something else happens before it writes."""
    slow = another(circle.dynamo)
    Interrupted(slow, meanwhile)
    return ClusterFollows(slow)


async def test_a_request_to_an_account_that_opens_is_a_follow(circle: ClusterCircle) -> None:
    """A request that is written after the account was opened, and its upkeep is over, does not wait there for ever."""
    ann, bob = await circle.join(2)
    await circle.set_protected(bob, True)

    async def meanwhile() -> None:
        await circle.set_protected(bob, False)
        await circle.upkeep()

    assert await slowly(circle, meanwhile).follow(ann, bob)
    assert Edge.FOLLOWING == await circle.edge(ann, bob)
    assert [] == await circle.follows.requests_to(bob, ID_MAX, 9)
    assert (1, 0) == await circle.counts(bob)


@pytest.mark.parametrize("write", ["follow", "block", "mute"])
async def test_nothing_is_left_with_an_account_that_goes(circle: ClusterCircle, write: str) -> None:
    """What is written after the account was deleted, and its upkeep is over, is taken back and refused."""
    ann, bob = await circle.join(2)

    async def meanwhile() -> None:
        await circle.set_state(bob, AccountState.DELETED)
        await circle.upkeep()

    assert "not_found" == await code(getattr(slowly(circle, meanwhile), write)(ann, bob))
    assert 0 == await circle.edges_left()
    assert (0, 0) == await circle.counts(ann)


async def test_one_who_goes_begins_nothing(circle: ClusterCircle) -> None:
    """A follow is not written where the follower was deleted since it was read."""
    ann, bob = await circle.join(2)

    async def meanwhile() -> None:
        await circle.set_state(ann, AccountState.DELETED)

    assert "token_invalid" == await code(slowly(circle, meanwhile).follow(ann, bob))
    assert 0 == await circle.edges_left()


async def test_a_block_meanwhile_is_seen(circle: ClusterCircle) -> None:
    """A follow is refused where a block was written since it was read."""
    ann, bob = await circle.join(2)

    async def meanwhile() -> None:
        await circle.follows.block(bob, ann)

    assert "blocked" == await code(slowly(circle, meanwhile).follow(ann, bob))
    assert Edge.BLOCKED_BY == await circle.edge(ann, bob)


async def test_a_request_of_a_clock_ahead_is_accepted(circle: ClusterCircle) -> None:
    """Upkeep of an account that is open accepts also requests whose ids are above its event, and none of one that is
    protected again."""
    ann, bob, owner = await circle.join(3)
    await circle.set_protected(owner, True)
    for asker in (ann, bob):
        await circle.follows.follow(asker, owner)
    (bobs, _), (anns, _) = await circle.follows.requests_to(owner, ID_MAX, 9)
    await circle.follows.accept_waiting(owner, bobs, 9)
    assert [(bobs, bob)] == await circle.follows.requests_to(owner, ID_MAX, 9)

    circle.news()
    await circle.set_protected(owner, False)
    opened = next(event for event in circle.news() if event.kind == Kind.ACCOUNT_OPENED)
    await circle.follows.accept_waiting(owner, anns, 9)
    await FollowsUpkeep(circle.follows).on_event(opened)
    assert [] == await circle.follows.requests_to(owner, ID_MAX, 9)
    assert (2, 0) == await circle.counts(owner)


@pytest.mark.parametrize("seed", range(3))
async def test_a_troubled_dynamodb_loses_nothing(circle: ClusterCircle, seed: int) -> None:
    """However often calls are throttled, transactions conflict and answers are lost, each write is done once."""
    people = await circle.join(6)
    follows = ClusterFollows(another(circle.dynamo, Troubled(circle.dynamo.client, seed)))
    pairs = [(one, other) for one in people for other in people if one != other]
    for deed in (follows.follow, follows.unfollow, follows.follow):
        await asyncio.gather(*(deed(*pair) for pair in pairs))
    await follows.block(people[0], people[1])
    await follows.block(people[1], people[0])
    await follows.unblock(people[0], people[1])

    assert [(4, 4), (4, 4), *[(5, 5)] * 4] == [await circle.counts(one) for one in people]
    assert Edge.BLOCKED_BY == await circle.edge(people[0], people[1])
    for one in people[2:]:
        listed = (
            await circle.follows.followers_of(one, ID_MAX, 9),
            await circle.follows.following_of(one, ID_MAX, 9),
        )
        assert [set(people) - {one}] * 2 == [{other for _, other in entries} for entries in listed]
