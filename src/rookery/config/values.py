"""From what a file, a variable or a flag holds to a setting's type, and back to text."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args, get_origin

from rookery.config.catalogue import Setting

_SPOKEN_BOOLS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class Unfit(ValueError):
    """A value that a setting cannot take; the text says what it must be."""


def convert(setting: Setting, raw: object, absolute: Callable[[str], Path]) -> object:
    """`raw` as the setting's type. Text is read as its type is written; a path goes through `absolute`.

    Raises Unfit.
    """
    if setting.type is bool:
        return _bool(raw)
    if setting.type is int:
        return _int(raw, setting)
    if setting.type in (Path, Path | None):
        return _path(raw, absolute)
    if setting.type == tuple[str, ...]:
        return _texts(raw)
    if get_origin(setting.type) is Literal:
        return _choice(raw, get_args(setting.type))
    return _text(raw)


def _bool(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in _SPOKEN_BOOLS:
        return _SPOKEN_BOOLS[raw.strip().lower()]
    raise Unfit("must be true or false")


def _int(raw: object, setting: Setting) -> int:
    if isinstance(raw, str):
        try:
            raw = int(raw)
        except ValueError:
            raise Unfit("must be a whole number") from None
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise Unfit("must be a whole number")
    if setting.low is not None and raw < setting.low:
        raise Unfit(f"must be at least {setting.low}")
    if setting.high is not None and raw > setting.high:
        raise Unfit(f"must be at most {setting.high}")
    return raw


def _path(raw: object, absolute: Callable[[str], Path]) -> Path:
    if isinstance(raw, Path):
        raw = str(raw)
    if not isinstance(raw, str) or not raw or "\0" in raw:
        raise Unfit("must be a path")
    return absolute(raw)


def _texts(raw: object) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = [part.strip() for part in raw.split(",") if part.strip()]
    if not isinstance(raw, list | tuple) or not all(isinstance(part, str) for part in raw):
        raise Unfit("must be a list of texts (in the environment: with commas)")
    return tuple(raw)


def _choice(raw: object, choices: tuple[str, ...]) -> str:
    if raw not in choices:
        raise Unfit(f"must be one of {', '.join(choices)}")
    return str(raw)


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw:
        raise Unfit("must be a text")
    return raw


def shown(setting: Setting, value: object) -> str:
    """A value for a person to read; of a secret only whether there is one."""
    if setting.secret:
        return "(set, not shown)" if value else "(none)"
    if value is None or value == ():
        return "(none)"
    if isinstance(value, tuple):
        return ", ".join(value)
    return json.dumps(value) if isinstance(value, bool) else str(value)
