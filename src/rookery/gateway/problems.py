"""Errors as RFC 9457 problem documents."""

import msgspec

from rookery.core.errors import STATUS, Invalid, Problem, RateLimited
from rookery.core.limits import Budget

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


def problem_headers(problem: Problem) -> tuple[tuple[str, str], ...]:
    """The headers that an error adds to the answer."""
    if problem.status in _RETRIED:
        return (("Retry-After", str(problem.retry_after_s or RETRY_AFTER_S)),)
    if problem.status == 401:
        return (("WWW-Authenticate", "Bearer"),)
    return ()


def used_up(problem: Problem) -> Budget | None:
    """What the RateLimit headers say where a limit refused the request."""
    return Budget(problem.limit, 0, problem.reset_s) if isinstance(problem, RateLimited) else None


def _printable(text: str) -> str:
    """The client's own field names may hold lone surrogates, which no JSON text can."""
    return text.encode("utf-8", "backslashreplace").decode()
