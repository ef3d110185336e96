"""Files of feeds and search that are lost or damaged: they come back by themselves, with the same answers."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.answers import answers, settle
from tests.faults.crowd import Crowd
from tests.serving import Server, serving, soon

Fault = Callable[[Path], None]
SPOILED = random.Random(1)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """People who have written for a while, on a server of their own."""
    folder = tmp_path_factory.mktemp("projections") / "data"
    with serving(folder, {"LIMITS_ENABLED": "false"}) as server:
        crowd = Crowd(server, 4)
        with crowd.writing():
            soon(True, lambda: crowd.acknowledged > 400)
        for number, writer in enumerate(crowd.writers):
            writer.person.tweet(f"#birds over the lake, {number}", latitude=46.5, longitude=6.6)
        settle(crowd)
        yield crowd


def lose(path: Path) -> None:
    """The file and its log are gone."""
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()


def at(place: float) -> Fault:
    """Garbage in a quarter of the file from some part on, so that somebody surely meets it."""

    def spoil(path: Path) -> None:
        with path.open("r+b") as file:
            size = path.stat().st_size
            file.seek(int(size * place))
            file.write(SPOILED.randbytes(min(size // 4, size - int(size * place))))

    return spoil


def cut(path: Path) -> None:
    """Half of the file."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def spoil_log(path: Path) -> None:
    """Garbage for a log."""
    path.with_name(f"{path.name}-wal").write_bytes(SPOILED.randbytes(50_000))


def damages(server: Server) -> int:
    """How many damages the log tells of."""
    lines = server.log.read_text()
    assert "Traceback" not in lines
    return lines.count("projection_damaged")


@pytest.mark.parametrize(
    ("fault", "told"),
    [(lose, False), (at(0), True), (at(0.5), True), (at(0.9), True), (cut, True), (spoil_log, None)],
    ids=["lost", "head", "middle", "last pages", "cut", "log"],
)  # fmt: skip
def test_what_is_lost_or_damaged_comes_back_with_the_same_answers(
    crowd: Crowd, fault: Fault, told: bool | None
) -> None:
    """feed.db and search.db are lost or spoilt while stopped: the next start makes them anew, with a line in the log
    where they were damaged, and feeds, search, trends and people are as before."""
    server = crowd.host.server
    expected = answers(crowd)
    assert expected is not None
    assert 12 == sum(map(bool, expected))  # but for the search without the lake
    assert 0 == server.stop()
    before = damages(server)
    for name in ("feed", "search"):
        fault(server.folder / f"{name}.db")
    server.start()
    soon(True, lambda: answers(crowd) == expected)
    checked = server.run("check")
    assert (0, "") == (checked.returncode, checked.stderr), checked.stdout
    soon(True, lambda: answers(crowd) == expected)
    assert told in (None, damages(server) > before)  # None: without its log a file is whole or not
