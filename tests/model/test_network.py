"""Whatever people do in whatever order, every read of everyone is what a simple model says."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.model.reads import below, every_read
from tests.model.twins import Twins
from tests.serving import Person, Server, process_of, soon

PEOPLE_MAX = 6
SEED = int(
    os.environ.get("ROOKERY_TEST_SEED", "98" if os.environ.get("CI") == "true" else random.randrange(1 << 32))
)
EFFORT = int(
    os.environ.get("ROOKERY_TEST_EFFORT", "1")
)  # so many times as many people act so many times as often

Glance = tuple[int, int, int, int]  # (who, which read, from which post on, entries a page)

somebody = st.integers(0, PEOPLE_MAX - 1)
something = st.integers(0, 11)  # counted from the newest
texts = st.lists(st.integers(0, 3), min_size=1, max_size=3)
spots = st.sampled_from([None, None, 0, 1, 2])
glances = st.lists(
    st.tuples(
        st.integers(-1, PEOPLE_MAX - 1),
        st.integers(0, 999),
        st.integers(0, 40),
        st.sampled_from([1, 2, 3, 20]),
    ),
    min_size=3,
    max_size=3,
)


class Network(RuleBasedStateMachine):
    """People who act at random. Whoever acted looks at once; others look before, so that what they read is kept warm,
    and after; everyone looks at everything at the end."""

    def __init__(self, server: Server, *, roaming: bool = False) -> None:
        super().__init__()
        self.twins = Twins(server, roaming=roaming)

    @initialize(follows=st.lists(st.tuples(somebody, somebody), min_size=2, max_size=10))
    def four_people(self, follows: list[tuple[int, int]]) -> None:
        """Four accounts, some of which follow others."""
        for _ in range(4):
            self.twins.join()
        for who, whom in follows:
            self.twins.relate(self.actor(who), "follow", self.anybody(whom), on=True)

    @precondition(lambda self: len(self.twins.world.accounts) < PEOPLE_MAX)
    @rule()
    def join(self) -> None:
        self.twins.join()

    @rule(seen=glances, who=somebody, text=texts, spot=spots, hashed=st.booleans())
    def tweet(self, seen: list[Glance], who: int, text: list[int], spot: int | None, hashed: bool) -> None:
        with self.looking(seen, user := self.actor(who)):
            content = self.text(text) + (f" #{self.twins.words[0]} @m{self.twins.run}_1" if hashed else "")
            self.twins.tweet(user, content, spot=None if spot is None else self.twins.spots[spot])

    @precondition(lambda self: self.twins.world.posts)
    @rule(
        seen=glances,
        who=somebody,
        what=something,
        text=texts,
        spot=spots,
        how=st.sampled_from(["reply", "reply", "quote", "edit"]),
    )
    def write_on(
        self, seen: list[Glance], who: int, what: int, text: list[int], spot: int | None, how: str
    ) -> None:
        place = None if spot is None else self.twins.spots[spot]
        tweet_id = self.post(what)
        with self.looking(seen, user := self.actor(who)):
            if how == "reply":
                self.twins.reply(user, tweet_id, self.text(text), place)
            elif how == "quote":
                self.twins.tweet(user, self.text(text), tweet_id, place)
            else:
                self.twins.edit(user, tweet_id, self.text(text))

    @precondition(lambda self: self.twins.world.posts)
    @rule(seen=glances, what=something, text=texts, delete=st.booleans())
    def author_changes(self, seen: list[Glance], what: int, text: list[int], delete: bool) -> None:
        tweet_id = self.post(what)
        owner = self.twins.world.posts[tweet_id].owner
        if owner in self.twins.people:
            with self.looking(seen, owner):
                if delete:
                    self.twins.delete(owner, tweet_id)
                else:
                    self.twins.edit(owner, tweet_id, self.text(text))

    @precondition(lambda self: self.twins.world.posts)
    @rule(
        seen=glances,
        who=somebody,
        what=something,
        on=st.sampled_from([True, True, False]),
        like=st.booleans(),
    )
    def react(self, seen: list[Glance], who: int, what: int, on: bool, like: bool) -> None:
        tweet_id = self.post(what)
        with self.looking(seen, user := self.actor(who)):
            if like:
                self.twins.like(user, tweet_id, on=on)
            else:
                (self.twins.retweet if on else self.twins.undo_retweet)(user, tweet_id)

    @rule(
        seen=glances,
        who=somebody,
        whom=somebody,
        what=st.sampled_from(["follow", "follow", "follow", "block", "mute"]),
        on=st.sampled_from([True, True, False]),
    )
    def relate(self, seen: list[Glance], who: int, whom: int, what: str, on: bool) -> None:
        other = self.anybody(whom)
        with self.looking(seen, user := self.actor(who)):
            self.twins.relate(user, what, other, on=on)
        self.twins.look(user, f"/user/{other}", 1)
        self.twins.eyes.agree_on_suggestions(user)

    @rule(seen=glances, who=somebody, whom=somebody, accept=st.booleans())
    def answer_request(self, seen: list[Glance], who: int, whom: int, accept: bool) -> None:
        waiting = sorted(self.twins.world.requests)
        user, asker = self.actor(who), self.anybody(whom)
        if waiting:
            asker, user = waiting[whom % len(waiting)]
        with self.looking(seen, user):
            self.twins.answer_request(user, asker, accept=accept)

    @rule(
        seen=glances,
        who=somebody,
        word=st.integers(0, 3),
        bio=st.sampled_from(["", "a bird", "zwölf Spatzen"]),
    )
    def rename(self, seen: list[Glance], who: int, word: int, bio: str) -> None:
        with self.looking(seen, user := self.actor(who)):
            self.twins.rename(user, f"Bird {self.twins.words[word]}", bio)

    @rule(seen=glances, who=somebody, on=st.booleans())
    def protect(self, seen: list[Glance], who: int, on: bool) -> None:
        with self.looking(seen, user := self.actor(who)):
            self.twins.protect(user, on=on)

    @precondition(lambda self: len(self.twins.people) > 3)
    @rule(who=somebody, sure=st.integers(0, 3))
    def leave(self, who: int, sure: int) -> None:
        if sure == 0:
            self.twins.leave(self.actor(who))

    def teardown(self) -> None:
        self.twins.settle()
        self.twins.close()

    @contextmanager
    def looking(self, seen: list[Glance], user: str) -> Iterator[None]:
        """Looks before and after what the block does; the user, who acts, also at what is the user's own."""
        places = [self.place(*glance) for glance in seen]
        for viewer, read, size in places:
            self.twins.look(viewer, read, size)
        yield
        self.twins.look_at_own(user)
        for viewer, read, size in places:
            self.twins.look(viewer, read, size)

    def place(self, who: int, which: int, pivot: int, size: int) -> tuple[str | None, str, int]:
        """A viewer, a read and a page size."""
        viewer = self.actor(who) if who >= 0 else None
        reads = list(every_read(self.twins.world, viewer))
        read, posts = reads[which % len(reads)], list(self.twins.world.posts)
        return viewer, below(read, posts[pivot]) if pivot < len(posts) else read, size

    def actor(self, who: int) -> str:
        """Someone whose account stands."""
        return list(self.twins.people)[who % len(self.twins.people)]

    def anybody(self, who: int) -> str:
        """Anyone, gone or not."""
        return list(self.twins.world.accounts)[who % len(self.twins.world.accounts)]

    def post(self, what: int) -> str:
        """One of the newest posts, deleted or not."""
        return list(self.twins.world.posts)[-1 - what % len(self.twins.world.posts)]

    def text(self, words: list[int]) -> str:
        """A text of this run's words."""
        return " ".join(self.twins.words[one] for one in words)


def run(network: Callable[[], Network], examples: int) -> None:
    """Lets so many networks live."""
    print(f"repeat with ROOKERY_TEST_SEED={SEED}")
    run_state_machine_as_test(
        seed(SEED)(network),  # type: ignore[arg-type] # a function is allowed, too
        settings=settings(
            max_examples=examples * EFFORT,
            stateful_step_count=40 * EFFORT,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(300 * EFFORT**2)
def test_every_read_is_what_the_model_says(server: Server) -> None:
    """After any writes, everyone reads in every place exactly what the model computes."""
    run(lambda: Network(server), 8)


@pytest.mark.timeout(300 * EFFORT**2)
def test_two_processes_with_celebrities_say_the_same(pair: Server) -> None:
    """So it is when each request comes to any of two processes, and a few followers make a celebrity."""
    asker = Person(pair, roaming=True)
    soon(2, lambda: len({process_of(asker.get("/livez")) for _ in range(20)}), within_s=10)
    run(lambda: Network(pair, roaming=True), 4)
