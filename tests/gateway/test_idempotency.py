"""A repeated Idempotency-Key does nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from rookery.core.errors import Problem, not_found
from rookery.core.forms import Form
from rookery.core.routes import Answer, Call
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.ledger import EmbeddedLedger
from rookery.engines.embedded.snapshots import Snapshots
from rookery.gateway.app import Gateway
from tests.gateway.front import ANN, BOB, client, gateway, route


class Note(Form, frozen=True):
    """A body."""

    text: str


class Notes:
    """A small service: each write makes a note, which it answers as it is now."""

    def __init__(self, folder: Path) -> None:
        files = Files(folder, b"k" * 32)
        files.migrate("core")
        files.migrate("feed")
        self.database = Database(files)
        self.snapshots = Snapshots(files)
        self.written: list[int] = []
        self.seen: asyncio.Event | None = None
        self.go: asyncio.Event | None = None
        self.shown = "new"

    def gateway(self) -> Gateway:
        """A gateway of another process on the same folder."""
        paths = ("/note", "/note/{id}", "/account/note")
        routes = [route("POST", path, handler=self.write, replay=self.show, body=Note) for path in paths]
        routes[2] = route("POST", paths[2], handler=self.write, body=Note)
        return gateway(*routes, ledger=EmbeddedLedger(self.snapshots))

    async def write(self, call: Call) -> Answer:
        """Makes a note; `missing` and `late` fail, the latter after another copy had its time."""
        if call.args.get("id") == "missing":
            raise not_found("note")
        form = call.body(Note)
        if self.seen and self.go:
            self.seen.set()
            await self.go.wait()
            if form.text == "once" and self.written:
                raise Problem("handle_taken", "It was written meanwhile.")
        return await self.show(call, await self.database.write(self._mint, call.ticket))

    def _mint(self, tx: Tx) -> int:
        self.written.append(tx.mint())
        return self.written[-1]

    async def show(self, call: Call, note_id: int) -> Answer:
        """The note as it is now."""
        return Answer(f'{{"id":"{note_id}","shown":"{self.shown}"}}'.encode())


@pytest.fixture
async def notes(tmp_path: Path) -> AsyncIterator[Notes]:
    """A service on a folder of its own."""
    service = Notes(tmp_path)
    yield service
    service.database.close()
    service.snapshots.close()


async def post(
    app: Gateway, key: str | None, text: str = "a", path: str = "/note", account: int = ANN
) -> httpx.Response:
    """Sends a note."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client(app, account).post(path, json={"text": text}, headers=headers)


async def test_the_first_success_is_answered_again(notes: Notes) -> None:
    """The same request answers the same note, rendered as it is now; also with another slash, and elsewhere."""
    first = await post(notes.gateway(), "k")
    notes.shown = "edited"
    again = await post(notes.gateway(), "k", path="/note/")

    assert 1 == len(notes.written)
    assert {**first.json(), "shown": "edited"} == again.json()


async def test_without_a_key_everything_is_new(notes: Notes) -> None:
    """Requests without the header are carried out each time, those of other accounts with the same key too."""
    app = notes.gateway()
    await post(app, None)
    await post(app, None)
    await post(app, "k")
    await post(app, "k", account=BOB)

    assert 4 == len(notes.written)


async def test_a_key_is_kept_for_a_day(notes: Notes) -> None:
    """Until 24 hours after its success a key answers again; then it is free, for another request too."""
    day_ms = 24 * 3_600_000

    async def grow_old(by_ms: int) -> None:
        await notes.database.write(
            lambda tx: tx.execute("UPDATE idempotency_keys SET at_ms = at_ms - ?", (by_ms,))
        )

    app = notes.gateway()
    first = await post(app, "k")
    await grow_old(day_ms - 60_000)
    again = await post(app, "k")
    await grow_old(60_000)
    other = await post(app, "k", "b")

    assert first.text == again.text
    assert (200, 2) == (other.status_code, len(notes.written))


@pytest.mark.parametrize(("text", "path"), [("b", "/note"), ("a", "/note/5")])
async def test_another_request_with_the_key_is_refused(notes: Notes, text: str, path: str) -> None:
    """A key stands for one path and body; another is 422 and does nothing."""
    app = notes.gateway()
    await post(app, "k")
    answer = await post(app, "k", text, path)

    assert (422, "idempotency_mismatch", 1) == (answer.status_code, answer.json()["code"], len(notes.written))


async def test_only_successes_are_kept(notes: Notes) -> None:
    """After a refusal the same key may be used for something else."""
    app = notes.gateway()

    assert 404 == (await post(app, "k", path="/note/missing")).status_code
    assert 200 == (await post(app, "k")).status_code


async def test_a_copy_in_flight_waits(notes: Notes) -> None:
    """Copies that come while the first is at work get its answer; one write is made."""
    notes.seen, notes.go = asyncio.Event(), asyncio.Event()
    app = notes.gateway()
    copies = [asyncio.ensure_future(post(app, "k")) for _ in range(5)]
    await notes.seen.wait()
    await asyncio.sleep(0.02)
    done_early = [copy.done() for copy in copies]
    notes.go.set()
    answers = [await copy for copy in copies]

    assert [False] * 5 == done_early
    assert 1 == len(notes.written)
    assert 1 == len({answer.text for answer in answers})


async def test_copies_in_two_processes_write_once(notes: Notes) -> None:
    """Between processes the write decides, also where the loser's handler finds fault with what the winner did."""
    notes.seen, notes.go = asyncio.Event(), asyncio.Event()
    copies = [asyncio.ensure_future(post(notes.gateway(), "k", "once")) for _ in range(3)]
    await notes.seen.wait()
    await asyncio.sleep(0.02)
    notes.go.set()
    answers = [await copy for copy in copies]

    assert [200] * 3 == [answer.status_code for answer in answers]
    assert 1 == len({answer.text for answer in answers})


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "\u00e9"])
async def test_a_bad_key_is_named_with_the_other_bad_input(notes: Notes, key: str) -> None:
    """What cannot be a key is 422 naming the header, besides the body's faults and after 404."""
    app = notes.gateway()
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    both = await client(app, ANN).post("/note", json={"text": 1}, headers=headers)
    gone = await client(app, ANN).post("/note/missing", json={"text": "a"}, headers=headers)

    assert {"text", "Idempotency-Key"} == {one["field"] for one in both.json()["errors"]}
    assert (404, []) == (gone.status_code, notes.written)


async def test_keys_mean_nothing_under_account(notes: Notes) -> None:
    """Routes under /account/ ignore the header, whatever it holds."""
    app = notes.gateway()
    for key in ("k", "k", "x" * 200):
        assert 200 == (await post(app, key, path="/account/note")).status_code

    assert 3 == len(notes.written)
