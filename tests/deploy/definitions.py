"""The definitions of deploy/ as tests look at them."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rookery.config import SERVICES, Settings, load
from scripts.certificates import self_signed
from scripts.deploy.facts import TMP
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


AS_IT_IS_AND_MISTAKEN = [
    ("", ""),
    ("least_conn;", "least_con;"),
]  # for `planted`, in a configuration of nginx


def nginx_said(text: str, folder: Path, certificate: str, key: str) -> tuple[int, str]:
    """What `nginx -t` says of a configuration with addresses of this machine, and its certificate and key by others."""
    own_certificate, own_key = self_signed(folder)
    for service in SERVICES:
        text = planted(text, f"server rookery-{service}:", "server 127.0.0.1:")
    text = planted(planted(text, certificate, str(own_certificate)), key, str(own_key))
    (folder / "nginx.conf").write_text(planted(text, f"{TMP}/nginx.pid", str(folder / "nginx.pid")))
    nginx = program("nginx", "nginx")
    return said(nginx, "-t", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf"))
