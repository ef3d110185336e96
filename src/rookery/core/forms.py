"""What a client may send: typed forms whose every bad field is named at once."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl

import msgspec

from rookery.core import ids
from rookery.core.errors import Invalid, Problem
from rookery.core.page import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX

F = TypeVar("F", bound="Form")
Check = Callable[[Any], Any]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A body or query string. `checks` maps a field to a function that returns the value as it is kept, or raises
    ValueError with a sentence; `agree` looks at fields that must fit together."""

    checks: ClassVar[Mapping[str, Check]] = {}

    def agree(self) -> Mapping[str, str]:
        """The faults that only show in several fields together: {field: message}.

        Asked also when single fields are bad, so that all faults are told at once: a bad field is as if it were not
        given (None where it is required), and what is said of it here gives way to its own fault.
        """
        return {}

    @classmethod
    def of(cls: type[F], values: Mapping[str, Any], *, text: bool = False) -> F:
        """The form with these values, cleaned.

        `text`: the values are strings out of a query, so numbers are read from them. Raises Invalid.
        """
        errors: dict[str, str] = {}
        kept: dict[str, Any] = {}
        fields = _fields(cls)
        errors.update({name: "is not a field of this request" for name in values if name not in fields})
        for name, field in fields.items():
            if name in values:
                _keep(cls, field, values[name], text, kept, errors)
            elif field.required:
                errors[name] = "is required"
        absent = {field.name: None for field in fields.values() if field.required}
        form = cls(**{**absent, **kept})
        if faults := {**form.agree(), **errors}:
            raise Invalid(faults)
        return form

    @classmethod
    def of_json(cls: type[F], raw: bytes) -> F:
        """The form in a JSON body (an empty body is `{}`). Raises Problem `malformed` or Invalid."""
        return cls.of(json_object(raw))

    @classmethod
    def of_query(cls: type[F], raw: bytes) -> F:
        """The form in a query string. Raises Invalid."""
        return cls.of(query_values(raw), text=True)


class Nothing(Form, frozen=True):
    """A request that carries nothing: no body or `{}`, no query."""


@cache
def _fields(cls: type[Form]) -> Mapping[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(cls)}


def _keep(
    cls: type[Form],
    field: msgspec.structs.FieldInfo,
    value: Any,
    text: bool,
    kept: dict[str, Any],
    errors: dict[str, str],
) -> None:
    try:
        converted = msgspec.convert(value, field.type, strict=not text)
        check = cls.checks.get(field.name)
        kept[field.name] = check(converted) if check and converted is not None else converted
    except (ValueError, RecursionError) as fault:  # msgspec.ValidationError is a ValueError
        errors[field.encode_name] = _sentence(str(fault))


def _sentence(message: str) -> str:
    return (
        message.replace("Expected", "must be").replace(", got", ", not") if "Expected" in message else message
    )


def json_object(raw: bytes) -> Mapping[str, Any]:
    """The object in a JSON text. Raises Problem `malformed`."""
    if not raw.strip():
        return {}
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _lenient(raw)
    if not isinstance(value, dict):
        raise Problem("malformed", "The body must be a JSON object.")
    return value


def _lenient(raw: bytes) -> Any:
    """Reads what only breaks the rules inside a string (a lone surrogate), so that the field can be named."""
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Problem("malformed", "The body is not valid JSON in UTF-8.") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def query_values(raw: bytes) -> Mapping[str, str]:
    """The parameters of a query string. Raises Invalid for one given twice or not in UTF-8."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=64)
    except ValueError:
        raise Invalid({"query": "must be at most 64 percent-encoded parameters in UTF-8"}) from None
    return _unique(pairs)


def _unique(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise Invalid({name: "is given twice"})
        values[name] = value
    return values


def an_id(value: str) -> str:
    """Check: a decimal id."""
    if ids.parse_id(value) is None:
        raise ValueError("must be an id: a decimal string")
    return value


def a_page_size(value: int) -> int:
    """Check: 1 to PAGE_SIZE_MAX."""
    if not 1 <= value <= PAGE_SIZE_MAX:
        raise ValueError(f"must be 1 to {PAGE_SIZE_MAX}")
    return value


class TweetPaging(Form, frozen=True, rename="camel"):
    """A page of a list whose cursor is a tweet id: it starts strictly after it."""

    checks: ClassVar[Mapping[str, Check]] = {"cursor": an_id, "page_size": a_page_size}
    cursor: str | None = None
    page_size: int = PAGE_SIZE_DEFAULT


class Paging(TweetPaging, frozen=True, rename="camel"):
    """A page of a list whose cursor is opaque: the position in the `next` link."""


def position(cursor: str | None) -> int:
    """Where a page starts: strictly below this position."""
    return int(cursor) if cursor else ids.ID_MAX
