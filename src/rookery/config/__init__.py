"""The settings: the only reader of the environment and of rookery.toml.

Defaults, then rookery.toml, then `ROOKERY_SECTION_NAME` in the environment, then flags; all faults are told at once.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import get_type_hints

from rookery.config import sources, values
from rookery.config.catalogue import Setting, catalogue
from rookery.config.checks import contradictions
from rookery.config.sections import (
    SERVICES,
    Cluster,
    Data,
    Engine,
    Feed,
    Limits,
    Log,
    Server,
    Session,
    Settings,
)
from rookery.core.errors import ConfigError, ConfigFault

__all__ = [
    "SERVICES",
    "Cluster",
    "Configuration",
    "Data",
    "Engine",
    "Feed",
    "Limits",
    "Log",
    "Server",
    "Session",
    "Setting",
    "Settings",
    "catalogue",
    "configuration",
    "load",
]

NO_FLAGS: Mapping[str, object] = MappingProxyType({})
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings and, by key, where each came from."""

    settings: Settings
    origins: Mapping[str, str]


def load(
    flags: Mapping[str, object] = NO_FLAGS,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    file: Path | None = None,
) -> Settings:
    """The settings in force; see `configuration`."""
    return configuration(flags, environ, cwd, file).settings


def configuration(
    flags: Mapping[str, object] = NO_FLAGS,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    file: Path | None = None,
) -> Configuration:
    """Reads every source and checks the whole.

    `flags` maps keys (`server.port`) to values, None where a flag was not given. `environ` and `cwd` are the process's
    own where None, `file` is rookery.toml in `cwd` where there is one. All paths in the result are absolute.
    Raises ConfigError with every fault.
    """
    environ = os.environ if environ is None else environ
    cwd = Path.cwd() if cwd is None else cwd
    chosen: dict[str, tuple[object, str]] = {}
    faults: list[ConfigFault] = []
    for found in _sources(flags, environ, cwd, file):
        if isinstance(found, ConfigFault):
            faults.append(found)
            continue
        try:
            value = values.convert(catalogue()[found.key], found.raw, found.absolute)
        except values.Unfit as unfit:
            faults.append(ConfigFault(found.key, str(unfit), found.where))
            continue
        chosen[found.key] = (value, found.where)
        if found.key == "data.key_file":
            chosen.pop("data.key", None)  # a file named by a stronger source wins over a key in ROOKERY_KEY
    settings = _assembled({key: value for key, (value, _) in chosen.items()})
    origins = {key: where for key, (_, where) in chosen.items()}
    refused = {fault.setting for fault in faults}
    faults += [
        ConfigFault(key, problem, origins.get(key, DEFAULT))
        for key, problem in contradictions(settings)
        if key not in refused
    ]
    if faults:
        raise ConfigError(tuple(faults))
    return Configuration(settings, {key: origins.get(key, DEFAULT) for key in catalogue()})


def _sources(
    flags: Mapping[str, object], environ: Mapping[str, str], cwd: Path, file: Path | None
) -> sources.Found:
    """Everything given, weakest first."""
    home = Path(environ.get("HOME") or Path.home())
    absolute = sources.resolver(cwd, home)
    folder = environ.get("XDG_CONFIG_HOME") or "~/.config"
    yield sources.Given("data.key_file", f"{folder}/rookery/key", DEFAULT, absolute)
    yield sources.Given("data.dir", Data().dir, DEFAULT, absolute)
    if file is not None:
        yield from sources.from_file(absolute(str(file)), home)
    elif (cwd / sources.FILE_NAME).exists():
        yield from sources.from_file(cwd / sources.FILE_NAME, home)
    yield from sources.from_environment(environ, absolute)
    yield from sources.from_flags(flags, absolute)


def _assembled(chosen: Mapping[str, object]) -> Settings:
    sections: dict[str, dict[str, object]] = {}
    for key, value in chosen.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = value
    types = get_type_hints(Settings)
    return Settings(**{section: types[section](**given) for section, given in sections.items()})
