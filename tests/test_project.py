"""What holds the project together: its generated pages, its commands, its locks."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rookery

PROJECT = Path(__file__).parent.parent
SETTINGS_DOC = Path("scripts") / "settings_doc.py"


def run(*command: str | Path, cwd: Path = PROJECT, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command in a folder, with its output; the environment is this process's without Rookery's variables."""
    outer = {
        name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_") and name != "CI"
    }
    return subprocess.run(
        command, cwd=cwd, env=outer | environ, capture_output=True, text=True, check=False, timeout=100
    )


def checked_settings(folder: Path) -> subprocess.CompletedProcess[str]:
    """The check of docs/settings.md in a copy of the project."""
    return run(sys.executable, SETTINGS_DOC, "--check", cwd=folder, PYTHONPATH=str(folder / "src"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The settings, the script that describes them and its page, to be spoilt."""
    for folder in ("src", "scripts"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "docs").mkdir()
    shutil.copy(PROJECT / "docs" / "settings.md", tmp_path / "docs")
    return tmp_path


def test_every_setting_has_a_doc_and_the_page_tells_it(copy: Path) -> None:
    """docs/settings.md is what the settings say of themselves; `make docs` makes it."""
    found = checked_settings(copy)

    assert (0, "") == (found.returncode, found.stderr)


def test_a_setting_without_a_doc_is_found(copy: Path) -> None:
    """A planted setting whose doc is empty fails the check, which names it."""
    sections = copy / "src" / "rookery" / "config" / "sections.py"
    text = sections.read_text()
    sections.write_text(
        text.replace('    """How long a sign-in lasts."""\n', '    undocumented: int = setting(1, "")\n')
    )
    assert text != sections.read_text()

    found = checked_settings(copy)

    assert 1 == found.returncode
    assert "session.undocumented" in found.stderr


def test_a_stale_page_is_found(copy: Path) -> None:
    """A default that changed without `make docs` fails the check."""
    sections = copy / "src" / "rookery" / "config" / "sections.py"
    text = sections.read_text()
    sections.write_text(text.replace("setting(8000,", "setting(8080,"))
    assert text != sections.read_text()

    found = checked_settings(copy)

    assert 1 == found.returncode
    assert "make docs" in found.stderr


def test_only_the_settings_read_the_environment() -> None:
    """os.environ and os.getenv stand in rookery/config alone."""
    source = PROJECT / "src" / "rookery"
    readers = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.alias)
        and {getattr(node, "attr", ""), getattr(node, "name", "")} & {"environ", "getenv"}
    }

    assert {"config/__init__.py"} == readers


def test_the_version_is_one() -> None:
    """pyproject.toml and `rookery --version` agree."""
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]

    found = run(sys.executable, "-m", "rookery", "--version", PYTHONPATH=str(PROJECT / "src"))

    assert declared == rookery.__version__
    assert f"rookery {declared}\n" == found.stdout


def test_make_explains_every_target() -> None:
    """`make` alone lists the targets that a person may call, each with what it does."""
    shown = run("make").stdout
    phony = re.search(r"^\.PHONY: (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)

    assert phony is not None
    assert phony[1].split() == re.findall(r"^  make (\S+)\s+\S", shown, re.MULTILINE)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-build.lock"])
def test_every_dependency_is_locked_by_hash(lock: str) -> None:
    """A lock names one version and the hashes of each package, and no place to get it from."""
    text = (PROJECT / lock).read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert [] == [
        entry for entry in entries if not re.match(r"[a-z0-9.-]+==\S+ .*\\\n {4}--hash=sha256:", entry)
    ]
    assert "://" not in text


def test_locks_hold_every_declared_dependency() -> None:
    """What pyproject.toml asks for is in the lock that `make setup` installs."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    declared = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": project["project"]["dependencies"] + project["dependency-groups"]["dev"],
        "requirements-build.lock": project["build-system"]["requires"],
    }
    for lock, requirements in declared.items():
        locked = set(re.findall(r"^([a-z0-9.-]+)==", (PROJECT / lock).read_text(), re.MULTILINE))
        names = {re.match(r"[A-Za-z0-9.-]+", requirement)[0].lower() for requirement in requirements}  # type: ignore[index]
        assert set() == names - locked


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_absent_shared_data_is_left_out_but_not_in_ci(tmp_path: Path, ci: str, outcome: str) -> None:
    """A test that needs the shared data is skipped with one line where there is none, and fails under CI=true."""
    shutil.copy(PROJECT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_needs.py").write_text("def test_needs(shared_data):\n    pass\n")

    found = run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        cwd=tmp_path,
        CI=ci,
        PYTHONPATH=str(PROJECT),
        ROOKERY_SHARED_DATA=str(tmp_path / "absent"),
    )

    assert outcome in found.stdout
    assert 1 == found.stdout.count(f"needs the shared data, and {tmp_path / 'absent'} is absent")


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_an_absent_browser_is_left_out_but_not_in_ci(tmp_path: Path, ci: str, outcome: str) -> None:
    """A test of the pages is skipped with one line where there is no Chromium, and fails under CI=true."""
    shutil.copy(PROJECT / "tests" / "browser" / "conftest.py", tmp_path)
    (tmp_path / "test_needs.py").write_text("def test_needs(browser):\n    pass\n")
    pythons_folder = str(Path(sys.executable).parent)  # where no browser is

    found = run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        cwd=tmp_path,
        CI=ci,
        PYTHONPATH=str(PROJECT),
        PATH=pythons_folder,
    )

    assert outcome in found.stdout
    assert 1 == found.stdout.count("apt-get install chromium")


def test_mistakes_at_the_command_line_are_sentences(tmp_path: Path) -> None:
    """Misuse exits 2 and bad settings 1, on stderr alone and without a stack trace."""
    (tmp_path / "rookery.toml").write_text("[server]\nport = 'x'\n")
    rookery_command = (sys.executable, "-m", "rookery")

    misused = run(*rookery_command, "sevre", cwd=tmp_path, PYTHONPATH=str(PROJECT / "src"))
    mistaken = run(*rookery_command, "config", cwd=tmp_path, PYTHONPATH=str(PROJECT / "src"))

    assert (2, "") == (misused.returncode, misused.stdout)
    assert (1, "") == (mistaken.returncode, mistaken.stdout)
    assert "server.port must be a whole number" in mistaken.stderr
    assert "Traceback" not in misused.stderr + mistaken.stderr
