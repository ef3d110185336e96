"""Rows that tests write to see what became of them; as a program, a process that writes them.

`python -m tests.engines.embedded.marks FOLDER COUNT AT_ONCE` prints the id of each when it was acknowledged.
"""

import asyncio
import sys
from pathlib import Path

from rookery.core.events import Kind
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.database import Database, Tx

KEY = b"k" * 32
PROJECT = Path(__file__).parents[3]


def command(folder: Path, count: int, at_once: int) -> list[str]:
    """Starts the program; to be run in PROJECT."""
    return [sys.executable, "-m", "tests.engines.embedded.marks", str(folder), str(count), str(at_once)]


def make_table(files: Files) -> None:
    """A table whose rows are numbered in the order of their writing."""
    connection = files.connect("core")
    connection.execute(
        "CREATE TABLE marks (place INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER NOT NULL) STRICT"
    )
    connection.close()


def mark(tx: Tx) -> int:
    """Writes a row and an event; returns its id."""
    one = tx.mint()
    tx.execute("INSERT INTO marks (id) VALUES (?)", (one,))
    tx.emit(Kind.TWEET_CREATED, one)
    return one


def marked(files: Files) -> list[int]:
    """The rows in the order of their writing."""
    connection = files.connect("core")
    try:
        return [row[0] for row in rows_of(connection, "SELECT id FROM marks ORDER BY place")]
    finally:
        connection.close()


async def _write(folder: Path, count: int, at_once: int) -> None:
    database = Database(Files(folder, KEY))
    left = iter(range(count))

    async def one_after_another() -> None:
        for _ in left:
            print(await database.write(mark), flush=True)

    await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    database.close()


if __name__ == "__main__":
    asyncio.run(_write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
