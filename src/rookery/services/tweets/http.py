"""Routes of tweets; those of likes and retweets are in reactions."""

from functools import partial

from rookery.core.authoring import Authoring
from rookery.core.content import EditedText, TextKeeper
from rookery.core.forms import Nothing, Paging, position
from rookery.core.ids import is_reply
from rookery.core.objects import Tweet, Version
from rookery.core.reading import Reader
from rookery.core.routes import Answer, Call, Route
from rookery.services.tweets.reactions import LikeRoutes, RetweetRoutes
from rookery.services.tweets.service import NewTweet, TweetsService

_OWNER_CODES = ("not_found", "not_yours")
_SPREAD_CODES = ("not_found", "protected")


def routes(tweets: TweetsService, reader: Reader, replies: TextKeeper) -> list[Route]:
    """What the tweets service serves; `replies` keeps the texts of odd ids."""

    def keeper(tweet_id: int) -> TextKeeper:
        return replies if is_reply(tweet_id) else tweets

    return [
        *_TweetRoutes(tweets, reader).routes(),
        *_author_routes(Authoring(reader, keeper, _tweet_id)),
        *LikeRoutes(tweets, reader).routes(),
        *RetweetRoutes(tweets, reader).routes(),
    ]


def _tweet_id(call: Call) -> int:
    return call.id("tweetId")


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
                gives={"Location": "The tweet's path."},
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
