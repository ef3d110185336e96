"""What the code has and no definition tells is found: `python -m scripts.deploy --check` fails and names it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.definitions import PROJECT, planted

SECTIONS = "src/rookery/config/sections.py"
DRIFTED = [
    (SECTIONS, '"search", "pages")', '"search", "pages", "polls")', "memory of the polls service"),
    (
        "src/rookery/engines/cluster/__init__.py",
        '"sweeper",',
        '"sweeper",\n    "mailer",',
        "the mailer worker",
    ),
    (SECTIONS, "setting(8000,", "setting(8080,", "deploy/kubernetes/service-feed.yaml"),
    (SECTIONS, "setting(9464,", "setting(9465,", "deploy/kubernetes/worker-feed.yaml"),
    (
        SECTIONS,
        "    days: int",
        '    weeks: int = setting(4, "Weeks.")\n    days: int',
        "deploy/kubernetes/settings.yaml",
    ),
    (SECTIONS, "    days: int", '    realm: str = setting("", "Realm.")\n    days: int', "session.realm"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the definitions are made from, and they themselves, to be spoilt."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("src", "scripts", "deploy"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "static"))
    (folder / "docs").mkdir()
    shutil.copy(PROJECT / "docs" / "benchmarks.json", folder / "docs")
    return folder


@pytest.mark.parametrize(("file", "right", "wrong", "told"), DRIFTED, ids=[told for *_, told in DRIFTED])
def test_what_no_definition_tells_is_found(copy: Path, file: str, right: str, wrong: str, told: str) -> None:
    """A planted service, worker, port or setting fails the check, which names what lacks it."""
    whole = (copy / file).read_text()
    (copy / file).write_text(planted(whole, right, wrong))
    path = os.pathsep.join([str(copy / "src"), str(copy)])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "scripts.deploy", "--check"],
            cwd=copy,
            env={
                **os.environ,
                "PYTHONPATH": path,
                "PYTHONDONTWRITEBYTECODE": "1",
            },  # one file changes twice a second
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
    finally:
        (copy / file).write_text(whole)

    assert 1 == done.returncode
    assert told in done.stderr
