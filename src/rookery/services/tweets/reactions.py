"""Routes of likes and retweets. Each acts on what a retweet's id stands for: its original."""

from collections.abc import Callable
from functools import partial

import msgspec

from rookery.core.errors import not_found
from rookery.core.forms import Paging, position
from rookery.core.objects import Tweet, User
from rookery.core.reading import Candidates, Reader, fill
from rookery.core.routes import Answer, Call, Route
from rookery.services.tweets.service import TweetsService


class Liked(msgspec.Struct, rename="camel"):
    """Whether the viewer likes the tweet, and how many do."""

    liked: bool
    like_count: int


class LikeRoutes:
    """/like/{tweetId}."""

    def __init__(self, tweets: TweetsService, reader: Reader) -> None:
        self._store = tweets.store
        self._reader = reader

    def routes(self) -> list[Route]:
        """The routes."""
        on_like = partial(Route, path="/like/{tweetId}", codes=("not_found",))
        return [
            on_like(
                "POST",
                handler=self.like,
                summary="Like it",
                returns=Liked,
                needs_account=True,
                limit="likes",
                replay=self.show,
            ),
            on_like(
                "DELETE", handler=self.unlike, summary="Take the like back", returns=Liked, needs_account=True
            ),
            on_like(
                "GET",
                handler=self.likers,
                summary="Who likes it, newest first",
                returns=list[User],
                query=Paging,
            ),
        ]

    async def like(self, call: Call) -> Answer:
        target = await self._reader.target(call.viewer, call.id("tweetId"))
        call.nothing()
        await self._store.like(call.viewer, target.tweet_id, call.ticket)
        return await self.show(call, target.tweet_id)

    async def unlike(self, call: Call) -> Answer:
        target = await self._reader.target(call.viewer, call.id("tweetId"))
        call.nothing()
        await self._store.unlike(call.viewer, target.tweet_id, call.ticket)
        return await self.show(call, target.tweet_id)

    async def show(self, call: Call, _subject: int) -> Answer:
        """A like that stood before wrote no id, so the path says which tweet it is."""
        target = await self._reader.target(call.viewer, call.id("tweetId"))
        facts = await self._reader.source.gather(call.viewer, [target.tweet_id])
        liked = Liked(facts.mark(target.tweet_id).liked, facts.counts(target.tweet_id).likes)
        return Answer(msgspec.json.encode(liked))

    async def likers(self, call: Call) -> Answer:
        return await _users(call, self._reader, lambda tweet_id: partial(self._store.likers_of, tweet_id))


class RetweetRoutes:
    """/retweet/{tweetId}."""

    def __init__(self, tweets: TweetsService, reader: Reader) -> None:
        self._tweets = tweets
        self._store = tweets.store
        self._reader = reader

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route(
                "POST",
                "/retweet/{tweetId}",
                self.retweet,
                "Retweet it",
                returns=Tweet,
                needs_account=True,
                limit="tweets",
                codes=("not_found", "protected"),
                replay=self.show,
            ),
            Route(
                "DELETE",
                "/retweet/{tweetId}",
                self.undo,
                "Take the retweet back",
                needs_account=True,
                codes=("not_found",),
            ),
            Route(
                "GET",
                "/retweet/{tweetId}",
                self.retweeters,
                "Who retweeted it, newest first",
                returns=list[User],
                query=Paging,
                codes=("not_found",),
            ),
        ]

    async def retweet(self, call: Call) -> Answer:
        target = await self._tweets.shareable(call.viewer, call.id("tweetId"))
        call.nothing()
        retweet_id = await self._store.retweet(call.viewer, target.tweet_id, call.ticket)
        return Answer(await self._reader.tweet(call.viewer, retweet_id))

    async def show(self, call: Call, _subject: int) -> Answer:
        """A retweet that stood before wrote no id, so it is looked up by the path."""
        target = await self._reader.target(call.viewer, call.id("tweetId"))
        retweet_id = await self._store.retweet_of(call.viewer, target.tweet_id)
        if retweet_id is None:
            raise not_found()
        return Answer(await self._reader.tweet(call.viewer, retweet_id))

    async def undo(self, call: Call) -> Answer:
        target = await self._reader.target(call.viewer, call.id("tweetId"))
        call.nothing()
        await self._store.undo_retweet(call.viewer, target.tweet_id, call.ticket)
        return Answer()

    async def retweeters(self, call: Call) -> Answer:
        return await _users(call, self._reader, lambda tweet_id: partial(self._store.retweeters_of, tweet_id))


async def _users(call: Call, reader: Reader, listed: Callable[[int], Candidates]) -> Answer:
    """The accounts that did something to the tweet, without those whose protection hides it."""
    target = await reader.target(call.viewer, call.id("tweetId"))
    form = call.query(Paging)
    candidates = listed(target.tweet_id)
    page = await fill(reader.doers, call.viewer, candidates, position(form.cursor), form.page_size)
    return call.listing(page, form)
