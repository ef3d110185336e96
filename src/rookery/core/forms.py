"""What a client may send: typed forms whose every bad field is named at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache, reduce
from operator import or_
from typing import Any, ClassVar, NamedTuple, TypeVar, get_args

import msgspec

from rookery.core import ids
from rookery.core.errors import Invalid
from rookery.core.page import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from rookery.core.parsing import NO_FAULTS, Given, json_object, query_values

F = TypeVar("F", bound="Form")
Check = Callable[[Any], Any]
_QUERIES_KEPT, _QUERY_KEPT_MAX = 2_048, 256  # forms, and bytes of each one's query string
_KINDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "an object",
}


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A body or query string. `checks` maps a field to a function that returns the value as it is kept, or raises
    ValueError with a sentence; `agree` looks at fields that must fit together."""

    checks: ClassVar[Mapping[str, Check]] = {}

    def agree(self, given: Collection[str]) -> Mapping[str, str]:
        """The faults that only show in several fields together: {field: message}.

        Asked also when single fields are bad, so that all faults are told at once. A bad field has its default (None
        where it is required), but is among `given`, the fields that came with anything but null; what is said of it
        here gives way to its own fault.
        """
        return {}

    @classmethod
    def of(
        cls: type[F],
        values: Mapping[str, Any],
        *,
        text: bool = False,
        faults: Mapping[str, str] = NO_FAULTS,
    ) -> F:
        """The form with these values, cleaned.

        `text`: the values are strings out of a query, so numbers are read from them. `faults`: what is wrong already,
        by name, also outside of this form. Raises Invalid.
        """
        shape = _shape(cls)
        errors: dict[str, str] = {**_unknown(cls, values), **faults}
        kept: dict[str, Any] = dict(shape.absent)
        for name, field in shape.fields.items():
            if name in values and name not in faults:
                _keep(cls, field, values[name], text, kept, errors)
        for name in shape.required:
            if name not in values and name not in faults:
                errors[name] = "is required"
        form = cls(**kept)
        given = {name for name in shape.fields if name in faults or values.get(name) is not None}
        if errors := {**form.agree(given), **errors}:
            raise Invalid(errors)
        return form

    @classmethod
    def of_json(cls: type[F], raw: bytes, beside: Mapping[str, str] = NO_FAULTS) -> F:
        """The form in a JSON body (an empty body is `{}`); `beside` are faults of the rest of the request.

        Raises Problem `malformed` or Invalid.
        """
        given = json_object(raw)
        return cls.of(given.values, faults={**beside, **given.faults})

    @classmethod
    def of_query(cls: type[F], raw: bytes, beside: Mapping[str, str] = NO_FAULTS) -> F:
        """The form in a query string; `beside` as in `of_json`. Raises Invalid."""
        return (
            _of_query(cls, raw, beside) if beside or len(raw) > _QUERY_KEPT_MAX else _kept_of_query(cls, raw)
        )


class Nothing(Form, frozen=True):
    """A request that carries nothing: no body or `{}`, no query."""


def _of_query(cls: type[F], raw: bytes, beside: Mapping[str, str] = NO_FAULTS) -> F:
    given = query_values(raw)
    return cls.of(given.values, text=True, faults={**beside, **given.faults})


_kept_of_query = lru_cache(_QUERIES_KEPT)(_of_query)  # forms are frozen, and most queries are the same few


def faults_of_query(raw: bytes) -> Mapping[str, str]:
    """The faults of a query string where none is taken: every parameter. Raises Invalid."""
    return _faults_where_nothing_is_taken(query_values(raw)) if raw else NO_FAULTS


def faults_of_body(raw: bytes) -> Mapping[str, str]:
    """The faults of a body where none is taken: every field. Raises Problem `malformed`."""
    return _faults_where_nothing_is_taken(json_object(raw)) if raw else NO_FAULTS


def _faults_where_nothing_is_taken(given: Given) -> Mapping[str, str]:
    return {**_unknown(Nothing, given.values), **given.faults}


def _unknown(cls: type[Form], values: Mapping[str, Any]) -> dict[str, str]:
    fields = _shape(cls).fields
    if fields.keys() >= values.keys():
        return {}
    return {name: "is not a field of this request" for name in values if name not in fields}


class _Shape(NamedTuple):
    """The fields of a form and the names of those that are required, as clients spell them; `absent` stands for these
    where they are not given."""

    fields: Mapping[str, msgspec.structs.FieldInfo]
    required: Sequence[str]
    absent: Mapping[str, None]


@cache
def _shape(cls: type[Form]) -> _Shape:
    fields = {field.encode_name: field for field in msgspec.structs.fields(cls)}
    required = {spelling: field.name for spelling, field in fields.items() if field.required}
    return _Shape(fields, tuple(required), dict.fromkeys(required.values()))


def _keep(
    cls: type[Form],
    field: msgspec.structs.FieldInfo,
    value: Any,
    text: bool,
    kept: dict[str, Any],
    errors: dict[str, str],
) -> None:
    try:
        if text and field.type is int and not (value.isascii() and value.isdecimal()):
            raise ValueError("must be a whole number")
        kind = _without_null(field.type) if text else field.type
        converted = msgspec.convert(value, kind, strict=not text)
        check = cls.checks.get(field.name)
        kept[field.name] = check(converted) if check and converted is not None else converted
    except (ValueError, RecursionError) as fault:  # msgspec.ValidationError is a ValueError
        errors[field.encode_name] = _sentence(str(fault), field.type)


@cache
def _without_null(kind: Any) -> Any:
    """The type of a parameter that is given: a query has no null, and the word is a text like any other."""
    kinds = get_args(kind)
    return reduce(or_, (one for one in kinds if one is not type(None))) if type(None) in kinds else kind


def _sentence(message: str, kind: Any) -> str:
    """What is wrong, for a person; msgspec names the types as Python does."""
    if message.startswith("Expected "):
        return "must be " + " or ".join(_KINDS.get(one, one) for one in _expected(message))
    if message.startswith("Invalid enum value"):
        return "must be " + " or ".join(map(str, get_args(kind)))
    return message


def _expected(message: str) -> list[str]:
    """The types in: Expected `float | null`, got `str`. That a field may be null says only that it may be absent."""
    return [one for one in message.split("`")[1].split(" | ") if one != "null"]


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
