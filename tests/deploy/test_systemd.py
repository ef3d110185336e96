"""The systemd unit of the embedded engine: systemd takes it, it may do little, and it outlasts the drain."""

import re
from pathlib import Path

import pytest

from rookery.config import catalogue
from tests.deploy.definitions import DEPLOY, planted, program, said, settings

UNIT = (DEPLOY / "systemd" / "rookery.service").read_text()
EXPOSURE_MAX = 1.5  # of 10; a unit without hardening has 9.6
MISTAKES = [
    ("ExecStart=/", "ExecStart=opt/", "an absolute path"),
    ("ExecStart=", "ExecStat=", "Unknown key"),
    ("[Service]", "[Servis]", "Unknown section"),
    ("Type=exec", "Type=execute", "Failed to parse"),
    ("TimeoutStopSec=45", "TimeoutStopSec=45x", "Failed to parse"),
    ("@privileged", "@priviledged", "Unknown system call group"),
    ("ProtectSystem=strict", "ProtectSystem=strikt", "Failed to parse"),
    ("KillSignal=SIGTERM", "KillSignal=SIGTURN", "Failed to parse"),
    ("StateDirectory=rookery ", "StateDirectory=../rookery ", "not normalized"),
]
LOOSENED = [
    ("NoNewPrivileges=yes", "NoNewPrivileges=no"),
    ("User=rookery", "User=root"),
    ("ProtectSystem=strict", "ProtectSystem=no"),
    ("CapabilityBoundingSet=\n", ""),
    ("SystemCallFilter=@system-service\n", ""),
    ("PrivateUsers=yes", "PrivateUsers=no"),
]


@pytest.fixture(scope="module")
def systemd_analyze() -> str:
    """The program that looks at units."""
    return program("systemd-analyze", "systemd")


def values(name: str) -> list[str]:
    """What a key of the unit is given, in order."""
    pairs = [line.partition("=") for line in UNIT.splitlines()]
    return [value for key, _, value in pairs if key == name]


def environment() -> dict[str, str]:
    """The variables that the unit sets."""
    return dict(pair.split("=", 1) for line in values("Environment") for pair in line.split())


def verified(systemd_analyze: str, folder: Path, unit: str) -> tuple[int, str]:
    """What systemd says of a unit whose program is there."""
    file = folder / "rookery.service"
    file.write_text(unit.replace("=/opt/rookery/.venv/bin/rookery ", "=/bin/true "))
    return said(systemd_analyze, "verify", "--man=no", "--recursive-errors=no", str(file))


def exposure(systemd_analyze: str, folder: Path, unit: str) -> float:
    """How much a unit may do, from 0 to 10."""
    file = folder / "rookery.service"
    file.write_text(unit)
    told = said(systemd_analyze, "security", "--offline=true", "--no-pager", str(file))[1]
    found = re.search(r"Overall exposure level for rookery.service: ([0-9.]+)", told)
    assert found is not None, told
    return float(found[1])


def test_systemd_takes_the_unit(systemd_analyze: str, tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say of it."""
    assert (0, "") == verified(systemd_analyze, tmp_path, UNIT)


@pytest.mark.parametrize(("right", "wrong", "told"), MISTAKES, ids=[wrong for _, wrong, _ in MISTAKES])
def test_systemd_finds_a_mistake(
    systemd_analyze: str, tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    """A planted mistake is told, be it a key, a value or a section."""
    assert told in verified(systemd_analyze, tmp_path, planted(UNIT, right, wrong))[1]


def test_the_unit_may_do_little(systemd_analyze: str, tmp_path: Path) -> None:
    """`systemd-analyze security` finds a small exposure."""
    assert EXPOSURE_MAX >= exposure(systemd_analyze, tmp_path, UNIT)


@pytest.mark.parametrize(("right", "wrong"), LOOSENED, ids=[right.strip() for right, _ in LOOSENED])
def test_a_unit_that_may_more_is_found(systemd_analyze: str, tmp_path: Path, right: str, wrong: str) -> None:
    """Whatever of the hardening is taken away, the exposure grows."""
    loosened = exposure(systemd_analyze, tmp_path, planted(UNIT, right, wrong))

    assert loosened > exposure(systemd_analyze, tmp_path, UNIT)


def test_the_unit_gives_settings_that_are_taken(tmp_path: Path) -> None:
    """Its variables are settings; data and key are in folders that the unit makes, apart from one another."""
    given = settings(environment(), tmp_path)

    made = [Path("/var/lib") / name for name in " ".join(values("StateDirectory")).split()]
    assert [given.data.dir, given.data.key_file.parent] == made
    assert "embedded" == given.data.engine


def test_systemd_waits_until_what_was_accepted_is_done() -> None:
    """SIGTERM goes to the first process alone, and SIGKILL comes some seconds after the longest drain."""
    times = [catalogue()[key].default for key in ("server.linger_ms", "server.drain_ms_max")]

    assert ["mixed"] == values("KillMode")
    assert ["SIGTERM"] == values("KillSignal")
    assert sum(int(str(one)) for one in times) / 1000 + 10 <= int(values("TimeoutStopSec")[0])
