"""How a service says which routes it serves, without any HTTP library: the gateway carries it out.

A handler takes a Call and gives an Answer. It looks at what the path names first (404, 403) and then reads its input
(422), so that every route checks in the same order.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import quote_plus

import msgspec
from msgspec import Struct

from rookery.core import ids
from rookery.core.entities import STRANGER
from rookery.core.errors import Problem, not_found
from rookery.core.forms import Form, Nothing, faults_of_body, faults_of_query
from rookery.core.limits import Ticket
from rookery.core.page import Page
from rookery.core.parsing import texts
from rookery.core.rendering import json_array

F = TypeVar("F", bound=Form)
Limit = Literal["read", "tweets", "likes", "follows", "sign_up", "login", "none"]


class Answer(Struct):
    """What goes back: a JSON body by default. `head` is the gateway's: the headers made of it."""

    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    stream: Any = None  # an async iterator of bytes, for text/event-stream
    status: int = 200
    head: Any = None


class Call(Struct):
    """A request after the gateway's checks. `viewer` is STRANGER without an account; `address` is the client's;
    `secure` says whether its connection is encrypted."""

    method: str
    path: str
    args: Mapping[str, str]
    raw_query: bytes
    raw_body: bytes
    headers: Mapping[str, str]
    address: str
    viewer: int = STRANGER
    session: int = 0
    ticket: Ticket = msgspec.field(default_factory=lambda: Ticket(STRANGER))
    secure: bool = False
    was_read: bool = False

    def body(self, kind: type[F]) -> F:
        """The JSON body as this form. Raises Problem `malformed`, `unsupported_media_type` or Invalid."""
        self.was_read = True
        self._require_json()
        return kind.of_json(self.raw_body, faults_of_query(self.raw_query))

    def query(self, kind: type[F]) -> F:
        """The query string as this form; no body besides. Raises as `body`."""
        self.was_read = True
        if not self.raw_body:
            return kind.of_query(self.raw_query)
        self._require_json()
        return kind.of_query(self.raw_query, faults_of_body(self.raw_body))

    def asked(self) -> Mapping[str, str]:
        """The query of a page, which ignores what it does not know. Raises Invalid for too many parameters."""
        self.was_read = True
        return texts(self.raw_query)

    def posted(self) -> Mapping[str, str]:
        """The fields of a browser's form. Raises Problem `unsupported_media_type`, or Invalid for too many."""
        self.was_read = True
        if self.raw_body and self._media_type() != "application/x-www-form-urlencoded":
            raise Problem("unsupported_media_type", "Send the form as application/x-www-form-urlencoded.")
        return texts(self.raw_body)

    def _require_json(self) -> None:
        if self.raw_body and self._media_type() != "application/json":
            raise Problem("unsupported_media_type", "Send the body as application/json.")

    def _media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def nothing(self) -> None:
        """Refuses any body but `{}` and any query. Raises as `body`."""
        self.body(Nothing)

    def id(self, name: str, what: str = "tweet") -> int:
        """The id in the path. Raises Problem `not_found`."""
        value = ids.parse_id(self.args[name])
        if value is None:
            raise not_found(what)
        return value

    def listing(self, page: Page[bytes], form: Form) -> Answer:
        """A list with its Link header."""
        listed: _Listed | None = page.listed
        if listed is None or listed.path != self.path or listed.form != form:
            listed = page.listed = _Listed(self.path, form, self._listing(page, form))
        return listed.answer

    def _listing(self, page: Page[bytes], form: Form) -> Answer:
        if page.next_cursor is None:
            return Answer(json_array(page.entries))
        given = {
            spelling: value
            for name, spelling in zip(form.__struct_fields__, form.__struct_encode_fields__, strict=True)
            if (value := getattr(form, name)) is not None
        }
        given["cursor"] = page.next_cursor
        query = "&".join([f"{name}={_quoted(value)}" for name, value in given.items()])
        return Answer(json_array(page.entries), (("Link", f'<{self.path}?{query}>; rel="next"'),))


class _Listed(NamedTuple):
    path: str
    form: Form
    answer: Answer


def _quoted(value: object) -> str:
    """A value as a query string has it. Most are numbers, which urllib need not look at."""
    text = str(value)
    return text if text.isascii() and text.isalnum() else quote_plus(text)


Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `returns` is the type of the answer's JSON for OpenAPI (None: `{}`), `codes` the error codes that it
    gives besides those of every route. With `needs_account` a stranger gets 401.

    `replay`: what a repeated Idempotency-Key answers, from the id that the first success wrote; POST routes outside
    /account/ have it. `takes` and `gives` are headers of its own, of the request and of each success, with what they
    say. A `page` is for people: it is none of the API that OpenAPI describes, a browser gets its errors as a page, a
    session that has ended makes its visitor a stranger, and its forms come from this site alone.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    returns: Any = None
    body: type[Form] | None = None
    query: type[Form] | None = None
    needs_account: bool = False
    limit: Limit = "read"
    codes: Sequence[str] = ()
    replay: Callable[[Call, int], Awaitable[Answer]] | None = None
    media_type: str = "application/json"
    takes: Mapping[str, str] = field(default_factory=dict)
    gives: Mapping[str, str] = field(default_factory=dict)
    page: bool = False

    @property
    def counted(self) -> Limit:
        """The limit that holds: a write without one of its own is no read either."""
        return "none" if self.limit == "read" and self.method != "GET" else self.limit


@dataclass(frozen=True, slots=True)
class Refused:
    """A request without success."""

    problem: Problem
    method: str
    path: str
    headers: Mapping[str, str]


ErrorPage = Callable[[Refused], Awaitable[Answer]]  # shows a person what a program gets as a problem document
