"""Who sends a request: a session token or an access token as bearer, or the session cookie."""

import contextlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from rookery.core import clock
from rookery.core.entities import STRANGER
from rookery.core.errors import Problem
from rookery.services.accounts.store import Session, SessionStore
from rookery.services.accounts.tokens import AccessTokens, is_access_token, token_hash

SECURE_COOKIE = "__Host-rookery_session"
PLAIN_COOKIE = "rookery_session"  # over plain http, which is served on loopback alone
USED_STEP_MS = 3_600_000  # a session's last use is written this often at most
_BEARER = "bearer "


class Caller(NamedTuple):
    """Who acts. `by_cookie`: a browser added the proof by itself, so a write needs `check_origin`."""

    viewer: int
    session_id: int
    by_cookie: bool


NOBODY = Caller(STRANGER, 0, False)


class Authenticator:
    """Finds out who sends a request. A session that is idle for `session_idle_ms` milliseconds has ended."""

    def __init__(
        self,
        sessions: SessionStore,
        tokens: AccessTokens,
        *,
        session_idle_ms: int,
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._session_idle_ms = session_idle_ms
        self._now_ms = now_ms

    def recall(self, headers: Mapping[str, str], *, secure: bool) -> Caller | None:
        """The caller where that is known without waiting, else None: then `who` must be asked.

        `headers` have lower-case names; `secure` says whether the request came over TLS.
        """
        token, by_cookie = presented(headers, secure=secure)
        if token is None:
            return NOBODY
        session = self._recall_session(token)
        if session is None or self._now_ms() - session.used_ms > USED_STEP_MS:
            return None
        return Caller(session.user_id, session.session_id, by_cookie)

    async def who(self, headers: Mapping[str, str], *, secure: bool) -> Caller:
        """The caller; NOBODY where the request names none. Parameters as in `recall`.

        Raises Problem `token_invalid` or `token_expired` for a token that is no good, whether or not one is needed.
        """
        known = self.recall(headers, secure=secure)
        if known is not None:
            return known
        token, by_cookie = presented(headers, secure=secure)
        session = await self._find_session(token or "")
        idle_ms = self._now_ms() - session.used_ms
        if idle_ms >= self._session_idle_ms:
            raise Problem("token_expired", "The session has ended because it was not used: log in again.")
        if idle_ms > USED_STEP_MS:
            with contextlib.suppress(Problem):  # a read is answered also while nothing can be written
                await self._sessions.touch(session, self._now_ms())
        return Caller(session.user_id, session.session_id, by_cookie)

    async def session_lives(self, session_id: int) -> bool:
        """Whether a session has not ended."""
        known = self._sessions.recall_id(session_id)
        return known is not None or await self._sessions.find_id(session_id) is not None

    def _recall_session(self, token: str) -> Session | None:
        if not is_access_token(token):
            return self._sessions.recall(token_hash(token))
        claims = self._tokens.recall(token)
        return None if claims is None else self._sessions.recall_id(claims.session_id)

    async def _find_session(self, token: str) -> Session:
        if is_access_token(token):
            claims = await self._tokens.verify(token)
            session = await self._sessions.find_id(claims.session_id)
        else:
            session = await self._sessions.find(token_hash(token))
        if session is None:
            raise Problem("token_invalid", "The token is not known, or its session has ended: log in again.")
        return session


def presented(headers: Mapping[str, str], *, secure: bool) -> tuple[str | None, bool]:
    """The token of a request, or None, and whether it came as a cookie. Authorization goes before the cookie.

    Raises Problem `token_invalid` for another scheme than Bearer, and for a cookie with an access token.
    """
    authorization = headers.get("authorization")
    if authorization is not None:
        if authorization[: len(_BEARER)].lower() != _BEARER:
            raise Problem("token_invalid", "The Authorization header must be: Bearer, a space, the token.")
        return authorization[len(_BEARER) :].strip(), False
    cookies = headers.get("cookie")
    token = None if cookies is None else _cookie(cookies, cookie_name(secure=secure))
    if token is not None and is_access_token(token):
        raise Problem("token_invalid", "The cookie holds a session token, never an access token.")
    return token, token is not None


def check_origin(headers: Mapping[str, str], *, secure: bool) -> None:
    """Whether the page that sends a write is this server's own. Parameters as in Authenticator.

    Needed for every write that a cookie signs, and for the log-in and sign-up forms. Raises Problem `origin_refused`.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        same = site == "same-origin"
    else:
        own = f"{'https' if secure else 'http'}://{headers.get('host', '')}"
        same = headers.get("origin", "").lower() == own.lower()
    if not same:
        raise Problem("origin_refused", "This may only be sent from this site's own pages.")


def cookie_name(*, secure: bool) -> str:
    """The session cookie's name; over TLS a browser lets no other host or path set it."""
    return SECURE_COOKIE if secure else PLAIN_COOKIE


def session_cookie(session_token: str, *, secure: bool, max_age_s: int) -> str:
    """The Set-Cookie header that signs a browser in; with an age of 0 and no token, out."""
    flags = "; Secure" if secure else ""
    name = cookie_name(secure=secure)
    return f"{name}={session_token}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{flags}"


def _cookie(cookies: str, name: str) -> str | None:
    for one in cookies.split(";"):
        key, _, value = one.strip().partition("=")
        if key == name:
            return value
    return None
