"""Bodies and query strings as they come: the values by name, and what is wrong with single names.

What is not JSON at all is refused here; what is wrong with a name is told later, with all other bad fields.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from rookery.core.errors import Invalid, Problem

PARAMETERS_MAX = 64
NO_FAULTS: Mapping[str, str] = {}
_TWICE = "is given twice"


class Given(NamedTuple):
    """What a request holds; `faults` are the names whose value cannot be taken, each with what is wrong."""

    values: Mapping[str, Any]
    faults: Mapping[str, str] = NO_FAULTS


_NOTHING = Given({})


def json_object(raw: bytes) -> Given:
    """The object in a JSON text; an empty one is `{}`. Raises Problem `malformed`."""
    if not raw.strip():
        return _NOTHING
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _lenient(raw)
    if not isinstance(value, dict):
        raise Problem("malformed", "The body must be a JSON object.")
    return Given(value, _repeated_keys(raw, value))


def query_values(raw: bytes) -> Given:
    """The parameters of a query string. Raises Invalid for more than PARAMETERS_MAX."""
    if not raw:
        return _NOTHING
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=PARAMETERS_MAX,
        )
    except ValueError:
        raise Invalid({"query": f"must be at most {PARAMETERS_MAX} percent-encoded parameters"}) from None
    values = dict(pairs)
    faults = dict.fromkeys(_repeated(name for name, _ in pairs), _TWICE) if len(values) < len(pairs) else {}
    faults |= {name: "must be UTF-8" for name, value in pairs if not _is_text(value)}
    return Given(values, faults)


def texts(raw: bytes) -> Mapping[str, str]:
    """The values of a query string or browser's form that are UTF-8, of each name the last. Raises as
    `query_values`."""
    given = query_values(raw)
    return {name: value for name, value in given.values.items() if given.faults.get(name) in (None, _TWICE)}


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _lenient(raw: bytes) -> Any:
    """Reads what only breaks the rules inside a string (a lone surrogate), so that the field can be named."""
    return _loads(raw, parse_constant=_refuse_constant)


def _loads(raw: bytes, **how: Any) -> Any:
    try:
        return json.loads(raw.decode(), **how)
    except (ValueError, RecursionError):
        raise Problem("malformed", "The body is not valid JSON in UTF-8.") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _repeated_keys(raw: bytes, value: Mapping[str, Any]) -> Mapping[str, str]:
    """The names that the object itself has twice. Decoders keep the last in silence, so the text is looked at, in the
    slow way only where the quick ones cannot tell: every name has a colon, and stands there in quotes or escaped."""
    if raw.count(b":") <= len(value):
        return NO_FAULTS
    quoted = (b'"%b"' % name.encode("utf-8", "backslashreplace") for name in value)
    if b"\\u" not in raw and all(raw.count(name) < 2 for name in quoted):
        return NO_FAULTS
    pairs = _loads(raw, object_pairs_hook=list)
    return dict.fromkeys(_repeated(name for name, _ in pairs), _TWICE)


def _repeated(names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
