"""What this machine must have for the engines: Java, Maven, Redis."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

JAVA_VERSION_MIN = 17
_BRIEF_S_MAX = 30


class EngineError(Exception):
    """Why an engine does not run, as a sentence that says what to do."""


class Missing(EngineError):
    """This machine lacks a program."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that engines need. `package`: what Debian calls it; `find`: its path here, None where it is missing."""

    name: str
    package: str
    find: Callable[[], str | None]


def java() -> str | None:
    """The path of a `java` that is new enough and can compile: of JAVA_HOME, or else of PATH."""
    for home in (os.environ.get("JAVA_HOME"), None):
        found = shutil.which("java", path=str(Path(home) / "bin") if home else None)
        if found and shutil.which("javac", path=str(Path(found).resolve().parent)) and _suits(found):
            return found
    return None


def _suits(java: str) -> bool:
    told = subprocess.run(
        [java, "-version"], capture_output=True, text=True, check=False, timeout=_BRIEF_S_MAX
    )
    version = re.search(r'version "(\d+)', told.stderr)
    return version is not None and int(version[1]) >= JAVA_VERSION_MIN


JAVA = Tool(f"a JDK of Java {JAVA_VERSION_MIN} or newer", "default-jdk-headless", java)
MAVEN = Tool("mvn", "maven", lambda: shutil.which("mvn"))
REDIS = Tool("redis-server", "redis-server", lambda: shutil.which("redis-server"))


def path_of(tool: Tool) -> str:
    """Where a tool is. Raises Missing."""
    require([tool])
    return str(tool.find())


def require(tools: Iterable[Tool]) -> None:
    """Raises Missing, with all that this machine lacks, where it lacks one of the tools."""
    lacking = [tool for tool in dict.fromkeys(tools) if tool.find() is None]
    if lacking:
        names = ", ".join(tool.name for tool in lacking)
        packages = " ".join(tool.package for tool in lacking)
        raise Missing(
            f"The engines need {names}, which this machine lacks: install that (Debian: apt install {packages})."
        )
