"""The walls between the parts stand: an import across any of them is found."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
LINT = Path(sys.executable).with_name("lint-imports")

CROSSINGS = {
    "layers": ("core/crossing.py", "from rookery.services import tweets"),
    "apart": ("services/tweets/crossing.py", "from rookery.services import feed"),
    "rules": ("services/tweets/crossing.py", "import apsw"),
    "inward": ("services/tweets/store.py", "from rookery.services.tweets import http"),
    "vocabulary": ("core/crossing.py", "import joserfc"),
    "storage": ("engines/embedded/crossing.py", "import granian"),
    "front": ("gateway/crossing.py", "import apsw"),
    "composition": ("cli/crossing.py", "from rookery.engines import embedded"),
}


def contracts() -> dict[str, str]:
    """The contracts of pyproject.toml: name by id."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    return {contract["id"]: contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def broken(copy: Path) -> set[str]:
    """The names of the contracts that a copy of the project breaks."""
    found = subprocess.run(
        [LINT, "--no-cache"],
        cwd=copy,
        env={"PYTHONPATH": str(copy / "src"), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = found.stdout.splitlines()
    assert found.returncode in (0, 1), found.stdout + found.stderr
    names = {line.removesuffix(" BROKEN").strip() for line in lines if line.endswith(" BROKEN")}
    assert (found.returncode == 0) == (not names), found.stdout
    return names


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's code and settings, to be spoilt."""
    shutil.copytree(PROJECT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_walls_stand(copy: Path) -> None:
    """The code as it is crosses no wall."""
    assert set() == broken(copy)


def test_every_wall_has_a_crossing() -> None:
    """No contract is without a test that breaks it."""
    assert set(CROSSINGS) == set(contracts())


@pytest.mark.parametrize("wall", CROSSINGS)
def test_a_crossing_is_found(copy: Path, wall: str) -> None:
    """One planted import breaks the contract that forbids it."""
    path, line = CROSSINGS[wall]
    (copy / "src/rookery/services/tweets/http.py").touch()
    module = copy / "src" / "rookery" / path
    with module.open("a") as file:
        file.write(f"\n{line}\n")

    assert contracts()[wall] in broken(copy)


def test_a_workers_process_loads_no_commands() -> None:
    """What a server's worker is made of brings no command with it, nor what these are written with: its start would
    take a quarter longer."""
    code = "import sys, rookery.__main__, rookery.cli.server, rookery.bootstrap; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "rookery.engines.embedded.engine" in loaded
    assert not {"typer", "rookery.cli.commands", "rookery.cli.demo"}.intersection(loaded)
