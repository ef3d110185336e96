"""What every page needs: the services, the templates, the visitor, and the frame around what it shows."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlencode

from rookery.core.entities import STRANGER
from rookery.core.errors import Problem
from rookery.core.objects import User
from rookery.core.page import Page
from rookery.core.reading import Reader
from rookery.core.routes import Answer, Call, Handler, Route
from rookery.services.accounts.service import AccountsService
from rookery.services.feed.service import FeedService
from rookery.services.follows.service import FollowsService
from rookery.services.profiles.store import ProfileStore
from rookery.services.replies.service import RepliesService
from rookery.services.search.service import Around, SearchService
from rookery.services.tweets.service import TweetsService
from rookery.web.forms import HTML
from rookery.web.frames import KEPT, About, Frames, Trends
from rookery.web.listings import Listing
from rookery.web.pieces import Pieces, decode_user
from rookery.web.static import Statics
from rookery.web.templating import environment

TRENDS_KEPT_S = 60.0
TRENDS_SHOWN = 6


class SessionCookie(Protocol):
    """The Set-Cookie header that signs a browser in, or out; see gateway/auth.py."""

    def __call__(self, session_token: str, *, secure: bool, max_age_s: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Services:
    """What the pages show and act through."""

    reader: Reader
    accounts: AccountsService
    profiles: ProfileStore
    tweets: TweetsService
    replies: RepliesService
    follows: FollowsService
    feed: FeedService
    search: SearchService


Piece = Callable[[bytes, int], bytes]


class Site:
    """The frame of all pages, and the lists in it."""

    def __init__(self, services: Services, cookie: SessionCookie) -> None:
        self.services = services
        self.cookie = cookie
        self.statics = Statics()
        self.templates = environment(self.statics)
        self.pieces = Pieces(self.templates)
        self._more = self.templates.get_template("more.html")
        self._trending: Trends = ()
        self._trends_until_s = 0.0
        self._frames = Frames(self.templates)

    async def viewer(self, call: Call) -> User | None:
        """The visitor's own account, or None for a stranger."""
        if call.viewer == STRANGER:
            return None
        return decode_user(await self.services.reader.user(call.viewer, call.viewer))

    async def part(self, call: Call, template: str, **shown: Any) -> Answer:
        """A part of a page, for the script; `shown` as in `page`."""
        body = self.templates.get_template(template).render(viewer=await self.viewer(call), **shown)
        return Answer(body.encode(), (), HTML)

    async def page(
        self,
        call: Call,
        template: str,
        *,
        status: int = 200,
        headers: tuple[tuple[str, str], ...] = (),
        **shown: Any,
    ) -> Answer:
        """A whole page; `shown` is what the template takes."""
        body = self.templates.get_template(template).render(
            viewer=await self.viewer(call),
            path=call.path,
            site_url=_site_url(call),
            trends=await self._trends(),
            **shown,
        )
        return Answer(body.encode(), (KEPT, *headers), HTML, status=status)

    async def framed(self, call: Call, template: str, page: Page[bytes], *, is_first: bool) -> Answer:
        """A page that is one list of tweets and shows nothing else but the visitor, the trends and, where it
        `is_first`, what stands above the newest."""
        viewer = b"" if call.viewer == STRANGER else await self.services.reader.oneself(call.viewer)
        about = About(template, call.path, _site_url(call), viewer, await self._trends(), is_first)
        return self._frames.answer(call, about, page, lambda: self.tweets(call, page))

    async def _trends(self) -> Trends:
        """What stands beside every page: the first trends, as of a minute ago at most."""
        if monotonic() >= self._trends_until_s:
            self._trends_until_s = monotonic() + TRENDS_KEPT_S
            with suppress(Problem):  # a page shows also while search does not answer
                self._trending = tuple(await self.services.search.trends(Around()))[:TRENDS_SHOWN]
        return self._trending

    def tweets(self, call: Call, page: Page[bytes], query: Mapping[str, str] | None = None) -> Listing:
        """A list of tweets; `query` is what the next page keeps of this one's."""
        return self._listing(call, page, query, self.pieces.tweet)

    def people(
        self,
        call: Call,
        page: Page[bytes],
        query: Mapping[str, str] | None = None,
        *,
        are_asking: bool = False,
    ) -> Listing:
        """A list of accounts; `are_asking`: with buttons to accept and refuse them."""
        return self._listing(call, page, query, self.pieces.asking if are_asking else self.pieces.person)

    def fragment(self, listing: Listing) -> Answer:
        """The items alone, for the script that adds them to what is there."""
        return Answer(f"{listing.items}{self._more.render(listing=listing)}".encode(), (), HTML)

    def _listing(
        self, call: Call, page: Page[bytes], query: Mapping[str, str] | None, piece: Piece
    ) -> Listing:
        more = None
        if page.next_cursor is not None:
            more = f"{call.path}?{urlencode({**(query or {}), 'cursor': page.next_cursor})}"
        return Listing([piece(raw, call.viewer) for raw in page.entries], more)


def wants_fragment(call: Call, what: str = "1") -> bool:
    """Whether the script asks for a part of the page alone: its list, or another one that it names."""
    return bool(call.headers.get("x-fragment") == what)


def known(asked: Mapping[str, str], *names: str) -> dict[str, str]:
    """Those of the parameters that a page knows and that say something."""
    return {name: asked[name] for name in names if asked.get(name)}


def reading(path: str, handler: Handler, summary: str, *, needs_account: bool = False) -> Route:
    """The route of a page to read."""
    return Route("GET", path, handler, summary, needs_account=needs_account, page=True)


def _site_url(call: Call) -> str:
    return f"{'https' if call.secure else 'http'}://{call.headers.get('host', '')}"
