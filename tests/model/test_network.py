"""Whatever people do in whatever order, every read of everyone is what a simple model says."""

import os
import random
from collections.abc import Callable

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

from tests.model.oracle import Json, Oracle
from tests.model.twins import Twins
from tests.model.world import Post
from tests.serving import Server

PEOPLE_MAX = 6
SEED = int(
    os.environ.get("ROOKERY_TEST_SEED", "98" if os.environ.get("CI") == "true" else random.randrange(1 << 32))
)

somebody = st.integers(0, PEOPLE_MAX - 1)
something = st.integers(0, 11)  # counted from the newest
texts = st.lists(st.integers(0, 3), min_size=1, max_size=3)


class Network(RuleBasedStateMachine):
    """People who act at random; the one who acted looks at once, others now and then, and all at the end."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.twins = Twins(server)

    @initialize()
    def four_people(self) -> None:
        """Four accounts, the first two of which follow each other."""
        one, other, *_ = [self.twins.join() for _ in range(4)]
        self.twins.relate(one, "follow", other, on=True)
        self.twins.relate(other, "follow", one, on=True)

    @precondition(lambda self: len(self.twins.world.accounts) < PEOPLE_MAX)
    @rule()
    def join(self) -> None:
        self.twins.join()

    @rule(who=somebody, text=texts, hashed=st.booleans())
    def tweet(self, who: int, text: list[int], hashed: bool) -> None:
        user = self.actor(who)
        content = self.text(text) + (f" #{self.twins.words[0]} @m{self.twins.run}_1" if hashed else "")
        self.twins.tweet(user, content)
        self.twins.look_at_own(user)

    @precondition(lambda self: self.twins.world.posts)
    @rule(who=somebody, what=something, text=texts, how=st.sampled_from(["reply", "reply", "quote", "edit"]))
    def write_on(self, who: int, what: int, text: list[int], how: str) -> None:
        user, tweet_id = self.actor(who), self.post(what)
        if how == "reply":
            self.twins.reply(user, tweet_id, self.text(text))
        elif how == "quote":
            self.twins.tweet(user, self.text(text), quoted=tweet_id)
        else:
            self.twins.edit(user, tweet_id, self.text(text))
        self.twins.look_at_own(user)

    @precondition(lambda self: self.twins.world.posts)
    @rule(what=something, text=texts, delete=st.booleans())
    def author_changes(self, what: int, text: list[int], delete: bool) -> None:
        tweet_id = self.post(what)
        owner = self.twins.world.posts[tweet_id].owner
        if owner in self.twins.people:
            if delete:
                self.twins.delete(owner, tweet_id)
            else:
                self.twins.edit(owner, tweet_id, self.text(text))
            self.twins.look_at_own(owner)

    @precondition(lambda self: self.twins.world.posts)
    @rule(who=somebody, what=something, on=st.sampled_from([True, True, False]), like=st.booleans())
    def react(self, who: int, what: int, on: bool, like: bool) -> None:
        user, tweet_id = self.actor(who), self.post(what)
        if like:
            self.twins.like(user, tweet_id, on=on)
        else:
            (self.twins.retweet if on else self.twins.undo_retweet)(user, tweet_id)
        self.twins.look_at_own(user)

    @rule(
        who=somebody,
        whom=somebody,
        what=st.sampled_from(["follow", "follow", "follow", "block", "mute"]),
        on=st.sampled_from([True, True, False]),
    )
    def relate(self, who: int, whom: int, what: str, on: bool) -> None:
        user, other = self.actor(who), self.anybody(whom)
        self.twins.relate(user, what, other, on=on)
        self.twins.look_at_own(user)
        self.twins.look(user, f"/user/{other}")

    @rule(who=somebody, whom=somebody, accept=st.booleans())
    def answer_request(self, who: int, whom: int, accept: bool) -> None:
        waiting = sorted(self.twins.world.requests)
        user, asker = self.actor(who), self.anybody(whom)
        if waiting:
            asker, user = waiting[whom % len(waiting)]
        self.twins.answer_request(user, asker, accept=accept)
        self.twins.look_at_own(user)

    @rule(who=somebody, word=st.integers(0, 3), bio=st.sampled_from(["", "a bird", "zwölf Spatzen"]))
    def rename(self, who: int, word: int, bio: str) -> None:
        user = self.actor(who)
        self.twins.rename(user, f"Bird {self.twins.words[word]}", bio)
        self.twins.look_at_own(user)

    @rule(who=somebody, on=st.booleans())
    def protect(self, who: int, on: bool) -> None:
        user = self.actor(who)
        self.twins.protect(user, on=on)
        self.twins.look_at_own(user)

    @precondition(lambda self: len(self.twins.people) > 3)
    @rule(who=somebody, sure=st.integers(0, 3))
    def leave(self, who: int, sure: int) -> None:
        if sure == 0:
            self.twins.leave(self.actor(who))

    @rule(who=st.integers(-1, PEOPLE_MAX - 1), where=st.integers(0, 199))
    def look(self, who: int, where: int) -> None:
        viewer = self.actor(who) if who >= 0 else None
        paths = list(self.twins.paths(viewer))
        self.twins.look(viewer, paths[where % len(paths)])

    def teardown(self) -> None:
        self.twins.settle()
        self.twins.close()

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


@pytest.mark.timeout(300)
def test_every_read_is_what_the_model_says(server: Server) -> None:
    """After any writes, everyone reads in every place exactly what the model computes."""
    print(f"repeat with ROOKERY_TEST_SEED={SEED}")
    run_state_machine_as_test(
        seed(SEED)(lambda: Network(server)),  # type: ignore[arg-type] # a function is allowed, too
        settings=settings(
            max_examples=12,
            stateful_step_count=40,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


class DeafToMutes(Oracle):
    """Leaves muted accounts in the feed."""

    def mutes(self, viewer: str, user: str) -> bool:
        return False


class ShowsEveryRetweet(Oracle):
    """Hides no repeated retweet."""

    def repeats(self, post: Post, older: list[Post]) -> bool:
        return False


class QuotesAnything(Oracle):
    """Shows quoted tweets to those who may not see them."""

    def quote(self, viewer: str | None, quoted: Post) -> Json:
        return self.tweet(viewer, quoted, nested=False)


class FeedsEveryReply(Oracle):
    """Puts every reply of a followed account into the feed."""

    def in_feed(self, viewer: str, post: Post) -> bool:
        followed = self.follows(viewer, post.owner) and not self.mutes(viewer, post.owner)
        return super().in_feed(viewer, post) or (
            followed and self.world.sees(viewer, post) and post.parent is not None
        )


class CountsNoQuotes(Oracle):
    """Forgets the quotes among the counters."""

    def counts(self, tweet_id: str) -> Json:
        return {**super().counts(tweet_id), "quoteCount": 0}


def play(twins: Twins) -> None:
    """A scene in which each rule matters to someone."""
    ann, bob, cat, dan = (twins.join() for _ in range(4))
    for followed in (bob, cat):
        twins.relate(ann, "follow", followed, on=True)
    twins.tweet(dan, "robin")
    (first,) = twins.world.posts
    twins.retweet(bob, first)
    twins.retweet(cat, first)
    twins.tweet(bob, "wren", quoted=first)
    twins.reply(bob, first, "finch")
    twins.protect(dan, on=True)
    twins.protect(dan, on=False)
    twins.tweet(cat, "crow")
    twins.tweet(dan, "hidden")
    twins.tweet(bob, "quoting", quoted=list(twins.world.posts)[-1])
    twins.protect(dan, on=True)
    twins.relate(dan, "follow", ann, on=True)
    twins.relate(ann, "mute", cat, on=True)


def test_the_scene_agrees_with_the_model(server: Server) -> None:
    """The scene that shows up wrong models agrees with the right one."""
    twins = Twins(server)
    play(twins)
    twins.settle()
    twins.close()


@pytest.mark.parametrize(
    "wrong", [DeafToMutes, QuotesAnything, FeedsEveryReply, CountsNoQuotes, ShowsEveryRetweet]
)
def test_a_wrong_model_is_seen(
    server: Server, wrong: Callable[..., Oracle], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model with one rule wrong disagrees with the server on the scene."""
    monkeypatch.setattr("tests.model.twins.SETTLED_S", 0.3)
    twins = Twins(server)
    play(twins)
    twins.oracle = wrong(twins.world, twins.oracle.window)
    with pytest.raises(AssertionError):
        twins.settle()
    twins.close()
