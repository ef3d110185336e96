"""A scene in which each rule matters to someone, so that a model with one rule wrong is found out."""

from collections.abc import Iterator, Sequence

import pytest

from tests.model.objects import Json
from tests.model.oracle import Oracle
from tests.model.twins import Twins
from tests.model.world import Post
from tests.serving import Server


class DeafToMutes(Oracle):
    """Leaves muted accounts in the feed."""

    def mutes(self, viewer: str, user: str) -> bool:
        return False


class ShowsEveryRetweet(Oracle):
    """Hides no repeated retweet."""

    def repeats(self, post: Post, older: Sequence[Post]) -> bool:
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
    ann, bob, cat, dan, eve = (twins.join() for _ in range(5))
    for followed in (bob, cat, eve):
        twins.relate(ann, "follow", followed, on=True)
    twins.tweet(eve, "robin")
    (first,) = twins.world.posts
    twins.retweet(bob, first)
    twins.tweet(bob, "wren", quoted=first)
    twins.tweet(cat, "crow")
    twins.relate(ann, "mute", cat, on=True)
    twins.tweet(dan, "hidden")
    hidden = list(twins.world.posts)[-1]
    twins.tweet(bob, "quoting", quoted=hidden)
    twins.reply(bob, hidden, "finch")
    twins.relate(eve, "follow", dan, on=True)
    twins.protect(dan, on=True)


@pytest.fixture(scope="module")
def played(server: Server) -> Iterator[Twins]:
    """The scene, on which the server agrees with the right model."""
    twins = Twins(server)
    play(twins)
    twins.settle()
    yield twins
    twins.close()


@pytest.mark.parametrize(
    "wrong", [DeafToMutes, QuotesAnything, FeedsEveryReply, CountsNoQuotes, ShowsEveryRetweet]
)
def test_a_wrong_model_is_seen(played: Twins, wrong: type[Oracle], monkeypatch: pytest.MonkeyPatch) -> None:
    """The server, which agrees with the model, does so no more once one of its rules is wrong."""
    monkeypatch.setattr("tests.model.eyes.SETTLED_S", 0.0)
    played.look_through(wrong)
    with pytest.raises(AssertionError):
        played.settle()
