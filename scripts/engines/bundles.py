"""The jars of an engine: fetched once by Maven, with our launcher compiled against them, and kept in a cache.

The cache is `~/.cache/rookery/engines` (after XDG_CACHE_HOME), or where ROOKERY_ENGINES_CACHE says. A bundle's folder
is named by a digest of what it is made from, so that a change of version or launcher makes another.
"""

import fcntl
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scripts.engines import machine
from scripts.engines.machine import EngineError

Say = Callable[[str], None]

SOURCES = Path(__file__).parent / "java"
LOGGING = SOURCES / "log4j2.properties"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>rookery</groupId><artifactId>{name}</artifactId><version>1</version>
  <dependencies>
{dependencies}
  </dependencies>
</project>
"""
_DEPENDENCY = (
    "    <dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
)


def cache() -> Path:
    """The folder where bundles are kept."""
    own = os.environ.get("ROOKERY_ENGINES_CACHE")
    shared = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(own).absolute() if own else Path(shared) / "rookery" / "engines"


@dataclass(frozen=True)
class Bundle:
    """Jars with our own classes beside them.

    `coordinates`: what Maven fetches, `group:artifact:version`, with all that these need, into `lib`. `launcher`: a
    file of `java/`, compiled into `classes`. `finish`: what else is done with the folder, from the files `more`.
    """

    name: str
    coordinates: tuple[str, ...]
    launcher: str
    more: tuple[str, ...] = ()
    finish: Callable[[Path], None] | None = None

    @cached_property
    def folder(self) -> Path:
        """Where it is, or will be."""
        return cache() / f"{self.name}-{self.coordinates[0].rpartition(':')[2]}-{self._digest()}"

    @property
    def fetched(self) -> bool:
        """Whether it is there, whole."""
        return self.folder.is_dir()

    @property
    def classpath(self) -> str:
        """What `java -cp` takes."""
        return f"{self.folder / 'classes'}{os.pathsep}{self.folder / 'lib'}/*"

    def fetch(self, say: Say) -> None:
        """Brings it into the cache unless it is there. Raises EngineError; a failed fetch leaves nothing half."""
        if not self.fetched:
            with _alone():
                self._fetch(say)

    def _fetch(self, say: Say) -> None:
        if not self.fetched:  # by another process, meanwhile
            say(f"{self.name}: fetching {', '.join(self.coordinates)} with Maven, once ...")
            with tempfile.TemporaryDirectory(dir=cache(), prefix=f"{self.name}-") as scratch:
                self._make(Path(scratch))
            say(f"{self.name}: fetched into {self.folder}")

    def _make(self, scratch: Path) -> None:
        made = scratch / "bundle"
        pom = scratch / "pom.xml"
        dependencies = "\n".join(_DEPENDENCY.format(*one.split(":")) for one in self.coordinates)
        pom.write_text(_POM.format(name=self.name, dependencies=dependencies), encoding="utf-8")
        _maven(self.name, pom, made / "lib")
        compile_java(SOURCES / self.launcher, made / "lib", made / "classes")
        if self.finish is not None:
            self.finish(made)
        made.rename(self.folder)

    def _digest(self) -> str:
        files = (self.launcher, *self.more)
        parts = [*self.coordinates, *((SOURCES / name).read_text("utf-8") for name in files)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def compile_java(source: Path, lib: Path, classes: Path) -> None:
    """Compiles one file against the jars of a folder. Raises EngineError."""
    javac = Path(machine.path_of(machine.JAVA)).resolve().with_name("javac")
    done = subprocess.run(
        [javac, "-proc:none", "-cp", f"{lib}/*", "-d", classes, source],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineError(f"{source.name} does not compile: {done.stderr.strip()}")


def _maven(name: str, pom: Path, into: Path) -> None:
    """Copies what a pom depends on into a folder. Raises EngineError with what Maven says."""
    mvn = machine.path_of(machine.MAVEN)
    options = ("--batch-mode", "--no-transfer-progress", "--strict-checksums", "--file", str(pom))
    done = subprocess.run(
        [mvn, *options, _COPY, f"-DoutputDirectory={into}", "-DincludeScope=runtime"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        log = cache() / f"{name}.log"
        log.write_text(done.stdout, encoding="utf-8")
        told = next(
            (line for line in done.stdout.splitlines() if line.startswith("[ERROR]")), "it says nothing"
        )
        raise EngineError(
            f"Maven could not fetch {name} ({told.removeprefix('[ERROR] ').strip()}): see {log}, check network and"
            " Maven's settings, and start again; what was fetched is kept."
        )


@contextmanager
def _alone() -> Iterator[None]:
    """One fetch at a time, over all processes."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
