"""What every engine's store of follows, requests, blocks and mutes must do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from rookery.core.entities import AccountState, Edge
from rookery.core.errors import Problem, RateLimited
from rookery.core.events import Event, Kind
from rookery.core.ids import ID_MAX
from rookery.core.limits import Charge, IdempotencyKey, Ticket
from rookery.services.follows import projector
from rookery.services.follows.projector import FollowsUpkeep
from tests.contract.circle import CELEBRITY_FOLLOWERS, Circle, counts_in, opened
from tests.contract.cluster_circle import ClusterCircle, opened_in_dynamodb


@pytest.fixture(params=["embedded", "cluster"])
async def circle(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Circle]:
    """An empty circle."""
    circles: AbstractAsyncContextManager[Circle] = (
        opened(tmp_path)
        if request.param == "embedded"
        else opened_in_dynamodb(request.getfixturevalue("dynamodb_url"))
    )
    async with circles as one:
        yield one


@pytest.fixture
def chunk(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many edges upkeep takes at once: few, so that it need not be many in all."""
    monkeypatch.setattr(projector, "CHUNK", 50)
    return 50


def said(events: list[Event]) -> list[tuple[Kind, int, int, int]]:
    """Kind, actor, subject and other."""
    return [(event.kind, event.actor, event.subject, event.other) for event in events]


async def test_a_follow_stands_once(circle: Circle) -> None:
    """Following twice is one follow, one count and one event."""
    ann, bob = await circle.join(2)
    await circle.follows.follow(ann, bob)
    await circle.follows.follow(ann, bob)

    assert Edge.FOLLOWING == await circle.edge(ann, bob)
    assert Edge.FOLLOWED_BY == await circle.edge(bob, ann)
    assert (1, 0) == await circle.counts(bob)
    assert (0, 1) == await circle.counts(ann)
    assert [(Kind.FOLLOWED, ann, ann, bob)] == said(circle.news())


async def test_only_a_change_is_charged(circle: Circle) -> None:
    """A follow that stands already costs nothing; one beyond the limit leaves nothing behind."""
    ann, bob, cleo = await circle.join(3)

    def ticket() -> Ticket:
        return Ticket(ann, (Charge("follows", str(ann), 1, 60),))

    await circle.follows.follow(ann, bob, ticket())
    await circle.follows.follow(ann, bob, ticket())
    with pytest.raises(RateLimited):
        await circle.follows.follow(ann, cleo, ticket())

    assert 0 == await circle.edge(ann, cleo)
    assert (0, 0) == await circle.counts(cleo)


async def test_a_repeated_key_follows_once(circle: Circle) -> None:
    """A key that was used does nothing again, also after the follow was ended."""
    ann, bob = await circle.join(2)
    key = IdempotencyKey(ann, "key", b"f")
    await circle.follows.follow(ann, bob, Ticket(ann, key=key))
    await circle.follows.unfollow(ann, bob)
    again = Ticket(ann, key=key)
    await circle.follows.follow(ann, bob, again)

    assert again.replayed
    assert 0 == await circle.edge(ann, bob)


async def test_protected_accounts_are_asked(circle: Circle) -> None:
    """A protected account gets one request that counts nothing until it is accepted, and then it is a follow."""
    ann, bob = await circle.join(2)
    await circle.set_protected(bob, True)
    circle.news()
    await circle.follows.follow(ann, bob)
    await circle.follows.follow(ann, bob)

    assert Edge.REQUESTED == await circle.edge(ann, bob)
    assert (0, 0) == await circle.counts(bob)
    assert [ann] == [one for _, one in await circle.follows.requests_to(bob, ID_MAX, 9)]
    assert [(Kind.EDGE_CHANGED, ann, ann, bob)] == said(circle.news())

    await circle.follows.accept(bob, ann)

    assert Edge.FOLLOWING == await circle.edge(ann, bob)
    assert (1, 0) == await circle.counts(bob)
    assert [] == await circle.follows.requests_to(bob, ID_MAX, 9)
    assert [(Kind.FOLLOWED, bob, ann, bob)] == said(circle.news())


async def test_requests_end_unheard(circle: Circle) -> None:
    """A request can be taken back and refused, again and again; then there is nothing to accept."""
    ann, bob = await circle.join(2)
    await circle.set_protected(bob, True)
    await circle.follows.follow(ann, bob)
    await circle.follows.unfollow(ann, bob)
    await circle.follows.unfollow(ann, bob)
    assert 0 == await circle.edge(ann, bob)

    await circle.follows.follow(ann, bob)
    await circle.follows.refuse(bob, ann)
    await circle.follows.refuse(bob, ann)
    assert 0 == await circle.edge(ann, bob)
    with pytest.raises(Problem, match="no such request"):
        await circle.follows.accept(bob, ann)


async def test_refusing_ends_no_follow(circle: Circle) -> None:
    """An accepted follower is not lost by refusing a request that is none."""
    ann, bob = await circle.join(2)
    await circle.follows.follow(ann, bob)
    await circle.follows.refuse(bob, ann)

    assert Edge.FOLLOWING == await circle.edge(ann, bob)


async def test_protecting_keeps_followers(circle: Circle) -> None:
    """Who followed before stays a follower, and following again changes nothing."""
    ann, bob = await circle.join(2)
    await circle.follows.follow(ann, bob)
    await circle.set_protected(bob, True)
    await circle.follows.follow(ann, bob)

    assert Edge.FOLLOWING == await circle.edge(ann, bob)


async def test_opening_accepts_what_waited(circle: Circle, chunk: int) -> None:
    """Opening accepts every request of before, in as many writes as it takes, and none of after; twice does no more."""
    owner, *askers = await circle.join(2 * chunk + 24)
    await circle.set_protected(owner, True)
    await asyncio.gather(*(circle.follows.follow(asker, owner) for asker in askers[:-1]))
    waiting = [one for _, one in await circle.follows.requests_to(owner, ID_MAX, 999)]
    assert set(askers[:-1]) == set(waiting)
    circle.news()
    await circle.set_protected(owner, False)
    await circle.set_protected(owner, True)
    await circle.follows.follow(askers[-1], owner)
    opened_event = circle.news()[0]
    for _ in range(2):
        await FollowsUpkeep(circle.follows).on_event(opened_event)

    assert (2 * chunk + 22, 0) == await circle.counts(owner)
    assert [askers[-1]] == [one for _, one in await circle.follows.requests_to(owner, ID_MAX, 9)]
    follows = [event for event in circle.news() if event.kind == Kind.FOLLOWED]
    assert [(owner, asker, owner) for asker in reversed(waiting)] == [
        (event.actor, event.subject, event.other) for event in follows
    ]


async def test_an_open_account_is_followed_though_a_request_waits(circle: Circle) -> None:
    """Between opening and its upkeep, asking again follows at once, and is counted once after the upkeep."""
    ann, bob = await circle.join(2)
    await circle.set_protected(bob, True)
    await circle.follows.follow(ann, bob)
    await circle.set_protected(bob, False)
    await circle.follows.follow(ann, bob)
    assert Edge.FOLLOWING == await circle.edge(ann, bob)

    await circle.upkeep()
    assert (1, 0) == await circle.counts(bob)


async def test_a_block_ends_everything_both_ways(circle: Circle) -> None:
    """A block ends follows and requests in both directions, is seen from both sides, and refuses new ones."""
    ann, bob = await circle.join(2)
    await circle.follows.follow(ann, bob)
    await circle.set_protected(ann, True)
    await circle.follows.follow(bob, ann)
    circle.news()
    await circle.follows.block(ann, bob)
    await circle.follows.block(ann, bob)

    assert [(Kind.EDGE_CHANGED, ann, ann, bob)] == said(circle.news())
    assert Edge.BLOCKING == await circle.edge(ann, bob)
    assert Edge.BLOCKED_BY == await circle.edge(bob, ann)
    assert [] == await circle.follows.requests_to(ann, ID_MAX, 9)
    assert (0, 0) == await circle.counts(ann)
    assert (0, 0) == await circle.counts(bob)
    for follower, followee in ((ann, bob), (bob, ann)):
        with pytest.raises(Problem) as refused:
            await circle.follows.follow(follower, followee)
        assert "blocked" == refused.value.code


async def test_an_unblock_ends_ones_own_block_alone(circle: Circle) -> None:
    """Two who block each other stay apart until both have ended it; then they may follow, but do not."""
    ann, bob = await circle.join(2)
    await circle.follows.follow(ann, bob)
    await circle.follows.block(ann, bob)
    await circle.follows.block(bob, ann)
    await circle.follows.unblock(ann, bob)
    assert Edge.BLOCKED_BY == await circle.edge(ann, bob)

    await circle.follows.unblock(bob, ann)
    assert 0 == await circle.edge(ann, bob)
    await circle.follows.follow(ann, bob)
    assert Edge.FOLLOWING == await circle.edge(ann, bob)


async def test_a_mute_changes_nothing_else(circle: Circle) -> None:
    """A mute is kept beside a follow, shows in one's own list, and ends alone."""
    ann, bob = await circle.join(2)
    await circle.follows.follow(ann, bob)
    await circle.follows.mute(ann, bob)
    await circle.follows.mute(ann, bob)
    assert Edge.FOLLOWING | Edge.MUTING == await circle.edge(ann, bob)
    assert [bob] == [one for _, one in await circle.follows.mutes_of(ann, ID_MAX, 9)]

    await circle.follows.unmute(ann, bob)
    assert Edge.FOLLOWING == await circle.edge(ann, bob)
    assert [] == await circle.follows.mutes_of(ann, ID_MAX, 9)


@pytest.mark.parametrize("write", ["follow", "block", "mute", "accept"])
async def test_nothing_begins_with_an_inactive_account(circle: Circle, write: str) -> None:
    """Nothing begins towards one who is disabled, deleted or never was, nor by one."""
    ann, bob, cleo = await circle.join(3)
    await circle.set_state(bob, AccountState.DISABLED)
    await circle.set_state(cleo, AccountState.DELETED)
    begin = getattr(circle.follows, write)
    for other in (bob, cleo, 4):
        with pytest.raises(Problem) as refused:
            await begin(ann, other)
        assert "not_found" == refused.value.code
        with pytest.raises(Problem) as refused:
            await begin(other, ann)
        assert "token_invalid" == refused.value.code


async def test_the_flag_of_celebrities_stays(circle: Circle) -> None:
    """Reaching the threshold flags the account once and says so, in the cluster once that is counted, else in the same
    breath; falling below changes nothing."""
    star, *fans = await circle.join(5)
    for fan in fans[: CELEBRITY_FOLLOWERS - 1]:
        await circle.follows.follow(fan, star)
    assert await circle.celebrity_ms(star) is None
    circle.news()

    last = fans[CELEBRITY_FOLLOWERS - 1]
    await circle.follows.follow(last, star)
    flagged_ms = await circle.celebrity_ms(star)
    assert flagged_ms is not None
    if isinstance(circle, ClusterCircle):
        expected = [(Kind.FOLLOWED, last, last, star), (Kind.ACCOUNT_CHANGED, star, star, 0)]
    else:
        expected = [(Kind.ACCOUNT_CHANGED, last, star, 0), (Kind.FOLLOWED, last, last, star)]
    assert expected == said(circle.news())

    await circle.follows.unfollow(last, star)
    assert flagged_ms == await circle.celebrity_ms(star)
    await circle.follows.follow(last, star)
    assert flagged_ms == await circle.celebrity_ms(star)
    assert [Kind.EDGE_CHANGED, Kind.FOLLOWED] == [event.kind for event in circle.news()]


async def test_a_deleted_account_leaves_no_edge(circle: Circle, chunk: int) -> None:
    """Upkeep ends all that a deleted account had in both directions, in as many writes as it takes, counters with it;
    twice does no more."""
    gone, muter, asker, blocker, *others = await circle.join(2 * chunk + 24)
    await circle.set_protected(others[0], True)
    await asyncio.gather(*(circle.follows.follow(one, gone) for one in others))
    await asyncio.gather(*(circle.follows.follow(gone, one) for one in others[:30]))
    await circle.set_protected(gone, True)
    await circle.follows.mute(muter, gone)
    await circle.follows.follow(asker, gone)
    await circle.follows.block(blocker, gone)
    await circle.follows.block(gone, others[3])
    assert (1, 1) == await circle.counts(others[1])
    await circle.set_state(gone, AccountState.DELETED)
    deleted = next(event for event in circle.news() if event.kind == Kind.ACCOUNT_DELETED)
    for _ in range(2):
        await FollowsUpkeep(circle.follows).on_event(deleted)

    assert (0, 0) == await circle.counts(gone)
    facts = await circle.gather(0, others)
    assert {(0, 0)} == {counts_in(facts, one) for one in others}
    assert {0} == set(await asyncio.gather(*(circle.edge(one, gone) for one in circle.people)))
    assert 0 == await circle.edges_left()


async def test_lists_are_newest_first_below_a_position(circle: Circle) -> None:
    """Each list goes from the newest to the oldest and can be taken up at any position."""
    ann, *others = await circle.join(6)
    for other in others:
        await circle.follows.follow(other, ann)
        await circle.follows.mute(ann, other)
        await circle.follows.follow(ann, other)
        await circle.follows.block(other, others[(others.index(other) + 1) % 5])
    newest_first = others[::-1]
    for listed in (circle.follows.followers_of, circle.follows.following_of, circle.follows.mutes_of):
        page = await listed(ann, ID_MAX, 2)
        rest = await listed(ann, page[-1][0], 9)
        assert newest_first == [one for _, one in (*page, *rest)]
    assert [others[1]] == [one for _, one in await circle.follows.blocks_of(others[0], ID_MAX, 9)]


async def test_suggestions_come_from_the_neighbourhood(circle: Circle) -> None:
    """First by how many of one's followees follow them, then by followers, then the most followed; never oneself, whom
    one has an edge with, or who is not active."""
    ann, one, two, near, nearer, star, muted, hidden, gone, *crowd = await circle.join(14)
    for followee in (one, two):
        await circle.follows.follow(ann, followee)
        for other in (nearer, muted, hidden, gone, ann):
            await circle.follows.follow(followee, other)
    await circle.follows.follow(one, near)
    await circle.follows.follow(two, crowd[0])
    for fan in crowd:
        await circle.follows.follow(fan, star)
    await circle.follows.follow(crowd[1], crowd[0])
    await circle.follows.mute(ann, muted)
    await circle.follows.block(hidden, ann)
    await circle.set_state(gone, AccountState.DISABLED)
    await circle.settle()

    assert [nearer, crowd[0], near, star] == await circle.follows.suggestions(ann, 9)
    assert [nearer, crowd[0]] == await circle.follows.suggestions(ann, 2)


async def test_many_at_once_are_counted_exactly(circle: Circle) -> None:
    """Of many follows at once by one account as many stand as its limit allows, and none fails for another reason."""
    ann, *others = await circle.join(31)

    async def follows(other: int) -> bool:
        try:
            return await circle.follows.follow(
                ann, other, Ticket(ann, (Charge("follows", str(ann), 20, 60),))
            )
        except RateLimited:
            return False

    assert 20 == sum(await asyncio.gather(*map(follows, others)))
    assert (0, 20) == await circle.counts(ann)


async def test_two_who_act_on_each_other_agree(circle: Circle) -> None:
    """Whatever two people do to each other at the same time, no follow stands beside a block."""
    pairs = [await circle.join(2) for _ in range(10)]
    deeds = [
        deed
        for ann, bob in pairs
        for deed in (
            circle.follows.follow(ann, bob),
            circle.follows.block(bob, ann),
            circle.follows.follow(bob, ann),
            circle.follows.mute(ann, bob),
        )
    ]
    outcomes = await asyncio.gather(*deeds, return_exceptions=True)

    assert {"blocked"} >= {one.code for one in outcomes if isinstance(one, Problem)}
    assert {Edge.BLOCKED_BY | Edge.MUTING} == {await circle.edge(ann, bob) for ann, bob in pairs}
    assert {(0, 0)} == {await circle.counts(one) for pair in pairs for one in pair}
