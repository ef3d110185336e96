"""Routes of accounts as others see them, and of what belongs to them."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

from rookery.core.avatar import avatar_svg
from rookery.core.forms import Paging, TweetPaging, position
from rookery.core.objects import Tweet, User
from rookery.core.page import Page
from rookery.core.reading import Candidate, Candidates, Reader
from rookery.core.routes import Answer, Call, Handler, Route
from rookery.services.profiles.store import ProfileStore

AVATAR_KEPT_S = 24 * 3600  # a client shows a renamed account's old letter for at most so long
_SEEN_BY_FEW = ("not_found", "protected")

_Listed = Callable[[int, int, int], Awaitable[Sequence[Candidate]]]
_Paged = Callable[[int, Candidates, int, int], Awaitable[Page[bytes]]]


def routes(store: ProfileStore, reader: Reader) -> list[Route]:
    """What the profiles service serves."""

    def listing(
        name: str, summary: str, listed: _Listed, paged: _Paged, returns: Any, query: type[TweetPaging]
    ) -> Route:
        return Route(
            "GET",
            f"/user/{{id}}/{name}",
            _listing(reader, listed, paged, query),
            summary,
            returns=returns,
            query=query,
            codes=_SEEN_BY_FEW,
        )

    tweets, users = reader.tweet_page, reader.user_page
    return [
        *_account_routes(reader),
        listing(
            "tweets", "Its tweets, quotes and retweets", store.tweets_of, tweets, list[Tweet], TweetPaging
        ),
        listing("replies", "Its replies", store.replies_of, tweets, list[Tweet], TweetPaging),
        listing("likes", "What it likes", store.likes_of, tweets, list[Tweet], Paging),
        listing("followers", "Who follows it", store.followers_of, users, list[User], Paging),
        listing("following", "Whom it follows", store.following_of, users, list[User], Paging),
    ]


def _account_routes(reader: Reader) -> list[Route]:
    async def show(call: Call) -> Answer:
        account, _ = await reader.account(call.viewer, call.args["id"])
        call.nothing()
        return Answer(await reader.user(call.viewer, account.user_id))

    async def avatar(call: Call) -> Answer:
        account, _ = await reader.account(call.viewer, str(call.id("userId", "account")))
        call.nothing()
        picture = avatar_svg(account.user_id, account.name)
        tag = blake2b(picture, digest_size=12).hexdigest()
        kept = (("Cache-Control", f"public, max-age={AVATAR_KEPT_S}"), ("ETag", f'"{tag}"'))
        return Answer(picture, kept, "image/svg+xml")

    return [
        Route("GET", "/user/{id}", show, "An account", returns=User, codes=("not_found",)),
        Route(
            "GET",
            "/avatar/{userId}",
            avatar,
            "An account's generated picture",
            limit="none",
            codes=("not_found",),
            media_type="image/svg+xml",
            gives={
                "Cache-Control": "For how long the picture may be kept.",
                "ETag": "Changes with the picture.",
            },
        ),
    ]


def _listing(reader: Reader, listed: _Listed, paged: _Paged, query: type[TweetPaging]) -> Handler:
    """A handler of one of an account's lists; it is empty where a block stands between."""

    async def handler(call: Call) -> Answer:
        account, hidden = await reader.content_of(call.viewer, call.args["id"])
        form = call.query(query)
        if hidden:
            return call.listing(Page([], None), form)
        candidates = partial(listed, account.user_id)
        page = await paged(call.viewer, candidates, position(form.cursor), form.page_size)
        return call.listing(page, form)

    return handler
