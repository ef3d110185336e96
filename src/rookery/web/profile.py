"""An account's pages, and what one does to an account with one button."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from rookery.core.errors import Problem
from rookery.core.forms import Paging, TweetPaging, position
from rookery.core.limits import Ticket
from rookery.core.objects import User
from rookery.core.page import Page
from rookery.core.reading import Candidate
from rookery.core.routes import Answer, Call, Handler, Limit, Route
from rookery.web.forms import back, filled, see_other
from rookery.web.pieces import decode_user
from rookery.web.site import Site, known, reading, wants_fragment

OF_ACCOUNT = "/@{handle}"
_Act = Callable[[int, int, Ticket], Awaitable[object]]  # (who acts, on whom, ...)
_Listed = Callable[[int, int, int], Awaitable[Sequence[Candidate]]]


class ProfilePages:
    """/@{handle} and below."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = site.services.reader
        self._follows = site.services.follows

    def routes(self) -> list[Route]:
        """The routes."""
        lists = self._site.services.profiles
        follows, store = self._follows, self._follows.store
        return [
            self._tab("tweets", lists.tweets_of),
            self._tab("replies", lists.replies_of),
            self._tab("likes", lists.likes_of),
            self._tab("followers", lists.followers_of),
            self._tab("following", lists.following_of),
            self._action("follow", follows.follow, "follows"),
            self._action("unfollow", store.unfollow),
            self._action("block", follows.block),
            self._action("unblock", store.unblock),
            self._action("mute", follows.mute),
            self._action("unmute", store.unmute),
        ]

    def _tab(self, tab: str, listed: _Listed) -> Route:
        path = OF_ACCOUNT if tab == "tweets" else f"{OF_ACCOUNT}/{tab}"

        async def handler(call: Call) -> Answer:
            return await self._show(call, tab, listed)

        return reading(path, handler, f"An account: {tab}")

    async def _show(self, call: Call, tab: str, listed: _Listed) -> Answer:
        asked = known(call.asked(), "cursor")
        name = f"@{call.args['handle']}"
        account, _ = await self._reader.account(call.viewer, name)
        user = decode_user(await self._reader.user(call.viewer, account.user_id))
        page, reason = await self._entries(call, user, tab, listed, asked)
        has_people = tab in ("followers", "following")
        listing = (self._site.people if has_people else self._site.tweets)(call, page)
        if wants_fragment(call):
            return self._site.fragment(listing)
        return await self._site.page(
            call, "profile.html", user=user, tab=tab, listing=listing, reason=reason, has_people=has_people
        )

    async def _entries(
        self, call: Call, user: User, tab: str, listed: _Listed, asked: dict[str, str]
    ) -> tuple[Page[bytes], str]:
        """A page of one of its lists, and why that is empty where the viewer may not see it."""
        try:
            account, is_blocked = await self._reader.content_of(call.viewer, user.user_id)
        except Problem as problem:
            if problem.code != "protected":
                raise
            return Page([], None), "protected"
        if is_blocked:
            return Page([], None), "blocked"
        form = filled(TweetPaging if tab in ("tweets", "replies") else Paging, asked)
        paged = self._reader.user_page if tab in ("followers", "following") else self._reader.tweet_page
        candidates = partial(listed, account.user_id)
        return await paged(call.viewer, candidates, position(form.cursor), form.page_size), ""

    def _action(self, name: str, act: _Act, limit: Limit = "none") -> Route:
        path, summary = f"{OF_ACCOUNT}/{name}", f"{name.title()} it"
        return Route("POST", path, self._handler(act), summary, needs_account=True, limit=limit, page=True)

    def _handler(self, act: _Act) -> Handler:
        async def handler(call: Call) -> Answer:
            fields = call.posted()
            other, _ = await self._reader.account(call.viewer, f"@{call.args['handle']}")
            await act(call.viewer, other.user_id, call.ticket)
            return see_other(back(call, fields, f"/@{other.handle}"))

        return handler
