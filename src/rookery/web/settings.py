"""One's own account: how others see it, its password, its sessions, and taking it along or away."""

from collections.abc import Mapping, Sequence

from rookery.core.errors import Problem
from rookery.core.ids import timestamp
from rookery.core.routes import Answer, Call, Handler, Limit, Route
from rookery.services.accounts.forms import Farewell, NewPassword, ProfileChange
from rookery.web.entry import EntryPages
from rookery.web.forms import faults, filled, retry_headers, see_other
from rookery.web.site import Site, reading

Shown = Sequence[tuple[str, str, str, bool]]  # sessions: id, begun, used last, whether it is this one
Typed = Mapping[str, str]


class SettingsPages:
    """/settings and below; a form that cannot be taken comes again with what was typed, passwords excepted."""

    def __init__(self, site: Site, entry: EntryPages) -> None:
        self._site = site
        self._entry = entry
        self._accounts = site.services.accounts

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            self._page("/settings", "profile", "How others see the account"),
            self._page("/settings/password", "password", "A new password"),
            self._page("/settings/sessions", "sessions", "Where one is signed in"),
            self._page("/settings/account", "account", "Take the account along, or delete it"),
            self._form("/settings", self.change_profile, "Change name, bio and protection"),
            self._form("/settings/password", self.change_password, "Set a new password", "login"),
            self._form("/settings/sessions/{id}/end", self.end_session, "End a session"),
            self._form("/settings/account", self.delete, "Delete the account", "login"),
        ]

    async def change_profile(self, call: Call) -> Answer:
        """POST /settings. An unticked box is not among the fields."""
        fields = call.posted()
        texts = {name: fields[name] for name in ("name", "bio") if name in fields}
        protected = "true" if fields.get("protected") else "false"
        try:
            form = ProfileChange.of({**texts, "protected": protected}, text=True)
            await self._accounts.update(call.viewer, form, call.ticket)
        except Problem as problem:
            return await self._show(call, "profile", {**texts, "protected": protected}, problem)
        return see_other("/settings?done=profile")

    async def change_password(self, call: Call) -> Answer:
        """POST /settings/password."""
        fields = call.posted()
        try:
            form = filled(NewPassword, fields)
            await self._accounts.change_password(call.viewer, call.session, form, call.address, call.ticket)
        except Problem as problem:
            return await self._show(call, "password", {}, problem)
        return see_other("/settings/password?done=password")

    async def end_session(self, call: Call) -> Answer:
        """POST /settings/sessions/{id}/end."""
        call.posted()
        session_id = call.id("id", "session")
        await self._accounts.require_session(call.viewer, session_id)
        await self._accounts.end_session(call.viewer, session_id)
        if session_id == call.session:
            return see_other("/", *self._entry.signed_out(call))
        return see_other("/settings/sessions")

    async def delete(self, call: Call) -> Answer:
        """POST /settings/account."""
        fields = call.posted()
        try:
            form = filled(Farewell, fields)
            await self._accounts.delete(call.viewer, form, call.address, call.ticket)
        except Problem as problem:
            return await self._show(call, "account", {}, problem)
        return see_other("/", *self._entry.signed_out(call))

    def _page(self, path: str, pane: str, summary: str) -> Route:
        async def handler(call: Call) -> Answer:
            done = call.asked().get("done") == pane
            return await self._show(call, pane, {}, None, done=done)

        return reading(path, handler, summary, needs_account=True)

    def _form(self, path: str, handler: Handler, summary: str, limit: Limit = "none") -> Route:
        return Route("POST", path, handler, summary, needs_account=True, limit=limit, page=True)

    async def _show(
        self, call: Call, pane: str, fields: Typed, problem: Problem | None, *, done: bool = False
    ) -> Answer:
        return await self._site.page(
            call,
            "settings.html",
            status=problem.status if problem else 200,
            headers=retry_headers(problem) if problem else (),
            pane=pane,
            fields=fields,
            faults=faults(problem) if problem else {},
            done=done,
            sessions=await self._sessions(call) if pane == "sessions" else (),
        )

    async def _sessions(self, call: Call) -> Shown:
        return [
            (
                str(one.session_id),
                timestamp(one.created_ms),
                timestamp(one.used_ms),
                one.session_id == call.session,
            )
            for one in await self._accounts.sessions(call.viewer)
        ]
