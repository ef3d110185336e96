"""The front page: the feed of who is signed in, or what this place is for a stranger; and writing a tweet."""

from rookery.core.entities import STRANGER
from rookery.core.forms import TweetPaging, position
from rookery.core.page import Page
from rookery.core.routes import Answer, Call, Route
from rookery.services.feed.http import FeedPaging
from rookery.web.forms import filled
from rookery.web.site import Site, known, reading, wants_fragment

SUGGESTED = 6


class TimelinePages:
    """/ and /public."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._feed = site.services.feed
        self._follows = site.services.follows

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            reading("/", self.home, "The feed, or the newest tweets of all"),
            reading("/public", self.public, "The newest tweets of all"),
        ]

    async def home(self, call: Call) -> Answer:
        """GET /; its `since` leaves only what is newer."""
        if call.viewer == STRANGER:
            return await self._everyones(call, "landing.html")
        form = filled(FeedPaging, known(call.asked(), "cursor", "since"))
        page = await self._feed.page(call.viewer, position(form.cursor), form.page_size, int(form.since or 0))
        if wants_fragment(call):
            return self._site.fragment(self._site.tweets(call, page))
        if not page.entries and form.cursor is None:
            return await self._first_steps(call)
        return await self._site.framed(call, "home.html", page, is_first=form.cursor is None)

    async def public(self, call: Call) -> Answer:
        """GET /public."""
        return await self._everyones(call, "public.html")

    async def _everyones(self, call: Call, template: str) -> Answer:
        form = filled(TweetPaging, known(call.asked(), "cursor"))
        page = await self._feed.public_page(call.viewer, position(form.cursor), form.page_size)
        if wants_fragment(call):
            return self._site.fragment(self._site.tweets(call, page))
        return await self._site.framed(call, template, page, is_first=form.cursor is None)

    async def _first_steps(self, call: Call) -> Answer:
        """What is shown while one's feed is empty: whom to follow, and what all others write."""
        page = await self._feed.public_page(call.viewer, position(None), TweetPaging().page_size)
        suggested = await self._follows.suggestions(call.viewer, SUGGESTED)
        listing = self._site.tweets(call, Page(page.entries, None))
        people = self._site.people(call, Page(suggested, None))
        return await self._site.page(call, "first_steps.html", listing=listing, people=people)
