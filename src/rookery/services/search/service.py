"""The rules of search: what may be asked, and in which order answers come."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import ClassVar, Literal

from rookery.core.clock import now_ms
from rookery.core.forms import Check, Form, Paging, TweetPaging, an_id, position
from rookery.core.geo import Place, check_latitude, check_longitude, check_radius_km, half_a_place
from rookery.core.ids import parse_id
from rookery.core.page import Page
from rookery.core.query import parse
from rookery.core.ranking import thaw, top_page
from rookery.core.reading import Reader, fill
from rookery.services.search.indexing import day_before
from rookery.services.search.people import runs
from rookery.services.search.store import TREND_RADIUS_KM, SearchStore

TOKEN_LENGTH_MAX = 300  # a whole tweet in quotes; with a cursor of sort=top it still fits into a URL
RADIUS_KM_DEFAULT = 25.0
TRENDS_MAX = 20

_PLACE_CHECKS: Mapping[str, Check] = {"latitude": check_latitude, "longitude": check_longitude}


def a_token(value: str) -> str:
    """Check: 1 to TOKEN_LENGTH_MAX characters."""
    if not 1 <= len(value) <= TOKEN_LENGTH_MAX:
        raise ValueError(f"must be 1 to {TOKEN_LENGTH_MAX} characters")
    return value


class Around(Form, frozen=True):
    """A point in degrees, or none."""

    checks: ClassVar[Mapping[str, Check]] = _PLACE_CHECKS
    latitude: float | None = None
    longitude: float | None = None

    def agree(self, given: Collection[str]) -> Mapping[str, str]:
        """Latitude and longitude come together."""
        return half_a_place(given)


class TweetSearch(TweetPaging, frozen=True, rename="camel"):
    """A search for tweets: words, a place or both. With sort=latest the cursor is a tweet id, otherwise it is opaque;
    `radius_km` is RADIUS_KM_DEFAULT where a place comes without."""

    checks: ClassVar[Mapping[str, Check]] = {
        **_PLACE_CHECKS,
        "token": a_token,
        "radius_km": check_radius_km,
        "page_size": TweetPaging.checks["page_size"],
    }
    token: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float | None = None
    sort: Literal["latest", "top"] = "latest"

    def agree(self, given: Collection[str]) -> Mapping[str, str]:
        """There is something to search for, a whole place or none, and a cursor of this sort."""
        faults = dict(half_a_place(given))
        if not {"latitude", "longitude"} & set(given):
            if "radiusKm" in given:
                faults["radiusKm"] = "needs latitude and longitude"
            if "token" not in given:
                faults |= {"token": "is required where there is no latitude and longitude"}
        if self.cursor is not None:
            try:
                (thaw if self.sort == "top" else an_id)(self.cursor)
            except ValueError as fault:
                faults["cursor"] = str(fault)
        return faults

    @property
    def place(self) -> Place | None:
        """The place asked for."""
        if self.latitude is None or self.longitude is None:
            return None
        return Place(self.latitude, self.longitude, self.radius_km or RADIUS_KM_DEFAULT)


def a_people_cursor(value: str) -> str:
    """Check: a position or a ranking."""
    if parse_id(value) is None:
        thaw(value)
    return value


class PeopleSearch(Paging, frozen=True, kw_only=True, rename="camel"):
    """A search for accounts."""

    checks: ClassVar[Mapping[str, Check]] = {
        **Paging.checks,
        "token": a_token,
        "cursor": a_people_cursor,
    }
    token: str


class SearchService:
    """Searches. The store proposes, the Reader decides."""

    def __init__(self, store: SearchStore, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    async def tweets(self, viewer: int, form: TweetSearch) -> Page[bytes]:
        """A page of tweets and replies: newest first, or the best of the newest 1,000."""
        query, place = parse(form.token or ""), form.place
        if query.finds_nothing(place):
            return Page([], None)
        if form.sort == "top":
            return await top_page(
                self._reader.tweets,
                viewer,
                form.cursor,
                form.page_size,
                partial(self._store.scored, query, place),
                partial(self._store.between, query, place),
            )
        candidates = partial(self._store.tweets, query, place)
        return await self._reader.tweet_page(viewer, candidates, position(form.cursor), form.page_size)

    async def users(self, viewer: int, form: PeopleSearch) -> Page[bytes]:
        """A page of accounts: whose handle it is, then the newest 1,000 found with the most followed first, then the
        others, newest first."""
        sought = runs(form.token)
        if not sought:
            return Page([], None)
        named = await self._named(form.token)

        async def others(viewer: int, user_ids: Sequence[int]) -> Mapping[int, bytes]:
            shown = await self._reader.users(viewer, user_ids)
            return {one: shown[one] for one in user_ids if one in shown and one != named}

        candidates = partial(self._store.people, sought)
        if form.cursor is not None and (below := parse_id(form.cursor)):
            return await fill(others, viewer, candidates, below, form.page_size)
        first = (
            list((await self._reader.users(viewer, [named])).values()) if named and not form.cursor else []
        )
        page = await top_page(
            others,
            viewer,
            form.cursor,
            form.page_size - len(first),
            partial(self._store.scored_people, sought),
            partial(self._store.people_between, sought),
        )
        after = page.next_cursor
        if after is None and form.cursor is not None:
            low = thaw(form.cursor).low
            rest = await fill(others, viewer, candidates, low, 1)
            after = str(low) if rest.entries or rest.next_cursor else None
        return Page([*first, *page.entries], after)

    async def trends(self, form: Around) -> Sequence[tuple[str, int]]:
        """The hashtags of the last 24 hours, anywhere or within TREND_RADIUS_KM: (hashtag, tweets), most used first."""
        place = None
        if form.latitude is not None and form.longitude is not None:
            place = Place(form.latitude, form.longitude, TREND_RADIUS_KM)
        return await self._store.trends(place, day_before(now_ms()), TRENDS_MAX)

    async def _named(self, token: str) -> int:
        """The account whose handle the token is; 0 where there is none."""
        handle = token.strip().removeprefix("@")
        return (await self._reader.source.user_ids([handle])).get(handle.lower(), 0)
