"""The definitions of deploy/ as tests look at them."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from rookery.config import Settings, load
from tests.conftest import left_out

PROJECT = Path(__file__).parent.parent.parent
DEPLOY = PROJECT / "deploy"
Document = dict[str, Any]


def documents(path: Path) -> list[Document]:
    """What a YAML file holds."""
    return list(yaml.safe_load_all(path.read_text()))


def planted(text: str, right: str, wrong: str) -> str:
    """A text with a mistake in the first place where it was right."""
    assert right in text, f"there is no {right!r} to spoil"
    return text.replace(right, wrong, 1)


def settings(environment: Mapping[str, str], folder: Path) -> Settings:
    """The settings of a process with these variables alone, in an empty folder. Raises ConfigError."""
    return load({}, {"HOME": str(folder), **environment}, folder)


def program(name: str, package: str) -> str:
    """A program beside this Python or of the machine; its absence leaves the test out, under CI=true it fails."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        left_out(f"needs {name}, which is absent: apt-get install {package}")
    return found


def said(*command: str, cwd: Path = PROJECT) -> tuple[int, str]:
    """A command's exit code and all that it printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stdout + done.stderr


def leaves(value: object) -> Iterator[object]:
    """Every value that holds no other."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)
    else:
        yield value
