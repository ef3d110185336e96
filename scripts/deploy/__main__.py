"""Writes what is made of deploy/; `make docs` calls it."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from scripts.deploy import adapter, compose, front, kubernetes
from scripts.deploy.facts import PROJECT

FOLDER = PROJECT / "deploy"
MADE = "# Made by `make docs` from the code and scripts/deploy; change it there.\n"


class _Plain(yaml.SafeDumper):
    """Writes out what stands in several places, and texts of many lines as such."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Plain.add_representer(str, _text)


@cache
def files() -> Mapping[Path, str]:
    """What is made, by its path in deploy/."""
    made = {
        Path("compose/compose.yaml"): _yaml([compose.compose()]),
        Path("compose/nginx.conf"): front.configuration(f"{compose.TLS}/cert.pem", f"{compose.TLS}/key.pem"),
    }
    for name, documents in kubernetes.manifests().items():
        made[Path(f"kubernetes/{name}.yaml")] = _yaml(documents)
    made[Path("kubernetes/kustomization.yaml")] = _yaml([kubernetes.kustomization()])
    return made | {Path("kubernetes/monitoring/adapter.yaml"): _yaml([adapter.rules()])}


def _yaml(documents: Any) -> str:
    return MADE + yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, width=110)


def stale() -> list[str]:
    """The files in deploy/ that are not what would be made, or would not be made."""
    made = files()
    there = {path.relative_to(FOLDER) for path in (FOLDER / "kubernetes").rglob("*.yaml")}
    written = {path for path in made if (FOLDER / path).exists()}
    same = {path for path in written if (FOLDER / path).read_text(encoding="utf-8") == made[path]}
    return sorted(str(path) for path in (there | set(made)) - same)


def main(arguments: list[str]) -> int:
    """Writes all, and takes away what is not made any more; with --check only says what is stale, and gives 1."""
    try:
        made = files()
    except ValueError as fault:
        print(f"deploy/ lacks something: {fault}", file=sys.stderr)
        return 1
    for path in stale():
        if "--check" in arguments:
            print(f"deploy/{path} is not what the code says: run `make docs`", file=sys.stderr)
        elif Path(path) in made:
            (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
            (FOLDER / path).write_text(made[Path(path)], encoding="utf-8")
        else:
            (FOLDER / path).unlink()
    return 1 if stale() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
