"""Between plain values and DynamoDB's typed ones. A number keeps 38 digits there, so a float comes back as it was;
one without a fraction comes back as an int, and None is an attribute that is not there. Bytes come in base64."""

from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any

from rookery.engines.cluster.tables import Item, Value

Typed = dict[str, Any]
_SMALLEST = 1e-130  # DynamoDB refuses a number nearer to zero


def typed(value: Value) -> Typed:
    """One value as DynamoDB takes it."""
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case float():
            return {"N": repr(value) if abs(value) >= _SMALLEST else "0"}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}


def packed(item: Mapping[str, Value | None]) -> dict[str, Typed]:
    """A row as DynamoDB takes it."""
    return {name: typed(value) for name, value in item.items() if value is not None}


def unpacked(item: Mapping[str, Typed]) -> Item:
    """A row as it was put."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Typed) -> Value:
    ((kind, held),) = value.items()
    if kind == "N":
        return int(held) if held.lstrip("-").isdigit() else float(held)
    return a2b_base64(held) if kind == "B" else held
