"""What browsers post, and where they are sent afterwards."""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from rookery.core.errors import Invalid, Problem
from rookery.core.forms import Form
from rookery.core.limits import IdempotencyKey, Ticket
from rookery.core.routes import Answer, Call

F = TypeVar("F", bound=Form)
HTML = "text/html; charset=utf-8"
RETRY_AFTER_S = 1
FORM = ""  # in place of a field's name: what is wrong with the whole form
_PATH_MAX = 2_000
_PATH = re.compile(
    r"(?!.*//)/[!-\[\]-~]*"
)  # visible ASCII without a backslash; no `//`, which would name a host


def local_path(given: str | None, otherwise: str = "/") -> str:
    """A path of this site: what was given where it is one."""
    if given is None or len(given) > _PATH_MAX or not _PATH.fullmatch(given):
        return otherwise
    return given


def back(call: Call, fields: Mapping[str, str], otherwise: str = "/") -> str:
    """The path to go back to: the form's own `back`, else that of the page which the form was on."""
    return local_path(fields.get("back") or came_from(call.headers), otherwise)


def came_from(headers: Mapping[str, str]) -> str | None:
    """The path of the page of this site that a form was on, where the browser tells."""
    page = urlsplit(headers.get("referer", ""))
    if page.netloc != headers.get("host"):
        return None
    return page.path + (f"?{page.query}" if page.query else "")


def ticket_of(call: Call, fields: Mapping[str, str]) -> Ticket:
    """The call's ticket, keyed where the form has a `key`: one that comes again as it was, by a second press where
    there is no script, writes nothing twice. Another text from the same page is another write."""
    if fields.get("key"):
        digest = hashlib.sha256(b"%b\n%b" % (call.path.encode(), call.raw_body))
        call.ticket.key = IdempotencyKey(call.viewer, f"form:{digest.hexdigest()}", digest.digest())
    return call.ticket


def see_other(path: str, *headers: tuple[str, str]) -> Answer:
    """Sends the browser on to a path of this site, with GET."""
    return Answer(b"", (("Location", path), *headers), HTML, status=303)


def filled(kind: type[F], fields: Mapping[str, str], **defaults: str) -> F:
    """The form of a service, with those of the fields that it has; an empty one that may be absent is absent.

    Raises Invalid.
    """
    values = dict(defaults)
    for field in _fields(kind):
        value = fields.get(field.encode_name, "")
        if value or (field.required and field.encode_name not in defaults):
            values[field.encode_name] = value
    return kind.of(values, text=True) if values else _empty(kind)


@cache
def _empty(kind: type[F]) -> F:
    """The form of a page that is asked for with nothing, as nearly all are."""
    return kind.of({}, text=True)


@cache
def _fields(kind: type[Form]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind)


def faults(problem: Problem) -> Mapping[str, str]:
    """What is wrong, by field; under FORM what belongs to none."""
    if isinstance(problem, Invalid):
        return problem.errors
    return {FORM: problem.detail}


def retry_headers(problem: Problem) -> tuple[tuple[str, str], ...]:
    """When to try again, where that makes sense."""
    if problem.status not in (429, 503):
        return ()
    return (("Retry-After", str(problem.retry_after_s or RETRY_AFTER_S)),)
