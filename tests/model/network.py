"""People who act at random on a served network, each of whose reads is compared with a simple model."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.model.reads import below, every_read
from tests.model.twins import Twins
from tests.serving import Server

PEOPLE_MAX = 6
SEED = int(
    os.environ.get("ROOKERY_TEST_SEED", "98" if os.environ.get("CI") == "true" else random.randrange(1 << 32))
)
EFFORT = int(os.environ.get("ROOKERY_TEST_EFFORT", "1"))  # so many times as many networks, each so long

somebody = st.integers(0, PEOPLE_MAX - 1)
KINDS = {  # what people do, and how often of so many times
    "tweet": 5,
    "reply": 5,
    "quote": 4,
    "retweet": 5,
    "undo_retweet": 1,
    "like": 4,
    "unlike": 1,
    "edit": 3,
    "delete": 5,
    "follow": 4,
    "unfollow": 2,
    "block": 1,
    "unblock": 1,
    "mute": 1,
    "unmute": 1,
    "answer_request": 2,
    "rename": 1,
    "protect": 2,
    "join": 1,
    "leave": 1,
}


@dataclass(frozen=True)
class Glance:
    """Somebody (-1: a stranger) reads something, from a post on where that is there, in pages of a size."""

    who: int
    which: int
    pivot: int
    size: int


@dataclass(frozen=True)
class Step:
    """What somebody does, and what is looked at before and after it. `what` counts posts from the newest."""

    kind: str
    who: int
    whom: int
    what: int
    words: list[int]
    spot: int | None
    on: bool
    seen: list[Glance]


glances = st.builds(
    Glance,
    who=st.integers(-1, PEOPLE_MAX - 1),
    which=st.integers(0, 999),
    pivot=st.integers(0, 40),
    size=st.sampled_from([1, 2, 3, 20]),
)
steps = st.builds(
    Step,
    kind=st.sampled_from([kind for kind, often in KINDS.items() for _ in range(often)]),
    who=somebody,
    whom=somebody,
    what=st.integers(0, 9),
    words=st.lists(st.integers(0, 3), min_size=1, max_size=3),
    spot=st.sampled_from([None, None, 0, 1, 2]),
    on=st.sampled_from([True, True, False]),
    seen=st.lists(glances, min_size=3, max_size=3),
)


class Network(RuleBasedStateMachine):
    """People who act at random. Whoever acted looks at once; others look before, so that what they read is kept warm,
    and after; everyone looks at everything at the end."""

    def __init__(
        self, server: Server, *, roaming: bool = False, catch_up: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self.twins = Twins(server, roaming=roaming, catch_up=catch_up)

    @initialize(follows=st.lists(st.tuples(somebody, somebody), min_size=4, max_size=12))
    def four_people(self, follows: list[tuple[int, int]]) -> None:
        """Four accounts, some of which follow others, and a tweet of each."""
        for _ in range(4):
            user = self.twins.join()
            self.twins.tweet(user, self.twins.words[0])
        for who, whom in follows:
            self.twins.relate(self.actor(who), "follow", self.anybody(whom), on=True)

    @rule(step=steps)
    def act(self, step: Step) -> None:
        if step.kind == "join":
            if len(self.twins.world.accounts) < PEOPLE_MAX:
                self.twins.join()
        elif step.kind == "leave":
            if len(self.twins.people) > 3 and step.on:
                self.twins.leave(self.actor(step.who))
        else:
            self.do(step)

    def do(self, step: Step) -> None:
        """What somebody does who stays."""
        user, tweet_id, other = self.actor(step.who), self.post(step.what), self.anybody(step.whom)
        if step.kind in ("edit", "delete") and step.on:
            user = self.owner(tweet_id, user)
        waiting = sorted(self.twins.world.requests)
        if step.kind == "answer_request" and waiting:
            other, user = waiting[step.whom % len(waiting)]
        with self.looking(step.seen, user):
            self.carry_out(step, user, tweet_id, other)
        self.twins.look(user, f"/user/{other}", 1)
        self.twins.look_at_suggestions(user)

    def carry_out(self, step: Step, user: str, tweet_id: str, other: str) -> None:
        """One write."""
        twins, text = self.twins, " ".join(self.twins.words[one] for one in step.words)
        spot = None if step.spot is None else twins.spots[step.spot]
        match step.kind:
            case "tweet":
                marks = f" #{twins.words[0]} @m{twins.run}_1" if step.on else ""
                twins.tweet(user, text + marks, spot=spot)
            case "reply":
                twins.reply(user, tweet_id, text, spot)
            case "quote":
                twins.tweet(user, text, tweet_id, spot)
            case "retweet":
                twins.retweet(user, tweet_id)
            case "undo_retweet":
                twins.undo_retweet(user, tweet_id)
            case "like" | "unlike":
                twins.like(user, tweet_id, on=step.kind == "like")
            case "edit":
                twins.edit(user, tweet_id, text)
            case "delete":
                twins.delete(user, tweet_id)
            case "answer_request":
                twins.answer_request(user, other, accept=step.on)
            case "rename":
                twins.rename(user, f"Bird {text}", "zwölf Spatzen" if step.on else "")
            case "protect":
                twins.protect(user, on=step.on)
            case relation:
                twins.relate(user, relation.removeprefix("un"), other, on=not relation.startswith("un"))

    def teardown(self) -> None:
        self.twins.settle()
        self.twins.close()

    @contextmanager
    def looking(self, seen: list[Glance], user: str) -> Iterator[None]:
        """Looks before and after what the block does; the user, who acts, also at what is the user's own."""
        places = [self.place(glance) for glance in seen]
        for viewer, read, size in places:
            self.twins.look(viewer, read, size)
        yield
        self.twins.look_at_own(user)
        for viewer, read, size in places:
            self.twins.look(viewer, read, size)

    def place(self, glance: Glance) -> tuple[str | None, str, int]:
        """A viewer, a read and a page size."""
        viewer = self.actor(glance.who) if glance.who >= 0 else None
        reads = list(every_read(self.twins.world, viewer))
        read, posts = reads[glance.which % len(reads)], list(self.twins.world.posts)
        if glance.pivot < len(posts):
            read = below(read, posts[glance.pivot])
        return viewer, read, glance.size

    def actor(self, who: int) -> str:
        """Someone whose account stands."""
        return list(self.twins.people)[who % len(self.twins.people)]

    def anybody(self, who: int) -> str:
        """Anyone, gone or not."""
        return list(self.twins.world.accounts)[who % len(self.twins.world.accounts)]

    def post(self, what: int) -> str:
        """One of the newest posts, deleted or not."""
        return list(self.twins.world.posts)[-1 - what % len(self.twins.world.posts)]

    def owner(self, tweet_id: str, otherwise: str) -> str:
        """Whose a post is, if the account stands."""
        owner = self.twins.world.posts[tweet_id].owner
        return owner if owner in self.twins.people else otherwise


def run(network: Callable[[], Network], examples: int, steps: int = 40) -> None:
    """Lets so many networks live, each for so many steps."""
    print(f"repeat with ROOKERY_TEST_SEED={SEED}")
    run_state_machine_as_test(
        seed(SEED)(network),  # type: ignore[arg-type] # a function is allowed, too
        settings=settings(
            max_examples=examples * EFFORT,
            stateful_step_count=steps * EFFORT,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
