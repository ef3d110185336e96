"""Failures as sentences for the operator."""

import errno
import os
import re
from pathlib import Path

import pytest

from rookery.cli.failures import explain
from rookery.config import load
from rookery.core.errors import ConfigError, ConfigFault, OperatorError


@pytest.mark.parametrize(
    ("number", "path", "sentence"),
    [
        (
            errno.ENOSPC,
            "/data/core.db",
            "/data/core.db: No space left on device; free some space and start again.",
        ),
        (
            errno.EADDRINUSE,
            None,
            "Address already in use; stop what listens there, or name another port with --port.",
        ),
        (errno.EIO, "/data/x", "/data/x: Input/output error; mend that and start again."),
    ],
)
def test_a_failure_of_the_machine_says_what_to_do(number: int, path: str | None, sentence: str) -> None:
    """An OSError names the file where there is one, what happened, and what to do."""
    assert sentence == explain(OSError(number, os.strerror(number), path))


def test_rookerys_own_sentences_are_kept() -> None:
    """What was written for the operator is printed as it is."""
    assert "Put the key back." == explain(OperatorError("Put the key back."))


def test_every_fault_of_the_settings_has_its_line() -> None:
    """Each fault of a ConfigError stands on a line of its own with where it was given."""
    faults = (
        ConfigFault("a.b", "must be c", "the file"),
        ConfigFault("d.e", "is no setting", "the environment"),
    )

    lines = explain(ConfigError(faults)).splitlines()

    assert ["  a.b must be c (from the file)", "  d.e is no setting (from the environment)"] == lines[1:]


def test_a_fault_of_rookery_tells_its_place_and_no_secret(tmp_path: Path) -> None:
    """The text of an unforeseen error may hold a password, so only its kind and place are told."""
    with pytest.raises(KeyError) as caught:
        load({"hunter2": True}, {}, tmp_path)

    sentence = explain(caught.value)

    assert "hunter2" in str(caught.value)
    assert re.fullmatch(
        r"Rookery has a fault of its own: KeyError in config/sources\.py:\d+\. Please .*", sentence
    )
