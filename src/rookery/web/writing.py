"""Writing: a tweet, a reply, a quote; editing and deleting one's own."""

from collections.abc import Awaitable, Callable, Mapping

from rookery.core.content import EditedText, NewText, owned
from rookery.core.entities import ContentKind
from rookery.core.errors import Invalid, Problem
from rookery.core.ids import is_reply
from rookery.core.objects import Tweet
from rookery.core.routes import Answer, Call, Handler, Limit, Route
from rookery.services.tweets.service import NewTweet
from rookery.web.conversation import OF_TWEET
from rookery.web.forms import back, faults, filled, local_path, retry_headers, see_other, ticket_of
from rookery.web.pieces import decode_tweet, path_of, show
from rookery.web.site import Site, reading, wants_fragment

_TYPED = ("content", "latitude", "longitude", "back")


class WritingForms:
    """GET shows the form, POST takes it; where something is wrong the form comes again with what was typed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = site.services.reader
        self._tweets = site.services.tweets
        self._replies = site.services.replies

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            reading("/compose", self.compose, "Write a tweet", needs_account=True),
            self._post("/", self.tweet, "Write a tweet", "tweets"),
            *self._pair("reply", self.reply, "Answer it", "tweets"),
            *self._pair("quote", self.quote, "Quote it", "tweets"),
            *self._pair("edit", self.edit, "Give it another text"),
            *self._pair("delete", self.delete, "Delete it"),
        ]

    async def compose(self, call: Call) -> Answer:
        """GET /compose."""
        return await self._form(call, "tweet", None, {"content": call.asked().get("text", "")})

    async def tweet(self, call: Call) -> Answer:
        """POST /."""
        fields = call.posted()

        async def write() -> str:
            await self._tweets.post(call.viewer, filled(NewTweet, fields), ticket_of(call, fields))
            return local_path(fields.get("back"))

        return await self._written(call, "tweet", None, fields, write)

    async def reply(self, call: Call, tweet: Tweet, fields: Mapping[str, str]) -> str:
        """POST /reply."""
        form = filled(NewText, fields)
        reply_id = await self._replies.post(call.viewer, int(tweet.tweet_id), form, ticket_of(call, fields))
        return f"{path_of(tweet)}#t{reply_id}"

    async def quote(self, call: Call, tweet: Tweet, fields: Mapping[str, str]) -> str:
        """POST /quote."""
        form = filled(NewTweet, {**fields, "quoteOf": tweet.tweet_id})
        await self._tweets.post(call.viewer, form, ticket_of(call, fields))
        return local_path(fields.get("back"))

    async def edit(self, call: Call, tweet: Tweet, fields: Mapping[str, str]) -> str:
        """POST /edit."""
        facts = await owned(self._reader, call.viewer, int(tweet.tweet_id))
        if facts.kind == ContentKind.RETWEET:
            raise Invalid({"content": "is not to be changed in a retweet"})
        form = filled(EditedText, fields)
        keeper = self._replies if is_reply(facts.tweet_id) else self._tweets
        await keeper.edit(call.viewer, facts.tweet_id, form.content, call.ticket)
        return path_of(tweet)

    async def delete(self, call: Call, tweet: Tweet, fields: Mapping[str, str]) -> str:
        """POST /delete."""
        facts = await owned(self._reader, call.viewer, int(tweet.tweet_id))
        keeper = self._replies if is_reply(facts.tweet_id) else self._tweets
        await keeper.delete(call.viewer, facts.tweet_id, call.ticket)
        after = back(call, fields)
        return "/" if after.startswith(path_of(tweet)) else after

    def _pair(
        self,
        name: str,
        act: Callable[[Call, Tweet, Mapping[str, str]], Awaitable[str]],
        summary: str,
        limit: Limit = "none",
    ) -> list[Route]:
        own = name in ("edit", "delete")

        async def ask(call: Call) -> Answer:
            call.asked()
            tweet = await self._target(call, own=own)
            return await self._form(call, name, tweet, {"content": tweet.content if name == "edit" else ""})

        async def take(call: Call) -> Answer:
            fields = call.posted()
            tweet = await self._target(call, own=own)
            return await self._written(call, name, tweet, fields, lambda: act(call, tweet, fields))

        path = f"{OF_TWEET}/{name}"
        return [reading(path, ask, summary, needs_account=True), self._post(path, take, summary, limit)]

    def _post(self, path: str, handler: Handler, summary: str, limit: Limit) -> Route:
        return Route("POST", path, handler, summary, needs_account=True, limit=limit, page=True)

    async def _target(self, call: Call, *, own: bool) -> Tweet:
        """What the path names; a retweet stands for its original. Raises Problem `not_found`, `not_yours`."""
        tweet = decode_tweet(await self._reader.tweet(call.viewer, call.id("tweetId")))
        tweet = tweet.retweet_of or tweet
        if own:
            await owned(self._reader, call.viewer, int(tweet.tweet_id))
        return tweet

    async def _written(
        self,
        call: Call,
        name: str,
        tweet: Tweet | None,
        fields: Mapping[str, str],
        write: Callable[[], Awaitable[str]],
    ) -> Answer:
        try:
            return see_other(await write())
        except Problem as problem:
            return await self._form(call, name, tweet, fields, problem)

    async def _form(
        self,
        call: Call,
        name: str,
        tweet: Tweet | None,
        fields: Mapping[str, str | object],
        problem: Problem | None = None,
    ) -> Answer:
        typed = {field: fields.get(field, "") for field in _TYPED}
        typed["back"] = back(call, {"back": str(typed["back"])} if typed["back"] else {})
        seen = None if tweet is None else show(tweet, call.viewer)
        if wants_fragment(call):
            return await self._site.part(
                call, "compose_form.html", act=name, shown=seen, fields=typed, faults={}, title=name.title()
            )
        return await self._site.page(
            call,
            "delete.html" if name == "delete" else "compose.html",
            status=problem.status if problem else 200,
            headers=retry_headers(problem) if problem else (),
            act=name,
            shown=seen,
            fields=typed,
            faults=faults(problem) if problem else {},
        )
