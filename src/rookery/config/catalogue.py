"""The settings seen as a list, for reading them, for `rookery config` and for docs/settings.md."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import get_type_hints

from rookery.config.sections import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as declared: `type` is its annotation, `low` and `high` its inclusive bounds or None."""

    section: str
    name: str
    type: object
    default: object
    doc: str
    low: int | None
    high: int | None
    secret: bool

    @property
    def key(self) -> str:
        """The name in flags, errors and docs: `server.port`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The name in the environment: `ROOKERY_SERVER_PORT`."""
        return f"ROOKERY_{self.section}_{self.name}".upper()


def _settings() -> Iterator[Setting]:
    for section, section_type in get_type_hints(Settings).items():
        types = get_type_hints(section_type)
        for declared in fields(section_type):
            about = declared.metadata
            yield Setting(
                section=section,
                name=declared.name,
                type=types[declared.name],
                default=declared.default,
                doc=about.get("doc", ""),
                low=about.get("low"),
                high=about.get("high"),
                secret=about.get("secret", False),
            )


@cache
def catalogue() -> dict[str, Setting]:
    """Every setting by its key, in the order of declaration."""
    return {setting.key: setting for setting in _settings()}
