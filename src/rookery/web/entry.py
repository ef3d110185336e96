"""Signing up, logging in and out."""

from collections.abc import Mapping
from typing import Any

from rookery.core.entities import STRANGER
from rookery.core.errors import Problem
from rookery.core.routes import Answer, Call, Route
from rookery.services.accounts.forms import LogIn, SignUp
from rookery.services.accounts.service import SignedIn
from rookery.web.forms import faults, filled, local_path, retry_headers, see_other
from rookery.web.site import Site, reading

COOKIE_S = 400 * 24 * 3600  # as long as browsers keep one: the server says when the session has ended


class EntryPages:
    """/signup, /login and /logout."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._accounts = site.services.accounts

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            reading("/signup", self.sign_up_page, "Sign up"),
            reading("/login", self.log_in_page, "Log in"),
            Route("POST", "/signup", self.sign_up, "Sign up", limit="sign_up", page=True),
            Route("POST", "/login", self.log_in, "Log in", limit="login", page=True),
            Route("POST", "/logout", self.log_out, "Log out", page=True),
        ]

    async def sign_up_page(self, call: Call) -> Answer:
        """GET /signup."""
        return await self._form(call, "signup.html", call.asked())

    async def log_in_page(self, call: Call) -> Answer:
        """GET /login."""
        return await self._form(call, "login.html", call.asked())

    async def sign_up(self, call: Call) -> Answer:
        """POST /signup."""
        fields = call.posted()
        named = {"name": fields.get("name") or fields.get("handle", "")}
        try:
            form = filled(SignUp, {**fields, **named})
            signed = await self._accounts.sign_up(form, call.ticket)
        except Problem as problem:
            return await self._again(call, "signup.html", fields, problem)
        return self._enter(call, fields, signed)

    async def log_in(self, call: Call) -> Answer:
        """POST /login."""
        fields = call.posted()
        handle = fields.get("handle", "").strip().removeprefix("@")
        try:
            form = filled(LogIn, {**fields, "handle": handle})
            signed = await self._accounts.log_in(form, call.address, call.ticket)
        except Problem as problem:
            return await self._again(call, "login.html", fields, problem)
        return self._enter(call, fields, signed)

    async def log_out(self, call: Call) -> Answer:
        """POST /logout; whoever is out already stays out."""
        call.posted()
        if call.viewer != STRANGER:
            await self._accounts.end_session(call.viewer, call.session)
        return see_other("/", *self.signed_out(call))

    def signed_out(self, call: Call) -> tuple[tuple[str, str], ...]:
        """The headers that make a browser forget who it was, and the pages that it kept."""
        cookie = self._site.cookie("", secure=call.secure, max_age_s=0)
        return (("Set-Cookie", cookie), ("Clear-Site-Data", '"cache"'))

    def _enter(self, call: Call, fields: Mapping[str, str], signed: SignedIn) -> Answer:
        cookie = self._site.cookie(signed.session_token, secure=call.secure, max_age_s=COOKIE_S)
        return see_other(local_path(fields.get("back")), ("Set-Cookie", cookie))

    async def _form(self, call: Call, template: str, fields: Mapping[str, str]) -> Answer:
        back = local_path(fields.get("back"))
        if call.viewer != STRANGER:
            return see_other(back)
        return await self._site.page(call, template, fields={"back": back}, faults={})

    async def _again(self, call: Call, template: str, fields: Mapping[str, str], problem: Problem) -> Answer:
        typed: dict[str, Any] = {name: fields.get(name, "") for name in ("handle", "name")}
        return await self._site.page(
            call,
            template,
            status=problem.status,
            headers=retry_headers(problem),
            fields={**typed, "back": local_path(fields.get("back"))},
            faults=faults(problem),
        )
