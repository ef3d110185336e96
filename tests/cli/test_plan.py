"""`rookery plan` on the command line."""

import json
import re
import sys

import pytest
from typer.testing import CliRunner

from rookery.cli.commands import app, main
from rookery.plan.limits import LIMITS
from rookery.plan.report import COMPARED


def printed(*words: str) -> str:
    """What the command prints."""
    done = CliRunner().invoke(app, ["plan", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_plan_is_reckoned_from_what_was_said() -> None:
    """Feed pages a second are people x pages / 86,400, five times as many at the peak, and half of them for half of the
    people."""
    found = json.loads(printed("--dau", "864e4", "--reads-per-user", "50", "--peak", "5", "--json"))

    (pages,) = [one for one in found["needs"] if one["name"] == "Feed pages"]
    assert (pages["mean"], pages["peak"]) == pytest.approx((5_000, 25_000))
    half = json.loads(printed("--dau", "432e4", "--reads-per-user", "50", "--json"))
    assert half["needs"][0]["mean"] == pytest.approx(2_500)
    (read,) = [one for one in found["assumptions"] if one["option"] == "--reads-per-user"]
    assert read["value"] == 50


def test_a_plan_tells_what_breaks_first_and_where_all_of_it_comes_from() -> None:
    """Limits stand in the order in which they are met; each has a source and a way out, and so has every figure."""
    found = json.loads(printed("--json"))

    at = [one["reached_at_dau"] for one in found["limits"] if one["reached_at_dau"] is not None]
    assert at == sorted(at)
    assert at[0] < 100e6
    for one in found["limits"]:
        assert one["source"]
        assert one["then"]
    assert all(one["source"] for one in (*found["figures"], *found["assumptions"], *found["hot_spots"]))
    assert [one["dau"] for one in found["comparison"]] == list(COMPARED)
    assert all(
        len(one["peak"]) == len(found["needs"]) + 1 + len(found["sizes"]) for one in found["comparison"]
    )


@pytest.mark.parametrize("words", [(), ("--markdown",)], ids=("text", "markdown"))
def test_people_read_the_same(words: tuple[str, ...]) -> None:
    """Text and Markdown have every table; in Markdown each row has as many cells as its head."""
    told = printed(*words)

    for title in (
        "What it takes",
        "Processes",
        "Storage",
        "What breaks first",
        "Side by side",
        "What people do",
    ):
        assert (f"## {title}\n" if words else title.upper()) in told
    assert "feed worker" in told
    assert all(one.source in told for one in LIMITS)
    if words:
        for table in re.findall(r"(?:^\|.*\n)+", told, re.MULTILINE):
            assert len({line.count(" | ") for line in table.splitlines()}) == 1, table


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--dau", "0"), "--dau 0 must be 1 or more"),
        (("--dau", "-5"), "--dau -5 must be from 0 to"),
        (("--dau", "nan"), "--dau nan must be from 0 to"),
        (("--dau", "1e12"), "--dau 1e+12 must be from 0 to 10,000,000,000"),
        (("--reply-share", "1.5"), "--reply-share 1.5 must be from 0 to 1"),
        (("--reply-share", "0.6", "--retweet-share", "0.6"), "--retweet-share and --reply-share together"),
        (
            ("--follows", "-1", "--peak", "0.5"),
            "--follows -1 must be 0 or more; --peak 0.5 must be 1 or more",
        ),
        (("--json", "--markdown"), "leave one of them out"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_a_load_that_cannot_be_is_told_in_a_sentence(
    words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong value ends the command with 1 and one line that names the option, all faults at once."""
    monkeypatch.setattr(sys, "argv", ["rookery", "plan", *words])
    with pytest.raises(SystemExit) as ended:
        main()

    told = capsys.readouterr()
    assert (ended.value.code, told.out, told.err.count("\n")) == (1, "", 1)
    assert said in told.err


def test_a_value_that_is_no_number_is_misuse() -> None:
    """What is no number is refused with 2, naming the option."""
    done = CliRunner().invoke(app, ["plan", "--dau", "many"])

    assert done.exit_code == 2
    assert "--dau" in done.output
