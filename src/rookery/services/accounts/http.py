"""Routes of accounts, sessions and keys."""

import msgspec
from msgspec import Struct

from rookery.core.errors import Problem
from rookery.core.ids import timestamp
from rookery.core.objects import User
from rookery.core.reading import Reader
from rookery.core.routes import Answer, Call, Route
from rookery.services.accounts.export import ExportSource, export
from rookery.services.accounts.forms import Farewell, LogIn, LogOut, NewPassword, ProfileChange, SignUp
from rookery.services.accounts.service import AccountsService, SignedIn
from rookery.services.accounts.tokens import is_access_token

_PASSWORD_CODES = ("wrong_credentials", "rate_limited", "overloaded")


class SignedInAnswer(Struct, rename="camel"):
    """A new session. `expiresIn`: the access token's life in seconds."""

    user: User
    session_token: str
    access_token: str
    expires_in: int


class AccessAnswer(Struct, rename="camel"):
    """A new access token and its life in seconds."""

    access_token: str
    expires_in: int


class SessionAnswer(Struct, rename="camel"):
    """A session; `current` is the one that asks. `lastUsedTimeStamp` is right to within the hour."""

    session_id: str
    created_time_stamp: str
    last_used_time_stamp: str
    current: bool


class PublicKey(Struct):
    """A key that verifies access tokens (RFC 7517, RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class PublicKeys(Struct):
    """A JWK set."""

    keys: list[PublicKey]


class AccountRoutes:
    """The handlers; each does what its route's summary says."""

    def __init__(self, service: AccountsService, reader: Reader, source: ExportSource) -> None:
        self._service = service
        self._reader = reader
        self._source = source

    async def sign_up(self, call: Call) -> Answer:
        """POST /account/."""
        form = call.body(SignUp)
        return await self._signed_in(await self._service.sign_up(form, call.ticket))

    async def log_in(self, call: Call) -> Answer:
        """POST /account/login."""
        form = call.body(LogIn)
        return await self._signed_in(await self._service.log_in(form, call.address, call.ticket))

    async def refresh(self, call: Call) -> Answer:
        """POST /account/refresh."""
        if is_access_token(call.headers.get("authorization", "")):
            raise Problem("token_invalid", "Only the session token gets a new access token.")
        call.nothing()
        token = await self._service.tokens.issue(call.viewer, call.session)
        return Answer(msgspec.json.encode(AccessAnswer(token, self._service.tokens.lifetime_s)))

    async def log_out(self, call: Call) -> Answer:
        """POST /account/logout."""
        form = call.body(LogOut)
        if form.everywhere:
            await self._service.end_sessions(call.viewer)
        else:
            await self._service.end_session(call.viewer, call.session)
        return Answer()

    async def show(self, call: Call) -> Answer:
        """GET /account/."""
        call.nothing()
        return Answer(await self._reader.user(call.viewer, call.viewer))

    async def update(self, call: Call) -> Answer:
        """PATCH /account/."""
        await self._service.update(call.viewer, call.body(ProfileChange), call.ticket)
        return Answer(await self._reader.user(call.viewer, call.viewer))

    async def change_password(self, call: Call) -> Answer:
        """POST /account/password."""
        form = call.body(NewPassword)
        await self._service.change_password(call.viewer, call.session, form, call.address, call.ticket)
        return Answer()

    async def delete(self, call: Call) -> Answer:
        """DELETE /account/."""
        await self._service.delete(call.viewer, call.body(Farewell), call.address, call.ticket)
        return Answer()

    async def sessions(self, call: Call) -> Answer:
        """GET /account/sessions."""
        call.nothing()
        shown = [
            SessionAnswer(
                str(one.session_id),
                timestamp(one.created_ms),
                timestamp(one.used_ms),
                one.session_id == call.session,
            )
            for one in await self._service.sessions(call.viewer)
        ]
        return Answer(msgspec.json.encode(shown))

    async def end_session(self, call: Call) -> Answer:
        """DELETE /account/sessions/{id}."""
        session_id = call.id("id", "session")
        await self._service.require_session(call.viewer, session_id)
        call.nothing()
        await self._service.end_session(call.viewer, session_id)
        return Answer()

    async def export(self, call: Call) -> Answer:
        """GET /account/export."""
        call.nothing()
        headers = (("Content-Disposition", 'attachment; filename="rookery-account.zip"'),)
        return Answer(await export(self._source, call.viewer), headers, "application/zip")

    async def key_set(self, call: Call) -> Answer:
        """GET /.well-known/jwks.json."""
        call.nothing()
        return Answer(await self._service.tokens.key_set())

    async def _signed_in(self, new: SignedIn) -> Answer:
        user = msgspec.Raw(await self._reader.user(new.user_id, new.user_id))
        fields = {
            "user": user,
            "sessionToken": new.session_token,
            "accessToken": new.access_token,
            "expiresIn": new.expires_in,
        }
        return Answer(msgspec.json.encode(fields))


def routes(service: AccountsService, reader: Reader, source: ExportSource) -> list[Route]:
    """What the accounts service serves."""
    do = AccountRoutes(service, reader, source)
    return [
        Route(
            "POST",
            "/account/",
            do.sign_up,
            "Sign up",
            returns=SignedInAnswer,
            body=SignUp,
            limit="sign_up",
            codes=("handle_taken", "rate_limited", "overloaded"),
        ),
        Route(
            "POST",
            "/account/login",
            do.log_in,
            "Log in",
            returns=SignedInAnswer,
            body=LogIn,
            limit="login",
            codes=_PASSWORD_CODES,
        ),
        *_session_routes(do),
        *_own_routes(do),
        Route(
            "GET",
            "/.well-known/jwks.json",
            do.key_set,
            "The public keys of access tokens",
            returns=PublicKeys,
            limit="none",
        ),
    ]


def _session_routes(do: AccountRoutes) -> list[Route]:
    return [
        Route(
            "POST",
            "/account/refresh",
            do.refresh,
            "A new access token, for the session token as bearer",
            returns=AccessAnswer,
            needs_account=True,
            limit="none",
        ),
        Route(
            "POST",
            "/account/logout",
            do.log_out,
            "End this session, or all",
            body=LogOut,
            needs_account=True,
            limit="none",
        ),
        Route(
            "GET",
            "/account/sessions",
            do.sessions,
            "One's sessions, newest first",
            returns=list[SessionAnswer],
            needs_account=True,
        ),
        Route(
            "DELETE",
            "/account/sessions/{id}",
            do.end_session,
            "End one session",
            needs_account=True,
            limit="none",
            codes=("not_found",),
        ),
    ]


def _own_routes(do: AccountRoutes) -> list[Route]:
    return [
        Route("GET", "/account/", do.show, "One's own account", returns=User, needs_account=True),
        Route(
            "PATCH",
            "/account/",
            do.update,
            "Change name, bio or protection",
            returns=User,
            body=ProfileChange,
            needs_account=True,
            limit="none",
        ),
        Route(
            "POST",
            "/account/password",
            do.change_password,
            "Change the password; ends every other session",
            body=NewPassword,
            needs_account=True,
            limit="login",
            codes=_PASSWORD_CODES,
        ),
        Route(
            "DELETE",
            "/account/",
            do.delete,
            "Delete the account and all it wrote",
            body=Farewell,
            needs_account=True,
            limit="login",
            codes=_PASSWORD_CODES,
        ),
        Route(
            "GET",
            "/account/export",
            do.export,
            "Everything of the account, as a zip of JSON files",
            needs_account=True,
            media_type="application/zip",
            gives={"Content-Disposition": "A name for the file."},
        ),
    ]
