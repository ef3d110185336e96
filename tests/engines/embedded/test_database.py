"""The writer: what shares a commit, what leaves with it, and the order between processes."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from rookery.core.errors import Problem, RateLimited
from rookery.core.limits import Charge, IdempotencyKey, Ticket
from rookery.engines.embedded import database as writing
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.database import Database, Tx, Written
from rookery.engines.embedded.turns import WriteLock
from tests.engines.embedded.marks import KEY, PROJECT, command, make_table, mark, marked
from tests.faults.disks import FullDisk
from tests.serving import PATIENCE_S, until


@pytest.fixture(autouse=True)
def _table(files: Files) -> None:
    make_table(files)


async def test_an_answer_leaves_after_the_commit(files: Files, database: Database) -> None:
    """When a write is answered, another connection sees it, and however many wait they share a few commits."""
    commits = []
    database.on_commit.append(lambda: commits.append(True))

    async def write_and_look() -> bool:
        return await database.write(mark) in marked(files)

    assert [True] * 200 == await _in_one_group(files, [write_and_look() for _ in range(200)])
    assert len(commits) <= 10


async def test_a_refusal_leaves_the_others_of_its_group(files: Files, database: Database) -> None:
    """Of a group in which every third write is refused, exactly the others stand."""

    def refused(tx: Tx) -> int:
        mark(tx)
        raise Problem("not_found", "There is no such tweet.")

    answers = await asyncio.gather(
        *(database.write(refused if n % 3 == 0 else mark) for n in range(90)), return_exceptions=True
    )

    assert [n % 3 == 0 for n in range(90)] == [isinstance(answer, Problem) for answer in answers]
    assert [answer for answer in answers if isinstance(answer, int)] == marked(files)


async def test_a_full_disk_fails_the_whole_group_and_nothing_else(tmp_path: Path) -> None:
    """A commit that the disk refuses answers 503 to all of its group and keeps none; with space again writes work."""
    disk, folder = FullDisk(), tmp_path / "full"
    folder.mkdir()
    files = Files(folder, KEY, vfs=disk.vfs)
    files.migrate("core")
    make_table(files)
    database = Database(files)
    disk.full = True

    answers = await asyncio.gather(*(database.write(mark) for _ in range(20)), return_exceptions=True)

    assert ["engine_unavailable"] * 20 == [getattr(answer, "code", answer) for answer in answers]
    disk.full = False
    assert [] == marked(files)
    assert [await database.write(mark)] == marked(files)
    database.close()


async def test_a_fault_that_ends_the_transaction_abandons_the_group(tmp_path: Path) -> None:
    """SQLite itself rolls all back when the disk fills up in the middle of a statement: then the writes before it in
    the group are told so, too, and not committed apart from it."""
    disk, folder = FullDisk(), tmp_path / "full"
    folder.mkdir()
    files = Files(folder, KEY, vfs=disk.vfs)
    files.migrate("core")
    make_table(files)
    database = Database(files)

    def large(tx: Tx) -> int:
        tx.execute("PRAGMA cache_size = 5")  # pages that do not fit are written at once
        disk.full = True
        tx.execute(
            "INSERT INTO marks (id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000)"
            " SELECT i FROM n"
        )
        return 0

    answers = await asyncio.gather(*map(database.write, (mark, mark, large, mark)), return_exceptions=True)

    assert ["engine_unavailable"] * 4 == [getattr(answer, "code", answer) for answer in answers]
    disk.full = False
    assert [] == marked(files)
    database.close()


async def test_more_than_the_queue_holds_is_refused_early(files: Files) -> None:
    """Beyond its bound the queue answers 503 at once; what it took is done."""
    database, lock = Database(files, queue_max=10, group_max=1), WriteLock(files.folder)
    with lock.held():
        first = asyncio.create_task(database.write(mark))
        await asyncio.sleep(0)
        await _until(lambda: not database.waiting())  # the writer has taken it and waits for the lock
        others = [asyncio.create_task(database.write(mark)) for _ in range(12)]
        await asyncio.sleep(0.01)
        refused = [task.exception() for task in others if task.done()]
    taken = await asyncio.gather(first, *(task for task in others if not task.done()))

    assert ["overloaded"] * len(refused) == [getattr(fault, "code", fault) for fault in refused]
    assert (2, 11) == (len(refused), len(taken))
    assert sorted(taken) == sorted(marked(files))
    database.close()
    lock.close()


async def test_closing_finishes_what_was_accepted(files: Files) -> None:
    """Writes accepted before the close are on disk after it; later ones are refused."""
    database = Database(files)
    tasks = [asyncio.create_task(database.write(mark)) for _ in range(300)]
    await asyncio.sleep(0)
    await asyncio.get_running_loop().run_in_executor(None, database.close)

    assert sorted(await asyncio.gather(*tasks)) == sorted(marked(files))
    with pytest.raises(Problem) as refused:
        await database.write(mark)
    assert "engine_unavailable" == refused.value.code


async def test_a_repeated_key_does_nothing_twice(files: Files, database: Database) -> None:
    """A key's first success is given again without a charge; with other content it is refused."""

    def ticket(content: bytes) -> Ticket:
        return Ticket(7, (Charge("tweets", "7", 1, 60),), IdempotencyKey(7, "key", content))

    again = ticket(b"a")
    first = await database.write(mark, ticket(b"a"))

    assert first == await database.write(mark, again)
    assert again.replayed
    assert [first] == marked(files)
    with pytest.raises(Problem) as refused:
        await database.write(mark, ticket(b"b"))
    assert "idempotency_mismatch" == refused.value.code


async def test_a_limit_counts_successes_alone(files: Files, database: Database) -> None:
    """Refused writes and those that change nothing are not charged; the one beyond the limit leaves nothing."""

    def ticket() -> Ticket:
        return Ticket(7, (Charge("tweets", "7", 2, 60),))

    def refused(tx: Tx) -> int:
        raise Problem("not_found", "There is no such tweet.")

    for _ in range(3):
        with pytest.raises(Problem, match="no such"):
            await database.write(refused, ticket())
        await database.write(lambda tx: None, ticket())
    kept = [await database.write(mark, ticket()) for _ in range(2)]
    with pytest.raises(RateLimited):
        await database.write(mark, ticket())

    assert kept == marked(files)


async def test_what_many_write_at_once_is_written_together(files: Files, database: Database) -> None:
    """Writes of one kind that wait together are given to it together, each of another actor, and each gets its own
    answer; what an actor writes besides is written after it."""
    sizes = []

    def works(tx: Tx, names: Sequence[str]) -> Sequence[int]:
        sizes.append(len(names))
        return [mark(tx) for _ in names]

    written = await _in_one_group(
        files, [database.write_one_of(works, "a text", _ticket(actor)) for actor in (1, 2, 3, 2, 4)]
    )

    assert [4, 1] == sizes
    assert [*written[:3], written[4], written[3]] == marked(files)


@pytest.mark.parametrize("fault", ["refused", "repeated", "mismatch", "limited"])
async def test_one_of_many_that_is_refused_leaves_the_others(
    files: Files, database: Database, fault: str
) -> None:
    """Of writes that wait together the one that is refused, repeated or over its limit is answered as if it had come
    alone, and each of the others is written once."""

    def works(tx: Tx, names: Sequence[str]) -> Sequence[int]:
        if fault == "refused" and "bad" in names:
            raise Problem("not_found", "There is no such tweet.")
        return [mark(tx) for _ in names]

    used = _ticket(9, 1, b"a")
    before = [] if fault == "refused" else [await database.write_one_of(works, "before", used)]
    bad = {
        "refused": _ticket(9, 1, b"a"),
        "repeated": _ticket(9, 1, b"a"),
        "mismatch": _ticket(9, 1, b"b"),
        "limited": _ticket(9, 1),
    }[fault]

    answers = await _in_one_group(
        files,
        [
            *(database.write_one_of(works, "good", _ticket(actor, 5, b"c")) for actor in range(1, 5)),
            database.write_one_of(works, "bad", bad),
        ],
    )

    told = {"refused": "not_found", "mismatch": "idempotency_mismatch", "limited": "rate_limited"}
    assert told.get(fault, before and before[0]) == getattr(answers[-1], "code", answers[-1])
    assert [*before, *answers[:-1]] == marked(files)
    assert bad.replayed == (fault == "repeated")


async def test_what_a_commit_writes_is_told_before_anyone_can_see_it(tmp_path: Path) -> None:
    """Ids and items of what many write are told before the commit, and told again where that fails; what was refused,
    repeated, or writes alone is not among them."""
    disk = FullDisk()
    files = Files(tmp_path, KEY, vfs=disk.vfs)
    files.migrate("core")
    make_table(files)
    database = Database(files)
    told: list[tuple[str, list[str], bool]] = []

    def teller(when: str) -> Callable[[Sequence[Written]], None]:
        def tell(written: Sequence[Written]) -> None:
            seen = {one.subject for one in written} & set(marked(files))
            told.append((when, [one.item for one in written], bool(seen)))

        return tell

    def works(tx: Tx, names: Sequence[str]) -> Sequence[int]:
        if "bad" in names:
            raise Problem("not_found", "There is no such tweet.")
        return [mark(tx) for _ in names]

    database.on_writing.append(teller("writing"))
    database.on_abandoned.append(teller("abandoned"))
    first = await database.write_one_of(works, "good", _ticket(1, 5, b"a"))
    assert first == await database.write_one_of(works, "again", _ticket(1, 5, b"a"))
    with pytest.raises(Problem, match="no such"):
        await database.write_one_of(works, "bad", _ticket(2, 5))
    alone = await database.write(mark, _ticket(3, 5))
    disk.full = True
    with pytest.raises(Problem, match="data folder"):
        await database.write_one_of(works, "lost", _ticket(4, 5))
    disk.full = False

    assert [
        ("writing", ["good"], False),
        *[("writing", [], False)] * 3,
        ("writing", ["lost"], False),
        ("abandoned", ["lost"], False),
    ] == told
    assert [first, alone] == marked(files)
    database.close()


async def test_budgets_of_what_is_written_together_are_each_ones_own(
    files: Files, database: Database
) -> None:
    """After writes that waited together every ticket tells what is left of its own account's tightest limit."""

    def works(tx: Tx, names: Sequence[str]) -> Sequence[int]:
        return [mark(tx) for _ in names]

    for _ in range(2):
        await database.write_one_of(works, "before", _ticket(3, 5))
    tickets = [_ticket(actor, 5) for actor in range(1, 5)]
    await _in_one_group(files, [database.write_one_of(works, "", ticket) for ticket in tickets])

    assert [4, 4, 2, 4] == [ticket.budget.remaining if ticket.budget else None for ticket in tickets]


async def test_ids_rise_though_the_clock_steps_back(
    files: Files, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour's step back of the clock neither repeats an id nor breaks their order."""
    before = [await database.write(mark) for _ in range(3)]
    monkeypatch.setattr(writing, "now_ms", lambda: time.time_ns() // 1_000_000 - 3_600_000)
    after = [await database.write(mark) for _ in range(3)]

    assert before + after == sorted({*before, *after})


def test_ids_rise_in_commit_order_over_processes(files: Files) -> None:
    """Of four processes that write at once every id is larger than all that were committed before it."""
    writers = [_writing(files, 150, 8) for _ in range(4)]

    assert [0] * 4 == [writer.wait(PATIENCE_S) for writer in writers]
    ids = marked(files)
    assert 4 * 150 == len(ids)
    assert ids == sorted(set(ids))


async def test_a_modest_writer_is_not_starved_by_a_busy_process(files: Files, database: Database) -> None:
    """While another process writes as fast as it can, one write after another waits its turn and no longer."""
    busy = _writing(files, 1_000_000, 64)
    try:
        await _until(lambda: bool(marked(files)))
        waits = []
        for _ in range(100):
            began = time.monotonic()
            await database.write(mark)
            waits.append(time.monotonic() - began)
    finally:
        busy.kill()
        busy.wait()

    assert sorted(waits)[-5] < 0.5  # but for some that the machine held up
    assert len(marked(files)) > 200


def _ticket(actor: int, count_max: int = 100, key: bytes | None = None) -> Ticket:
    charges = Charge("tweets", str(actor), count_max, 60), Charge("more tweets", str(actor), 1_000, 90)
    return Ticket(actor, charges, IdempotencyKey(actor, "key", key) if key else None)


async def _in_one_group(files: Files, writes: Sequence[Coroutine[Any, Any, object]]) -> list[Any]:
    """The answers to writes that all wait before the first is looked at."""
    lock = WriteLock(files.folder)
    with lock.held():
        tasks = [asyncio.create_task(write) for write in writes]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    lock.close()
    return answers


def _writing(files: Files, count: int, at_once: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(files.folder, count, at_once), cwd=PROJECT, stdout=subprocess.DEVNULL)


async def _until(holds: Callable[[], bool]) -> None:
    async def asked() -> bool:
        return holds()

    await until(asked)
