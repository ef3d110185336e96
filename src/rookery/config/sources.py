"""Where settings are given: rookery.toml, the environment, flags. Later ones win over earlier ones."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from rookery.config.catalogue import catalogue
from rookery.core.errors import ConfigFault

FILE_NAME = "rookery.toml"
KEY_VARIABLE = "ROOKERY_KEY"
KEY_DIGITS = 64
_OTHER_VARIABLES = {
    "ROOKERY_SHARED_DATA",
    "ROOKERY_ENGINES_CACHE",
    "ROOKERY_ELASTICSEARCH_URL",
}  # for tests alone
_PREFIX = "ROOKERY_"


@dataclass(frozen=True, slots=True)
class Given:
    """One value for one setting. `where` is for a person, `absolute` resolves a path that stood there."""

    key: str
    raw: object
    where: str
    absolute: Callable[[str], Path]


Found = Iterator[Given | ConfigFault]


def from_file(path: Path, home: Path) -> Found:
    """What a TOML file gives; its paths are relative to its folder."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        yield ConfigFault(str(path), f"cannot be read: {error.strerror}", "the command line")
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        yield ConfigFault(str(path), f"is not valid TOML: {error}", str(path))
        return
    resolve = resolver(path.parent, home)
    for section, table in document.items():
        if not isinstance(table, dict):
            yield ConfigFault(section, "must stand in a [section]", str(path))
            continue
        for name, raw in table.items():
            key = f"{section}.{name}"
            if key == "data.key":
                yield ConfigFault(
                    key, f"is a secret: keep it in a file of its own or in {KEY_VARIABLE}", str(path)
                )
            elif key in catalogue():
                yield Given(key, raw, str(path), resolve)
            else:
                yield ConfigFault(key, f"is no setting{_meant(key, catalogue())}", str(path))


def from_environment(environ: Mapping[str, str], absolute: Callable[[str], Path]) -> Found:
    """What ROOKERY_SECTION_NAME variables and ROOKERY_KEY give; a variable that fits no setting is a fault."""
    known = {setting.variable: setting.key for setting in catalogue().values() if setting.key != "data.key"}
    for variable in sorted(name for name in environ if name.startswith(_PREFIX)):
        raw = environ[variable]
        if variable == KEY_VARIABLE:
            yield _from_key_variable(raw, absolute)
        elif variable in known:
            yield Given(known[variable], raw, variable, absolute)
        elif variable not in _OTHER_VARIABLES:
            meant = _meant(variable, [*known, KEY_VARIABLE])
            yield ConfigFault(variable, f"is no setting{meant}", "the environment")


def _from_key_variable(raw: str, absolute: Callable[[str], Path]) -> Given | ConfigFault:
    """ROOKERY_KEY holds the key or the path of its file: a long run of hexadecimal digits is meant as the key."""
    if not re.fullmatch(r"[0-9a-fA-F]{32,}", raw.strip()):
        return Given("data.key_file", raw, KEY_VARIABLE, absolute)
    if len(raw.strip()) != KEY_DIGITS:
        problem = (
            f"must have {KEY_DIGITS} hexadecimal digits, not {len(raw.strip())} (or be the path of a file)"
        )
        return ConfigFault(KEY_VARIABLE, problem, "the environment")
    return Given("data.key", raw.strip(), KEY_VARIABLE, absolute)


def from_flags(flags: Mapping[str, object], absolute: Callable[[str], Path]) -> Iterator[Given]:
    """What the command line gives, by key (`server.port`); None means not given.

    Raises KeyError for a key that is no setting: that is a mistake of the program, not of its user.
    """
    for key, raw in flags.items():
        if raw is not None:
            setting = catalogue()[key]
            flag = setting.name if key != "data.dir" else "data"
            yield Given(key, raw, f"--{flag.replace('_', '-')}", absolute)


def resolver(folder: Path, home: Path) -> Callable[[str], Path]:
    """Makes a path absolute: `~` is `home`, anything relative starts in `folder`."""

    def absolute(text: str) -> Path:
        if text == "~" or text.startswith("~/"):
            return home / text[2:]
        return folder / text

    return absolute


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else "; `rookery config` lists all"
