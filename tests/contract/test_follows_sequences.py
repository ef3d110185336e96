"""Edges, counters and lists of follows after any sequence of operations, against a model of plain sets."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rookery.core.entities import Edge
from rookery.core.errors import Problem
from rookery.core.ids import ID_MAX
from tests.contract.circle import Circle, counts_in, opened
from tests.contract.cluster_circle import opened_in_dynamodb


@dataclass
class Model:
    """What must hold, as plain sets; a request carries when it was made."""

    follows: set[tuple[int, int]] = field(default_factory=set)
    requests: dict[tuple[int, int], int] = field(default_factory=dict)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    mutes: set[tuple[int, int]] = field(default_factory=set)
    protected: set[int] = field(default_factory=set)
    opened: list[tuple[int, int]] = field(default_factory=list)
    clock: int = 0

    def apply(self, name: str, a: int, b: int) -> None:
        """One operation by `a`, on `b`."""
        self.clock += 1
        getattr(self, name)(a, b)

    def follow(self, a: int, b: int) -> None:
        if {(a, b), (b, a)} & self.blocks or (a, b) in self.follows:
            return
        if b in self.protected:
            self.requests.setdefault((a, b), self.clock)
        else:
            self.requests.pop((a, b), None)
            self.follows.add((a, b))

    def unfollow(self, a: int, b: int) -> None:
        self.follows.discard((a, b))
        self.requests.pop((a, b), None)

    def accept(self, a: int, b: int) -> None:
        if self.requests.pop((b, a), None) is not None:
            self.follows.add((b, a))

    def refuse(self, a: int, b: int) -> None:
        self.requests.pop((b, a), None)

    def block(self, a: int, b: int) -> None:
        if (a, b) not in self.blocks:
            self.blocks.add((a, b))
            self.unfollow(a, b)
            self.unfollow(b, a)

    def unblock(self, a: int, b: int) -> None:
        self.blocks.discard((a, b))

    def mute(self, a: int, b: int) -> None:
        self.mutes.add((a, b))

    def unmute(self, a: int, b: int) -> None:
        self.mutes.discard((a, b))

    def protect(self, a: int, _: int) -> None:
        self.protected.add(a)

    def open(self, a: int, _: int) -> None:
        self.protected.discard(a)
        self.opened.append((a, self.clock))

    def upkeep(self, _: int, __: int) -> None:
        for owner, at in self.opened:
            for pair in [pair for pair, asked in self.requests.items() if pair[1] == owner and asked < at]:
                del self.requests[pair]
                self.follows.add(pair)
        self.opened.clear()

    def edge(self, a: int, b: int) -> int:
        bits = (
            (self.follows, (a, b), Edge.FOLLOWING),
            (self.requests, (a, b), Edge.REQUESTED),
            (self.blocks, (a, b), Edge.BLOCKING),
            (self.blocks, (b, a), Edge.BLOCKED_BY),
            (self.mutes, (a, b), Edge.MUTING),
            (self.follows, (b, a), Edge.FOLLOWED_BY),
        )
        return sum(bit for held, pair, bit in bits if pair in held)


PEOPLE = 4
WRITES = ("follow", "unfollow", "accept", "refuse", "block", "unblock", "mute", "unmute")
OPERATIONS = st.tuples(
    st.sampled_from((*WRITES, "follow", "follow", "protect", "open", "upkeep")),
    st.integers(0, PEOPLE - 1),
    st.integers(1, PEOPLE - 1),
)


async def _act(circle: Circle, name: str, a: int, b: int) -> None:
    if name in ("protect", "open"):
        await circle.set_protected(a, name == "protect")
    elif name == "upkeep":
        await circle.upkeep()
    else:
        with suppress(Problem):
            await getattr(circle.follows, name)(a, b)


async def _compare(circle: Circle, model: Model) -> None:
    for viewer in circle.people:
        facts = await circle.gather(viewer, circle.people)
        for other in circle.people:
            if other != viewer:
                assert model.edge(viewer, other) == facts.edge(other)
        followers = sum(pair[1] == viewer for pair in model.follows)
        following = sum(pair[0] == viewer for pair in model.follows)
        assert (followers, following) == counts_in(facts, viewer)
        listed = await circle.follows.followers_of(viewer, ID_MAX, 99)
        assert {a for a, b in model.follows if b == viewer} == {one for _, one in listed}


async def _walk(circles: AbstractAsyncContextManager[Circle], operations: list[tuple[str, int, int]]) -> None:
    async with circles as circle:
        people = await circle.join(PEOPLE)
        model = Model()
        for name, actor, step in operations:
            a, b = people[actor], people[(actor + step) % PEOPLE]
            await _act(circle, name, a, b)
            model.apply(name, a, b)
            await _compare(circle, model)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OPERATIONS, max_size=40))
def test_edges_and_counters_follow_any_sequence(operations: list[tuple[str, int, int]]) -> None:
    """After every step of any sequence, cached edges, counters and lists equal a recount by a plain model."""
    with TemporaryDirectory() as folder:
        asyncio.run(_walk(opened(Path(folder), synchronous="OFF"), operations))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(operations=st.lists(OPERATIONS, max_size=40))
def test_edges_and_counters_follow_any_sequence_in_dynamodb(
    dynamodb_url: str, operations: list[tuple[str, int, int]]
) -> None:
    """The same holds in the cluster, once counting has come to rest."""
    asyncio.run(_walk(opened_in_dynamodb(dynamodb_url), operations))
