"""Errors as RFC 9457 problem documents."""

import msgspec

from rookery.core.errors import STATUS, Invalid, Problem
from rookery.core.routes import Answer

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 1  # where a 429 or 503 does not say when
_RETRIED = (429, 503)


class FieldFault(msgspec.Struct):
    """One bad field of a request."""

    field: str
    message: str


class ProblemDocument(msgspec.Struct, omit_defaults=True):
    """Why there is no success: `detail` is for a person, `code` for a program; `errors` names every bad field."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldFault] = []


_encode = msgspec.json.Encoder().encode


def document(problem: Problem) -> bytes:
    """The body of the answer."""
    status, title = STATUS[problem.code]
    errors = problem.errors if isinstance(problem, Invalid) else {}
    faults = [FieldFault(_printable(field), _printable(message)) for field, message in errors.items()]
    return _encode(
        ProblemDocument(
            f"/docs#{problem.code}", title, status, _printable(problem.detail), problem.code, faults
        )
    )


def answer(problem: Problem, allow: str | None = None) -> Answer:
    """The answer of a problem; `allow` are the methods of the path where the request's is none of them."""
    headers: tuple[tuple[str, str], ...] = ()
    if problem.status in _RETRIED:
        headers = (("Retry-After", str(problem.retry_after_s or RETRY_AFTER_S)),)
    elif problem.status == 401:
        headers = (("WWW-Authenticate", "Bearer"),)
    elif allow is not None:
        headers = (("Allow", allow),)
    return Answer(document(problem), headers, CONTENT_TYPE, status=problem.status)


def _printable(text: str) -> str:
    """The client's own field names may hold lone surrogates, which no JSON text can."""
    return text.encode("utf-8", "backslashreplace").decode()
