"""DynamoDB's calls on rows, as JSON over HTTP: written, signed and read here, since a client for all of AWS takes many
times as long for that (docs/decisions/0026). Tables are made and described through aiobotocore, whose address and
credentials these calls use, too."""

import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache, lru_cache, partial
from time import gmtime, strftime
from typing import Any, NamedTuple
from urllib.request import getproxies
from zlib import crc32

import msgspec
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import ClientError as HttpError
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.httpsession import get_cert_path
from botocore.loaders import Loader, create_loader
from yarl import URL

CALLS_AT_ONCE_MAX = 64  # of one process
CONNECT_S_MAX, READ_S_MAX = 1, 2
_IDLE_S_MAX = 12  # that an unused connection is kept
_SERVICE = "dynamodb"
_OPERATIONS = {
    "batch_get_item": "BatchGetItem",
    "batch_write_item": "BatchWriteItem",
    "get_item": "GetItem",
    "query": "Query",
    "scan": "Scan",
    "transact_write_items": "TransactWriteItems",
}
_MEDIA = "application/x-amz-json-1.0"


class Keys(NamedTuple):
    """What a request is signed with, as AWS gives it out; `token` where it is for a while."""

    access_key: str
    secret_key: str
    token: str | None


class Wire:
    """A client of DynamoDB. Calls have the names, arguments, answers and errors that they have in aiobotocore, but for
    bytes, which answers hold in base64. Raises ClientError for what DynamoDB refuses, OSError where it was not reached
    or its answer was cut off or damaged."""

    def __init__(self, general: Any, http: ClientSession, credentials: Any) -> None:
        self._general = general
        self._http = http
        self._credentials = credentials
        self._url = URL(general.meta.endpoint_url)
        self._host = self._url.host_port_subcomponent or ""
        self._region: str = general.meta.region_name

    def __getattr__(self, operation: str) -> Any:
        name = _OPERATIONS.get(operation)
        return getattr(self._general, operation) if name is None else partial(self._call, name)

    async def _call(self, operation: str, /, **asked: Any) -> Any:
        if self._credentials is None:
            raise NoCredentialsError
        frozen = await self._credentials.get_frozen_credentials()
        keys = Keys(frozen.access_key, frozen.secret_key, frozen.token)
        body = msgspec.json.encode(asked)
        at = strftime("%Y%m%dT%H%M%SZ", gmtime())
        headers = signed(keys, self._host, self._region, operation, body, at)
        try:
            async with self._http.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                told = await answer.read()
        except HttpError as fault:
            raise ConnectionError(f"{operation} was cut off: {type(fault).__name__} {fault}") from fault
        if answer.headers.get("x-amz-crc32") not in (None, str(crc32(told))):
            raise ConnectionError(f"the answer to {operation} was damaged")
        try:
            said = msgspec.json.decode(told, type=dict[str, Any])
        except msgspec.DecodeError as fault:
            raise ConnectionError(f"{operation} was answered by something else than DynamoDB") from fault
        if answer.status != 200:
            raise _refusal(operation, answer.status, said)
        return said


def signed(keys: Keys, host: str, region: str, operation: str, body: bytes, at: str) -> Mapping[str, str]:
    """The headers of a request at a time like 20261127T231500Z. Source: "Create a signed AWS API request",
    docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html."""
    said = {"content-type": _MEDIA, "host": host, "x-amz-date": at}
    if keys.token:
        said["x-amz-security-token"] = keys.token
    said["x-amz-target"] = f"DynamoDB_20120810.{operation}"
    names = ";".join(said)
    lines = "".join(f"{name}:{value}\n" for name, value in said.items())
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{at[:8]}/{region}/{_SERVICE}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = _mac(_signing_key(keys.secret_key, at[:8], region), to_sign).hex()
    said["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    said["accept-encoding"] = "identity"  # a checksum is of what was sent
    return said


@asynccontextmanager
async def client_of(url: str, region: str) -> AsyncIterator[Wire]:
    """DynamoDB at an address (empty: Amazon's of the region); credentials come from where AWS's tools look."""
    config = AioConfig(
        connect_timeout=CONNECT_S_MAX,
        read_timeout=READ_S_MAX,
        retries={"max_attempts": 0},
        max_pool_connections=CALLS_AT_ONCE_MAX,
    )
    session = get_session()
    session.register_component("data_loader", _descriptions(session.get_config_variable("data_path")))
    trusted = _trusting(session.get_config_variable("ca_bundle") or get_cert_path(True))
    async with (
        session.create_client(
            _SERVICE, endpoint_url=url or None, region_name=region, config=config
        ) as general,
        ClientSession(
            connector=TCPConnector(limit=CALLS_AT_ONCE_MAX, keepalive_timeout=_IDLE_S_MAX, ssl=trusted),
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=None, sock_connect=CONNECT_S_MAX, sock_read=READ_S_MAX),
            skip_auto_headers=("Accept", "User-Agent"),
            trust_env=bool(getproxies()),
        ) as http,
    ):
        yield Wire(general, http, await session.get_credentials())


@cache
def _descriptions(path: str | None) -> Loader:
    """What botocore knows of AWS's services, a megabyte of JSON: read once a process, not once a client."""
    return create_loader(path)


@cache
def _trusting(cafile: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=cafile)


def _refusal(operation: str, status: int, said: Mapping[str, Any]) -> ClientError | ConnectionError:
    """What DynamoDB said is wrong; where something between said it, the call was cut off."""
    if "__type" not in said:
        return ConnectionError(f"{operation} was answered {status} by something else than DynamoDB")
    code = str(said["__type"]).rpartition("#")[2]
    error = {"Code": code, "Message": said.get("message") or said.get("Message") or ""}
    refusal: ClientError = ClientError({**said, "Error": error}, operation)
    return refusal


@lru_cache(maxsize=8)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, _SERVICE, "aws4_request"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
