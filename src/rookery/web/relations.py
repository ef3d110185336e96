"""Who asks to follow, whom one blocks and mutes."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from rookery.core.forms import Paging, position
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate
from rookery.core.routes import Answer, Call, Handler, Route
from rookery.web.forms import back, filled, see_other
from rookery.web.site import Site, known, reading, wants_fragment

_Act = Callable[[int, int, Ticket], Awaitable[object]]  # (who acts, on whom, ...)
_Listed = Callable[[int, int, int], Awaitable[Sequence[Candidate]]]


class RelationPages:
    """/requests, /settings/blocked and /settings/muted."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = site.services.reader
        self._store = site.services.follows.store

    def routes(self) -> list[Route]:
        """The routes."""
        store = self._store
        return [
            self._list("/requests", "requests", store.requests_to, "Who asks to follow"),
            self._list("/settings/blocked", "blocked", store.blocks_of, "Whom one blocks"),
            self._list("/settings/muted", "muted", store.mutes_of, "Whom one mutes"),
            self._answer("accept", store.accept),
            self._answer("refuse", store.refuse),
        ]

    def _list(self, path: str, name: str, listed: _Listed, summary: str) -> Route:
        async def handler(call: Call) -> Answer:
            form = filled(Paging, known(call.asked(), "cursor"))
            candidates = partial(listed, call.viewer)
            page = await self._reader.user_page(
                call.viewer, candidates, position(form.cursor), form.page_size, own=True
            )
            listing = self._site.people(call, page, are_asking=name == "requests")
            if wants_fragment(call):
                return self._site.fragment(listing)
            return await self._site.page(call, "relations.html", name=name, listing=listing)

        return reading(path, handler, summary, needs_account=True)

    def _answer(self, name: str, act: _Act) -> Route:
        path, summary = f"/requests/{{userId}}/{name}", f"{name.title()} a request"
        return Route("POST", path, self._handler(act), summary, needs_account=True, page=True)

    def _handler(self, act: _Act) -> Handler:
        async def handler(call: Call) -> Answer:
            fields = call.posted()
            other, _ = await self._reader.account(call.viewer, str(call.id("userId", "account")))
            await act(call.viewer, other.user_id, call.ticket)
            return see_other(back(call, fields, "/requests"))

        return handler
