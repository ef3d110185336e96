"""A lively, made-up network to look around in: people, follows, posts and likes, the same for the same seed."""

from collections.abc import Iterator
from itertools import accumulate
from random import Random

from rookery.cli.sample.circles import followees
from rookery.cli.sample.entries import PostKind, SampleAccount, SampleFollow, SampleLike, SamplePost
from rookery.cli.sample.people import Census
from rookery.cli.sample.phrases import books
from rookery.cli.sample.timeline import HOUR_MS, RHYTHM, Timeline

__all__ = ["PostKind", "SampleAccount", "SampleFollow", "SampleLike", "SampleNetwork", "SamplePost"]

DAYS = 7
LIKES_A_POST = 2
LIVE_GAP_MS = 1000


class SampleNetwork:
    """Some days of a made-up network up to `now_ms` (Unix milliseconds), all of it decided by the arguments.

    `accounts`, `follows`, `posts` (in the order of time) and `likes` are tuples whose entries name each other by index.
    """

    def __init__(self, *, now_ms: int, seed: int = 7, accounts: int = 1000, tweets: int = 20_000) -> None:
        self._rng = Random(seed)  # noqa: S311 - no secret: the same seed must give the same network
        people = Census(self._rng, books()).people(accounts)
        following = followees(people, self._rng)
        self._followers: list[list[int]] = [[] for _ in people]
        for follower, chosen in enumerate(following):
            for followee in chosen:
                self._followers[followee].append(follower)
        self._now_ms = now_ms
        self._timeline = Timeline(self._rng, people, following, now_ms)
        self.accounts = tuple(person.account for person in people)
        self.follows = tuple(
            SampleFollow(follower, followee)
            for follower, chosen in enumerate(following)
            for followee in chosen
        )
        self.posts = tuple(self._timeline.post(at_ms) for at_ms in self._times(tweets))
        self.likes = tuple(self._likes(LIKES_A_POST * tweets))

    def next_posts(self) -> Iterator[SamplePost | SampleLike]:
        """What goes on after `now_ms`, without end: a post about every second by its `at_ms`, and likes that belong
        right after the post before them. The posts go on counting where `posts` ends."""
        at_ms = self._now_ms
        while True:
            at_ms += 1 + round(self._rng.expovariate(1 / LIVE_GAP_MS))
            yield self._timeline.post(at_ms)
            yield from self._live_likes()

    def _times(self, count: int) -> list[int]:
        """Distinct times, dense where the world is awake (most of these people live near UTC)."""
        times: set[int] = set()
        while len(times) < count:
            at_ms = self._now_ms - int(self._rng.random() * DAYS * 24 * HOUR_MS)
            if self._rng.random() < 0.2 + 0.8 * RHYTHM[at_ms // HOUR_MS % 24]:
                times.add(at_ms)
        return sorted(times)

    def _likes(self, count: int) -> Iterator[SampleLike]:
        """At most `count` likes, few posts getting many of them, mostly from followers."""
        rng = self._rng
        likeable = [index for index, post in enumerate(self.posts) if post.kind != "retweet"]
        if not likeable:
            return
        reach = [len(self._followers[self.posts[index].author]) ** 0.5 + 0.2 for index in likeable]
        weights = list(accumulate(min(rng.paretovariate(1.3), 40) * reached for reached in reach))
        done: set[tuple[int, int]] = set()
        for post in rng.choices(likeable, cum_weights=weights, k=round(count * 1.5)):
            liker = self._liker(self.posts[post].author)
            if liker is not None and (liker, post) not in done:
                done.add((liker, post))
                yield SampleLike(liker, post)
                if len(done) == count:
                    return

    def _live_likes(self) -> Iterator[SampleLike]:
        recent = list(self._timeline.recent)[-60:]
        for said in self._rng.choices(recent, k=self._rng.choice((0, 0, 1, 1, 2))):
            liker = self._liker(said.author)
            if liker is not None:
                yield SampleLike(liker, said.index)

    def _liker(self, author: int) -> int | None:
        """Someone other than the author who may read them."""
        followers = self._followers[author]
        if followers and self._rng.random() < 0.9:
            return self._rng.choice(followers)
        liker = self._rng.randrange(len(self.accounts))
        return liker if liker != author and self._timeline.sees(liker, author) else None
