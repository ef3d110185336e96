"""Writes docs/settings.md from the settings as declared; `--check` only says whether it is as it must be."""

import sys
from pathlib import Path

from rookery.config import Setting, catalogue
from rookery.config.values import shown

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
HEAD = """# Settings

Made by `make docs` from what `src/rookery/config/sections.py` declares. A value comes from, the later the stronger: the
default, `rookery.toml` (in the working folder, or `--config FILE`), the environment, a flag. `rookery config` shows the
values in force and where each came from. `ROOKERY_KEY` holds the data key or the path of its file.
"""


def undocumented() -> list[str]:
    """The keys of settings whose doc is no sentence."""
    return [key for key, setting in catalogue().items() if not setting.doc.strip().endswith(".")]


def page() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    section = ""
    for setting in catalogue().values():
        if setting.section != section:
            section = setting.section
            parts.append(
                f"\n## [{section}]\n\n| setting | default | bounds | variable | what it is |\n|---|---|---|---|---|\n"
            )
        parts.append(_row(setting))
    return "".join(parts)


def _row(setting: Setting) -> str:
    bounds = (
        ""
        if setting.low is None and setting.high is None
        else f"{_bound(setting.low)} .. {_bound(setting.high)}"
    )
    variable = "ROOKERY_KEY" if setting.key == "data.key" else setting.variable
    return f"| {setting.name} | {shown(setting, setting.default)} | {bounds} | {variable} | {setting.doc} |\n"


def _bound(bound: int | None) -> str:
    return "" if bound is None else str(bound)


def main(arguments: list[str]) -> int:
    """Writes or checks the page; 1 where a setting has no doc or, with --check, where the page is stale."""
    if bare := undocumented():
        print(f"These settings have no doc, a sentence: {', '.join(bare)}", file=sys.stderr)
        return 1
    if "--check" not in arguments:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        print(f"{PAGE.name} is not what the settings say: run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
