"""Routes of tweets, likes and retweets."""

from collections.abc import Callable
from functools import partial

import msgspec

from rookery.core.authoring import Authoring
from rookery.core.content import EditedText, TextKeeper
from rookery.core.errors import not_found
from rookery.core.forms import Nothing, Paging, position
from rookery.core.ids import is_reply
from rookery.core.objects import Tweet, User, Version
from rookery.core.reading import Candidates, Reader, fill
from rookery.core.routes import Answer, Call, Route
from rookery.services.tweets.service import NewTweet, TweetsService

_OWNER_CODES = ("not_found", "not_yours")
_SPREAD_CODES = ("not_found", "protected")


class Liked(msgspec.Struct, rename="camel"):
    """Whether the viewer likes the tweet, and how many do."""

    liked: bool
    like_count: int


def routes(tweets: TweetsService, reader: Reader, replies: TextKeeper) -> list[Route]:
    """What the tweets service serves; `replies` keeps the texts of odd ids."""

    def keeper(tweet_id: int) -> TextKeeper:
        return replies if is_reply(tweet_id) else tweets

    return [
        *_TweetRoutes(tweets, reader).routes(),
        *_author_routes(Authoring(reader, keeper, _tweet_id)),
        *_LikeRoutes(tweets, reader).routes(),
        *_RetweetRoutes(tweets, reader).routes(),
    ]


def _tweet_id(call: Call) -> int:
    return call.id("tweetId")


async def _users(call: Call, reader: Reader, listed: Callable[[int], Candidates]) -> Answer:
    """The accounts that did something to the tweet, without those whose protection hides it."""
    target = await reader.target(call.viewer, _tweet_id(call))
    form = call.query(Paging)
    candidates = listed(target.tweet_id)
    page = await fill(reader.doers, call.viewer, candidates, position(form.cursor), form.page_size)
    return call.listing(page, form)


class _TweetRoutes:
    def __init__(self, tweets: TweetsService, reader: Reader) -> None:
        self._tweets = tweets
        self._reader = reader

    def routes(self) -> list[Route]:
        return [
            Route(
                "POST",
                "/tweet/",
                self.post,
                "Write a tweet, or a quote of one",
                returns=Tweet,
                body=NewTweet,
                needs_account=True,
                limit="tweets",
                codes=_SPREAD_CODES,
                replay=self.show_new,
            ),
            Route(
                "GET",
                "/tweet/{tweetId}",
                self.show,
                "A tweet, quote, retweet or reply",
                returns=Tweet,
                codes=("not_found",),
            ),
            Route(
                "GET",
                "/tweet/{tweetId}/quotes",
                self.quotes,
                "Who quotes it, newest first",
                returns=list[Tweet],
                query=Paging,
                codes=("not_found",),
            ),
        ]

    async def post(self, call: Call) -> Answer:
        form = call.body(NewTweet)
        return await self.show_new(call, await self._tweets.post(call.viewer, form, call.ticket))

    async def show_new(self, call: Call, tweet_id: int) -> Answer:
        body = await self._reader.tweet(call.viewer, tweet_id)
        return Answer(body, (("Location", f"/tweet/{tweet_id}"),))

    async def show(self, call: Call) -> Answer:
        body = await self._reader.tweet(call.viewer, _tweet_id(call))
        call.nothing()
        return Answer(body)

    async def quotes(self, call: Call) -> Answer:
        target = await self._reader.target(call.viewer, _tweet_id(call))
        form = call.query(Paging)
        listed = partial(self._tweets.store.quotes_of, target.tweet_id)
        page = await self._reader.tweet_page(call.viewer, listed, position(form.cursor), form.page_size)
        return call.listing(page, form)


def _author_routes(own: Authoring) -> list[Route]:
    return [
        Route(
            "PATCH",
            "/tweet/{tweetId}",
            own.edit,
            "Give it another text; it stays where it is",
            returns=Tweet,
            body=EditedText,
            needs_account=True,
            codes=_OWNER_CODES,
        ),
        Route(
            "DELETE",
            "/tweet/{tweetId}",
            own.delete,
            "Delete it",
            needs_account=True,
            codes=_OWNER_CODES,
        ),
        Route(
            "POST",
            "/tweet/{tweetId}",
            own.delete_by_post,
            "Delete it; a body is refused",
            body=Nothing,
            needs_account=True,
            codes=(*_OWNER_CODES, "use_patch_to_edit"),
            replay=own.deleted,
        ),
        Route(
            "GET",
            "/tweet/{tweetId}/history",
            own.history,
            "The texts that it has and had, newest first",
            returns=list[Version],
            codes=("not_found",),
        ),
    ]


class _LikeRoutes:
    def __init__(self, tweets: TweetsService, reader: Reader) -> None:
        self._store = tweets.store
        self._reader = reader

    def routes(self) -> list[Route]:
        needs = partial(Route, path="/like/{tweetId}", codes=("not_found",))
        return [
            needs(
                "POST",
                handler=self.like,
                summary="Like it",
                returns=Liked,
                needs_account=True,
                limit="likes",
                replay=self.show,
            ),
            needs(
                "DELETE", handler=self.unlike, summary="Take the like back", returns=Liked, needs_account=True
            ),
            needs(
                "GET",
                handler=self.likers,
                summary="Who likes it, newest first",
                returns=list[User],
                query=Paging,
            ),
        ]

    async def like(self, call: Call) -> Answer:
        target = await self._reader.target(call.viewer, _tweet_id(call))
        call.nothing()
        await self._store.like(call.viewer, target.tweet_id, call.ticket)
        return await self.show(call, target.tweet_id)

    async def unlike(self, call: Call) -> Answer:
        target = await self._reader.target(call.viewer, _tweet_id(call))
        call.nothing()
        await self._store.unlike(call.viewer, target.tweet_id, call.ticket)
        return await self.show(call, target.tweet_id)

    async def show(self, call: Call, _subject: int) -> Answer:
        """A like that stood before wrote no id, so the path says which tweet it is."""
        target = await self._reader.target(call.viewer, _tweet_id(call))
        facts = await self._reader.source.gather(call.viewer, [target.tweet_id])
        liked = Liked(facts.mark(target.tweet_id).liked, facts.counts(target.tweet_id).likes)
        return Answer(msgspec.json.encode(liked))

    async def likers(self, call: Call) -> Answer:
        return await _users(call, self._reader, lambda tweet_id: partial(self._store.likers_of, tweet_id))


class _RetweetRoutes:
    def __init__(self, tweets: TweetsService, reader: Reader) -> None:
        self._tweets = tweets
        self._store = tweets.store
        self._reader = reader

    def routes(self) -> list[Route]:
        return [
            Route(
                "POST",
                "/retweet/{tweetId}",
                self.retweet,
                "Retweet it",
                returns=Tweet,
                needs_account=True,
                limit="tweets",
                codes=_SPREAD_CODES,
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
        target = await self._tweets.shareable(call.viewer, _tweet_id(call))
        call.nothing()
        retweet_id = await self._store.retweet(call.viewer, target.tweet_id, call.ticket)
        return Answer(await self._reader.tweet(call.viewer, retweet_id))

    async def show(self, call: Call, _subject: int) -> Answer:
        """A retweet that stood before wrote no id, so it is looked up by the path."""
        target = await self._reader.target(call.viewer, _tweet_id(call))
        retweet_id = await self._store.retweet_of(call.viewer, target.tweet_id)
        if retweet_id is None:
            raise not_found()
        return Answer(await self._reader.tweet(call.viewer, retweet_id))

    async def undo(self, call: Call) -> Answer:
        target = await self._reader.target(call.viewer, _tweet_id(call))
        call.nothing()
        await self._store.undo_retweet(call.viewer, target.tweet_id, call.ticket)
        return Answer()

    async def retweeters(self, call: Call) -> Answer:
        return await _users(call, self._reader, lambda tweet_id: partial(self._store.retweeters_of, tweet_id))
