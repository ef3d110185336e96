"""The container: the linter takes its file, and what comes out of it is locked, without rights and without tools."""

import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from rookery.config import catalogue
from scripts.ports import free_port
from tests.deploy.definitions import DEPLOY, PROJECT, planted, program, said, settings
from tests.serving import Server

FILE = (DEPLOY / "container" / "Containerfile").read_text()
IGNORED = (DEPLOY / "container" / "Containerfile.dockerignore").read_text()
MISTAKES = [
    ("USER 10001:10001", "USER root", "DL3002"),
    ("FROM ${PYTHON} AS build", "FROM python AS build", "DL3006"),
    ("pip install --no-cache-dir", "pip install", "DL3042"),
    ('CMD ["serve"]', "CMD serve", "DL3025"),
    ("WORKDIR /build", "WORKDIR build", "DL3000"),
    ("COPY src src", "ADD src src", "DL3020"),
    ("--from=build", "--from=built", "DL3022"),
    ("EXPOSE 8000", "EXPOSE 80000", "DL3011"),
    ("STOPSIGNAL", "STOPSIGNALS", "missing whitespace"),
]
BROKEN = [
    ("USER 10001:10001\n", "", "runs as root"),
    ("--require-hashes --requirement", "--requirement", "not locked"),
    ("python -m pip uninstall --yes pip", "true", "has pip"),
    ("--from=build /opt/rookery", "--from=build /build", "has what built it"),
    ("COPY src src", "COPY src docs src/", "docs is kept out"),
    ("COPY pyproject.toml", "COPY pyproject.tomb", "there is no pyproject.tomb"),
    ('"/opt/rookery/ready.py"]', '"/opt/rookery/read.py"]', "is not asked whether it is ready"),
    ('VOLUME ["/data", "/key"]', 'VOLUME ["/data"]', "keeps something in the container"),
    ('ENTRYPOINT ["rookery"]', 'ENTRYPOINT ["sh"]', "is no rookery"),
    ("EXPOSE 8000", "EXPOSE 8080", "another port"),
]


@pytest.fixture(scope="module")
def hadolint() -> str:
    """The linter, which comes with what tests need."""
    return program("hadolint", "hadolint")


def instructions(text: str) -> list[tuple[str, str]]:
    """Every instruction and what it is given, on one line."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [
        (word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in lines if line)
    ]


def environment(text: str) -> dict[str, str]:
    """The variables of the image."""
    given = " ".join(rest for word, rest in instructions(text) if word == "ENV")
    return dict(pair.split("=", 1) for pair in given.split())


def faults(text: str) -> Iterator[str]:
    """What is not as it must be in an image that is built by this text."""
    whole = instructions(text)
    last = max(at for at, (word, _) in enumerate(whole) if word == "FROM")
    result = whole[last:]
    runs = " && ".join(rest for word, rest in result if word == "RUN")
    given = dict(result)
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", given.get("USER", "root")):
        yield "runs as root"
    for command in " && ".join(rest for word, rest in whole if word == "RUN").split(" && "):
        if re.match(r"pip .*install", command) and not re.search(r"--require-hashes|--no-index", command):
            yield f"not locked: {command}"
    if "pip uninstall" not in runs or "--without-pip" not in text or "ensurepip" in runs:
        yield "has pip"
    if [rest for word, rest in result if word == "COPY" and "--from" in rest] != [
        "--from=build /opt/rookery /opt/rookery"
    ]:
        yield "has what built it"
    yield from _copied(whole)
    if "/opt/rookery/ready.py" not in given.get("HEALTHCHECK", ""):
        yield "is not asked whether it is ready"
    kept = {str(Path(environment(text)[name]).parent) for name in ("ROOKERY_KEY",)}
    if not {environment(text)["ROOKERY_DATA_DIR"], *kept} <= set(re.findall(r'"(.*?)"', given["VOLUME"])):
        yield "keeps something in the container"
    if given["ENTRYPOINT"] != '["rookery"]':
        yield "is no rookery"
    if given["EXPOSE"] != str(catalogue()["server.port"].default):
        yield "another port than Rookery's"


def _copied(whole: list[tuple[str, str]]) -> Iterator[str]:
    allowed = [line[1:] for line in IGNORED.splitlines() if line.startswith("!")]
    for word, rest in whole:
        if word != "COPY" or "--from" in rest:
            continue
        for source in rest.split()[:-1]:
            if not (PROJECT / source).exists():
                yield f"there is no {source}"
            elif not any(fnmatch(source, one) for one in allowed):
                yield f"{source} is kept out by the list of what is let in"


def test_the_linter_takes_the_file(hadolint: str) -> None:
    """hadolint has nothing to say of it."""
    assert (0, "") == said(hadolint, str(DEPLOY / "container" / "Containerfile"))


@pytest.mark.parametrize(("right", "wrong", "told"), MISTAKES, ids=[wrong for _, wrong, _ in MISTAKES])
def test_the_linter_finds_a_mistake(hadolint: str, tmp_path: Path, right: str, wrong: str, told: str) -> None:
    """A planted mistake fails, by its rule."""
    (tmp_path / "Containerfile").write_text(planted(FILE, right, wrong))

    code, found = said(hadolint, str(tmp_path / "Containerfile"))

    assert 0 != code
    assert told in found


def test_the_image_is_as_it_must_be() -> None:
    """Nobody's rights, locked dependencies, no tools, health by /readyz, data and key in volumes of their own."""
    assert [] == list(faults(FILE))


@pytest.mark.parametrize(("right", "wrong", "told"), BROKEN, ids=[told for *_, told in BROKEN])
def test_an_image_that_is_not_is_found(right: str, wrong: str, told: str) -> None:
    """Each of these, when it does not hold, is told, and nothing else."""
    (found,) = faults(planted(FILE, right, wrong))

    assert told in found


def test_nothing_else_can_come_into_the_image() -> None:
    """The list of what is kept out begins with everything, so that no key or data folder is sent along."""
    rules = [line for line in IGNORED.splitlines() if not line.startswith("#")]

    assert "*" == rules[0]
    assert all(rule.startswith(("!", "**/__pycache__")) for rule in rules[1:])


def test_the_image_gives_settings_that_are_taken(tmp_path: Path) -> None:
    """Its variables are settings, and the key is apart from the data."""
    own = {name: value for name, value in environment(FILE).items() if name.startswith("ROOKERY_")}

    given = settings(own, tmp_path)

    assert (Path("/data"), Path("/key/key")) == (given.data.dir, given.data.key_file)


def test_health_is_what_readyz_answers(tmp_path: Path) -> None:
    """ready.py asks the server of the settings: it exits 0 while that is ready, 1 once it is not there."""
    server = Server(tmp_path / "data", {"SERVER_METRICS_PORT": str(free_port())})
    command = [sys.executable, str(DEPLOY / "container" / "ready.py")]
    server.start()
    try:
        ready = subprocess.run(command, env=server.environment(), cwd=tmp_path, check=False).returncode
    finally:
        server.stop()
    gone = subprocess.run(
        command, env=server.environment(), cwd=tmp_path, check=False, capture_output=True, text=True
    )

    assert (0, 1) == (ready, gone.returncode)
    assert gone.stderr.startswith("not ready: ")
