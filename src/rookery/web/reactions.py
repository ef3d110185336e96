"""What one does to a tweet with one button: like, retweet, and take either back."""

from collections.abc import Awaitable, Callable

from rookery.core.ids import parse_id
from rookery.core.limits import Ticket
from rookery.core.routes import Answer, Call, Handler, Limit, Route
from rookery.web.conversation import OF_TWEET
from rookery.web.forms import back, see_other
from rookery.web.site import Site

_Act = Callable[[int, int, Ticket], Awaitable[object]]  # (who acts, on which tweet, ...)


class ReactionForms:
    """POST /@{handle}/{tweetId}/like and its like; the browser goes back to where the button was."""

    def __init__(self, site: Site) -> None:
        self._reader = site.services.reader
        self._tweets = site.services.tweets

    def routes(self) -> list[Route]:
        """The routes."""
        store = self._tweets.store
        return [
            self._route("like", "Like it", store.like, "likes"),
            self._route("unlike", "Take the like back", store.unlike),
            self._route("retweet", "Retweet it", self._retweet, "tweets"),
            self._route("unretweet", "Take the retweet back", store.undo_retweet),
        ]

    def _route(self, name: str, summary: str, act: _Act, limit: Limit = "none") -> Route:
        path = f"{OF_TWEET}/{name}"
        return Route("POST", path, self._handler(act), summary, needs_account=True, limit=limit, page=True)

    def _handler(self, act: _Act) -> Handler:
        async def handler(call: Call) -> Answer:
            fields = call.posted()
            tweet_id = call.id("tweetId")
            target = await self._reader.target(call.viewer, tweet_id)
            await act(call.viewer, target.tweet_id, call.ticket)
            own_page = f"/@{call.args['handle']}/{tweet_id}"
            item = parse_id(fields.get("item", "0")) or tweet_id
            return see_other(f"{back(call, fields, own_page)}#t{item}")

        return handler

    async def _retweet(self, viewer: int, tweet_id: int, ticket: Ticket) -> None:
        target = await self._tweets.shareable(viewer, tweet_id)
        await self._tweets.store.retweet(viewer, target.tweet_id, ticket)
