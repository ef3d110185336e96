"""Tokens: session tokens are 256 random bits, access tokens are JWTs signed with EdDSA by keys that rotate."""

import hashlib
import secrets
import warnings
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey
from joserfc.jws import extract_compact

from rookery.core import clock
from rookery.core.errors import Problem
from rookery.core.ids import parse_id
from rookery.services.accounts.store import KeyStore, SigningKey

ISSUER = "rookery"
ALGORITHM = "EdDSA"
SESSION_BYTES = 32
KNOWN_MAX = 20_000  # verified access tokens that a process remembers

# The contract names EdDSA, as every client library knows it; RFC 9864's name for the same signature is Ed25519.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)


def new_session_token() -> str:
    """A new session token."""
    return secrets.token_urlsafe(SESSION_BYTES)


def token_hash(session_token: str) -> bytes:
    """What is stored of a session token: its SHA-256."""
    return hashlib.sha256(session_token.encode("utf-8", "surrogatepass")).digest()


def is_access_token(token: str) -> bool:
    """Whether a bearer token looks like a JWT; session tokens have no dots."""
    return "." in token


class Claims(NamedTuple):
    """What a valid access token says; `expires_s` is Unix time in seconds."""

    user_id: int
    session_id: int
    expires_s: int


class AccessTokens:
    """Issues and verifies access tokens.

    A token lives `lifetime_s` seconds. A key signs for `key_ms` milliseconds after it was made and is published until
    the last token that it can have signed has expired, so no log-in notices a rotation.
    """

    def __init__(
        self,
        store: KeyStore,
        *,
        lifetime_s: int = 15 * 60,
        key_ms: int = 30 * 86_400_000,
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        self.lifetime_s = lifetime_s
        self._store = store
        self._key_ms = key_ms
        self._now_ms = now_ms
        self._keys: dict[str, OKPKey] = {}
        self._signer: SigningKey | None = None
        self._known: dict[str, Claims] = {}

    async def issue(self, user_id: int, session_id: int) -> str:
        """A token for a session."""
        signer = await self._current()
        now_s = self._now_ms() // 1000
        claims = {
            "iss": ISSUER,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": now_s,
            "exp": now_s + self.lifetime_s,
        }
        header = {"alg": ALGORITHM, "kid": signer.key_id}
        return jwt.encode(header, claims, self._keys[signer.key_id], algorithms=[ALGORITHM])

    def recall(self, token: str) -> Claims | None:
        """The claims of a token that was verified before and has not expired, without waiting."""
        claims = self._known.get(token)
        return claims if claims is not None and claims.expires_s * 1000 > self._now_ms() else None

    async def verify(self, token: str) -> Claims:
        """The claims of a valid token. Raises Problem `token_expired` or `token_invalid`."""
        claims = self._known.get(token) or await self._decode(token)
        if claims.expires_s * 1000 <= self._now_ms():
            self._known.pop(token, None)
            raise Problem(
                "token_expired", "The access token has expired: get another with POST /account/refresh."
            )
        if len(self._known) >= KNOWN_MAX:
            for one in list(self._known)[: KNOWN_MAX // 10]:
                del self._known[one]
        self._known[token] = claims
        return claims

    async def key_set(self) -> bytes:
        """The public keys as a JWK set."""
        await self._current()
        await self._load()
        published = [
            {**key.as_dict(private=False), "kid": key_id, "use": "sig", "alg": ALGORITHM}
            for key_id, key in self._keys.items()
        ]
        return msgspec.json.encode({"keys": published})

    async def _current(self) -> SigningKey:
        """The key that signs now, made where there is none or it is too old."""
        replaces_before_ms = self._now_ms() - self._key_ms
        if self._signer is None or self._signer.created_ms < replaces_before_ms:
            await self._load()
        if self._signer is None or self._signer.created_ms < replaces_before_ms:
            drop_before_ms = replaces_before_ms - self.lifetime_s * 1000
            fresh = _new_key(self._now_ms())
            await self._store.add(fresh, replaces_before_ms=replaces_before_ms, drop_before_ms=drop_before_ms)
            await self._load()
        assert self._signer is not None  # one was added, by this process or another
        return self._signer

    async def _load(self) -> None:
        kept = await self._store.keys()
        self._keys = {one.key_id: OKPKey.import_key(msgspec.json.decode(one.private_jwk)) for one in kept}
        self._signer = kept[0] if kept else None

    async def _decode(self, token: str) -> Claims:
        """The claims of a token that one of the keys signed, expired or not. Raises Problem `token_invalid`."""
        try:
            key_id = extract_compact(token.encode()).headers()["kid"]
            if key_id not in self._keys:
                await self._load()
            claims = jwt.decode(token, self._keys[key_id], algorithms=[ALGORITHM]).claims
            user_id, session_id = parse_id(claims["sub"]), parse_id(claims["sid"])
            if claims["iss"] == ISSUER and user_id and session_id:
                return Claims(user_id, session_id, int(claims["exp"]))
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        raise Problem("token_invalid", "The access token is not one of this server's.")


def _new_key(now_ms: int) -> SigningKey:
    key = OKPKey.generate_key("Ed25519")
    return SigningKey(key.thumbprint(), msgspec.json.encode(key.as_dict(private=True)), now_ms)
