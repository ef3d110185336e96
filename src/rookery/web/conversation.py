"""A tweet with what it answers and who answers it; its history; who quoted, liked and retweeted it."""

from functools import partial

from msgspec import UNSET

from rookery.core.forms import Paging, position
from rookery.core.ids import is_reply, timestamp
from rookery.core.objects import Tweet
from rookery.core.page import Page
from rookery.core.reading import Candidates, fill
from rookery.core.routes import Answer, Call, Route
from rookery.services.replies.service import ReplyPaging
from rookery.web.forms import filled, see_other
from rookery.web.listings import Listing
from rookery.web.pieces import decode_tweet, path_of, show
from rookery.web.site import Site, known, reading, wants_fragment

OF_TWEET = "/@{handle}/{tweetId}"
TITLE_MAX = 70  # characters of a text in a page's title


class ConversationPages:
    """/@{handle}/{tweetId} and below, to read."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = site.services.reader
        self._replies = site.services.replies
        self._tweets = site.services.tweets

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            reading(OF_TWEET, self.conversation, "A tweet in its conversation"),
            reading(f"{OF_TWEET}/history", self.history, "The texts that a tweet has and had"),
            reading(f"{OF_TWEET}/quotes", self.quotes, "Who quotes it"),
            reading(f"{OF_TWEET}/likes", self.likers, "Who likes it"),
            reading(f"{OF_TWEET}/retweets", self.retweeters, "Who retweeted it"),
        ]

    async def conversation(self, call: Call) -> Answer:
        """GET: a retweet's id leads to its original, another handle than the author's to the right address. The
        fragment `tweet` is that alone, as it stands in lists."""
        asked = call.asked()
        raw = await self._reader.tweet(call.viewer, call.id("tweetId"))
        tweet = decode_tweet(raw)
        if wants_fragment(call, "tweet"):
            return self._site.fragment(self._site.tweets(call, Page([raw], None)))
        tweet = tweet.retweet_of or tweet
        if path_of(tweet) != call.path.rstrip("/"):
            return see_other(path_of(tweet))
        form = filled(ReplyPaging, known(asked, "cursor", "sort"))
        replies = self._site.tweets(
            call, await self._replies.page(call.viewer, int(tweet.tweet_id), form), known(asked, "sort")
        )
        if wants_fragment(call):
            return self._site.fragment(replies)
        return await self._site.page(
            call,
            "conversation.html",
            shown=show(tweet, call.viewer),
            title=title_of(tweet),
            ancestors=await self._ancestors(call, tweet),
            listing=replies,
            sort=form.sort,
            fields={},
            faults={},
        )

    async def history(self, call: Call) -> Answer:
        """GET /history."""
        call.asked()
        tweet = await self._original(call)
        tweet_id = int(tweet.tweet_id)
        keeper = self._replies if is_reply(tweet_id) else self._tweets
        versions = [(one.content, timestamp(one.at_ms)) for one in await keeper.history(tweet_id)]
        return await self._site.page(call, "history.html", shown=show(tweet, call.viewer), versions=versions)

    async def quotes(self, call: Call) -> Answer:
        """GET /quotes."""
        form = filled(Paging, known(call.asked(), "cursor"))
        tweet = await self._original(call)
        listed = partial(self._tweets.store.quotes_of, int(tweet.tweet_id))
        page = await self._reader.tweet_page(call.viewer, listed, position(form.cursor), form.page_size)
        return await self._about(call, tweet, "quotes", self._site.tweets(call, page))

    async def likers(self, call: Call) -> Answer:
        """GET /likes."""
        tweet = await self._original(call)
        return await self._people(
            call, tweet, "likes", partial(self._tweets.store.likers_of, int(tweet.tweet_id))
        )

    async def retweeters(self, call: Call) -> Answer:
        """GET /retweets."""
        tweet = await self._original(call)
        listed = partial(self._tweets.store.retweeters_of, int(tweet.tweet_id))
        return await self._people(call, tweet, "retweets", listed)

    async def _people(self, call: Call, tweet: Tweet, what: str, listed: Candidates) -> Answer:
        form = filled(Paging, known(call.asked(), "cursor"))
        page = await fill(self._reader.doers, call.viewer, listed, position(form.cursor), form.page_size)
        return await self._about(call, tweet, what, self._site.people(call, page))

    async def _about(self, call: Call, tweet: Tweet, what: str, listing: Listing) -> Answer:
        if wants_fragment(call):
            return self._site.fragment(listing)
        return await self._site.page(
            call, "about_tweet.html", shown=show(tweet, call.viewer), what=what, listing=listing
        )

    async def _original(self, call: Call) -> Tweet:
        """The tweet that the path names, or what it retweets. Raises Problem `not_found`."""
        tweet = decode_tweet(await self._reader.tweet(call.viewer, call.id("tweetId")))
        return tweet.retweet_of or tweet

    async def _ancestors(self, call: Call, tweet: Tweet) -> Listing:
        if not tweet.in_reply_to:
            return Listing.of_nothing()
        levels = await self._replies.ancestors(call.viewer, int(tweet.tweet_id))
        return self._site.tweets(call, Page(levels, None))


def title_of(tweet: Tweet) -> str:
    """Author and text, short."""
    assert tweet.owner
    assert tweet.content is not UNSET
    text = " ".join(tweet.content.split())
    return f"{tweet.owner.name}: {text if len(text) <= TITLE_MAX else text[: TITLE_MAX - 1] + '…'}"
