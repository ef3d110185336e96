"""Search: the newest and the best tweets, people, what is near; and what to look at without a word to search for."""

from collections.abc import Sequence

from rookery.core.entities import STRANGER
from rookery.core.errors import Invalid
from rookery.core.page import Page
from rookery.core.routes import Answer, Call, Route
from rookery.services.search.service import RADIUS_KM_DEFAULT, Around, PeopleSearch, TweetSearch
from rookery.web.forms import faults, filled
from rookery.web.listings import Listing
from rookery.web.site import Site, known, reading, wants_fragment

TABS = ("latest", "top", "people", "near")
SUGGESTED = 6
TRENDS_SHOWN = 10
_PLACE = ("latitude", "longitude", "radiusKm")


class ExplorePages:
    """/explore: `q` is what is searched for, `f` the tab, and latitude, longitude and radiusKm the place of "near"."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._search = site.services.search
        self._follows = site.services.follows

    def routes(self) -> list[Route]:
        """The routes."""
        return [reading("/explore", self.explore, "Search, and trends")]

    async def explore(self, call: Call) -> Answer:
        """GET /explore."""
        asked = call.asked()
        tab = asked.get("f", "latest")
        tab = tab if tab in TABS else "latest"
        query = known(asked, "q", "f", *_PLACE)
        is_search = bool(query.get("q")) or (tab == "near" and "latitude" in query)
        said: dict[str, str] = {}
        listing = Listing.of_nothing()
        if is_search:
            try:
                listing = await self._found(call, tab, {**query, **known(asked, "cursor")}, query)
            except Invalid as problem:
                if wants_fragment(call):
                    raise
                said = dict(faults(problem))
        if wants_fragment(call):
            return self._site.fragment(listing)
        return await self._site.page(
            call,
            "explore.html",
            status=422 if said else 200,
            query=query,
            tab=tab,
            is_search=is_search and not said,
            listing=listing,
            faults=said,
            radius=query.get("radiusKm", f"{RADIUS_KM_DEFAULT:g}"),
            found_trends=[] if is_search else await self._trends(),
            people=None if is_search else await self._suggested(call),
        )

    async def _found(self, call: Call, tab: str, given: dict[str, str], query: dict[str, str]) -> Listing:
        words = {"token": given["q"]} if "q" in given else {}
        paging = known(given, "cursor")
        if tab == "people":
            people = await self._search.users(call.viewer, filled(PeopleSearch, {**words, **paging}))
            return self._site.people(call, people, query)
        place = known(given, *_PLACE) if tab == "near" else {}
        if tab == "near" and "latitude" not in place:
            return Listing.of_nothing()
        sort = {"sort": "top"} if tab == "top" else {}
        form = filled(TweetSearch, {**words, **paging, **place, **sort})
        return self._site.tweets(call, await self._search.tweets(call.viewer, form), query)

    async def _trends(self) -> Sequence[tuple[str, int]]:
        return (await self._search.trends(Around()))[:TRENDS_SHOWN]

    async def _suggested(self, call: Call) -> Listing | None:
        if call.viewer == STRANGER:
            return None
        return self._site.people(call, Page(await self._follows.suggestions(call.viewer, SUGGESTED), None))
