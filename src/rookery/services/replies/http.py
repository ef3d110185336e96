"""Routes of replies and conversations."""

from rookery.core.authoring import Authoring
from rookery.core.content import EditedText, NewText
from rookery.core.errors import not_found
from rookery.core.ids import is_reply
from rookery.core.objects import Tweet
from rookery.core.reading import Reader
from rookery.core.rendering import json_array
from rookery.core.routes import Answer, Call, Route
from rookery.services.replies.service import RepliesService, ReplyPaging

_OWNER_CODES = ("not_found", "not_yours")


def routes(replies: RepliesService, reader: Reader) -> list[Route]:
    """What the replies service serves."""
    own = Authoring(reader, lambda _: replies, _reply_id)
    return [*_ReplyRoutes(replies, reader).routes(), *_author_routes(own)]


def _reply_id(call: Call) -> int:
    reply_id = call.id("replyId", "reply")
    if not is_reply(reply_id):
        raise not_found("reply")
    return reply_id


class _ReplyRoutes:
    def __init__(self, replies: RepliesService, reader: Reader) -> None:
        self._replies = replies
        self._reader = reader

    def routes(self) -> list[Route]:
        return [
            Route(
                "POST",
                "/reply/{tweetId}",
                self.post,
                "Answer a tweet or reply",
                returns=Tweet,
                body=NewText,
                needs_account=True,
                limit="tweets",
                codes=("not_found",),
                replay=self.show_new,
            ),
            Route(
                "GET",
                "/reply/{tweetId}",
                self.direct,
                "Its direct replies",
                returns=list[Tweet],
                query=ReplyPaging,
                codes=("not_found",),
            ),
            Route(
                "GET",
                "/reply/{replyId}/ancestors",
                self.ancestors,
                "What it answers, and what that answers, oldest first",
                returns=list[Tweet],
                codes=("not_found",),
            ),
        ]

    async def post(self, call: Call) -> Answer:
        target = await self._reader.target(call.viewer, call.id("tweetId"))
        form = call.body(NewText)
        reply_id = await self._replies.post(call.viewer, target.tweet_id, form, call.ticket)
        return await self.show_new(call, reply_id)

    async def show_new(self, call: Call, reply_id: int) -> Answer:
        return Answer(await self._reader.tweet(call.viewer, reply_id))

    async def direct(self, call: Call) -> Answer:
        parent_id = await self._replies.conversation(call.viewer, call.id("tweetId"))
        form = call.query(ReplyPaging)
        return call.listing(await self._replies.page(call.viewer, parent_id, form), form)

    async def ancestors(self, call: Call) -> Answer:
        levels = await self._replies.ancestors(call.viewer, call.id("replyId", "reply"))
        call.nothing()
        return Answer(json_array(levels))


def _author_routes(own: Authoring) -> list[Route]:
    return [
        Route(
            "PATCH",
            "/reply/{replyId}",
            own.edit,
            "Give it another text; it stays where it is",
            returns=Tweet,
            body=EditedText,
            needs_account=True,
            codes=_OWNER_CODES,
        ),
        Route("DELETE", "/reply/{replyId}", own.delete, "Delete it", needs_account=True, codes=_OWNER_CODES),
    ]
