"""How often one may read, and what writes are charged."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rookery.config import Limits
from rookery.core.errors import Problem, RateLimited, not_found
from rookery.core.limits import Budget, Charge, Ticket
from rookery.core.routes import Answer, Call
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.database import Database
from rookery.engines.embedded.ledger import EmbeddedLedger
from rookery.engines.embedded.snapshots import Snapshots
from rookery.gateway.ratelimit import DAY_S, HOUR_S, QUARTER_S, ReadLimits, WriteCharges
from tests.gateway.front import ANN, BOB, EmptyLedger, client, gateway, route


class Clock:
    """Seconds that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_reads_are_counted_by_account_else_by_address() -> None:
    """An account's reads count for it wherever it is, a stranger's for the address."""
    reads = ReadLimits(2, 1)
    for address in ("a", "b"):
        reads.take(ANN, address)
    reads.take(0, "a")

    reads.take(BOB, "a")
    reads.take(0, "b")
    with pytest.raises(RateLimited):
        reads.take(ANN, "c")
    with pytest.raises(RateLimited):
        reads.take(0, "a")


def test_a_window_ends_a_quarter_hour_after_its_first_read() -> None:
    """The reset counts down in whole seconds, rounded up, and then all is allowed again."""
    clock = Clock()
    reads = ReadLimits(1, 1, clock)
    reads.take(ANN, "a")
    clock.now += QUARTER_S - 0.5

    with pytest.raises(RateLimited) as refused:
        reads.take(ANN, "a")
    assert 1 == refused.value.reset_s
    clock.now += 0.5
    window = reads.take(ANN, "a")
    assert window is not None
    assert Budget(1, 0, QUARTER_S) == reads.budget(window)


def test_what_is_remembered_is_bounded() -> None:
    """However many addresses come, only the newest are kept; an account that goes on reading stays counted."""
    clock = Clock()
    reads = ReadLimits(10, 10, clock, windows_max=100)
    for number in range(1_000):
        clock.now += 1
        reads.take(0, f"address {number}")

    for _ in range(9):
        reads.take(0, "address 999")
    with pytest.raises(RateLimited):
        reads.take(0, "address 999")
    assert reads.take(0, "address 0") is not None


async def test_answers_tell_what_is_left() -> None:
    """A read says limit, remaining and reset; the last refused one says when to come back."""
    app = gateway(route(), limits=Limits(reads_per_15min=2))
    one, two, three = [await client(app, ANN).get("/echo") for _ in range(3)]

    assert ("2", "1") == (one.headers["ratelimit-limit"], one.headers["ratelimit-remaining"])
    assert "0" == two.headers["ratelimit-remaining"]
    assert (429, "rate_limited") == (three.status_code, three.json()["code"])
    assert "0" == three.headers["ratelimit-remaining"]
    assert three.headers["retry-after"] == three.headers["ratelimit-reset"]
    assert 0 < int(three.headers["retry-after"]) <= QUARTER_S


async def test_refused_reads_do_not_count() -> None:
    """A read that is answered by an error is given back."""

    async def refuse(call: Call) -> Answer:
        raise not_found()

    app = gateway(route(handler=refuse), limits=Limits(reads_per_15min=1))
    answers = [await client(app, ANN).get("/echo") for _ in range(3)]

    assert [404] * 3 == [one.status_code for one in answers]
    assert ["1"] * 3 == [one.headers["ratelimit-remaining"] for one in answers]


async def test_only_reads_count_as_reads() -> None:
    """A write without a limit of its own goes on when all reads are used up, and uses none: a delete is never 429."""
    routes = [route(), *(route(method, needs_account=True) for method in ("POST", "PATCH", "DELETE"))]
    app = gateway(*routes, limits=Limits(reads_per_15min=1))
    asks = client(app, ANN)
    answers = [await asks.request(method, "/echo") for method in ("GET", "POST", "PATCH", "DELETE", "GET")]

    assert [200, 200, 200, 200, 429] == [one.status_code for one in answers]
    assert [True, False, False, False, True] == ["ratelimit-limit" in one.headers for one in answers]


@pytest.mark.parametrize("limits", [Limits(enabled=False), Limits(addresses_enabled=False)])
async def test_limits_can_be_turned_off(limits: Limits) -> None:
    """Where the settings turn a limit off nothing counts and no header speaks of it."""
    app = gateway(route(), limits=limits)

    assert "ratelimit-limit" not in (await client(app).get("/echo")).headers


def test_writes_cost_what_the_contract_says() -> None:
    """docs/api.md, Limits: the defaults of each kind of write, by account; sign-ups by address."""
    charges = WriteCharges(Limits())

    def cost(limit: object) -> list[tuple[str, int, int]]:
        return [(one.subject, one.count_max, one.period_s) for one in charges.of(limit, ANN, "a")]  # type: ignore[arg-type]

    assert [("7", 300, 3 * HOUR_S), ("7", 2_400, DAY_S)] == cost("tweets")
    assert [("7", 1_000, DAY_S)] == cost("likes")
    assert [("7", 400, DAY_S)] == cost("follows")
    assert [("a", 20, HOUR_S)] == cost("sign_up")
    assert [] == cost("login") == cost("none") == cost("read")
    assert () == WriteCharges(Limits(enabled=False)).of("tweets", ANN, "a")
    assert () == WriteCharges(Limits(addresses_enabled=False)).of("sign_up", ANN, "a")


async def test_a_write_tells_what_its_own_transaction_left() -> None:
    """After a write the headers are the tightest charged limit, and those of a refusal by the limit its own."""

    async def write(call: Call) -> Answer:
        call.nothing()
        assert 300 == call.ticket.charges[0].count_max
        call.ticket.budget = Budget(300, 12, 34)
        return Answer()

    async def refuse(call: Call) -> Answer:
        raise RateLimited("tweets", 300, 60)

    app = gateway(
        route("POST", handler=write, limit="tweets"), route("POST", "/full", handler=refuse, limit="tweets")
    )
    written, refused = await client(app, ANN).post("/echo"), await client(app, ANN).post("/full")

    names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
    assert ["300", "12", "34"] == [written.headers[name] for name in names]
    assert ["300", "0", "60"] == [refused.headers[name] for name in names]
    assert "60" == refused.headers["retry-after"]


@pytest.mark.parametrize("fault", [Problem("engine_unavailable", "Gone."), OSError("gone")])
async def test_an_answer_stands_though_what_is_left_cannot_be_read(fault: Exception) -> None:
    """Storage that fails after a write is answered, or refused, takes away the headers alone."""

    class Gone(EmptyLedger):
        async def left(self, charges: Sequence[Charge]) -> Budget:
            raise fault

    async def refuse(call: Call) -> Answer:
        raise not_found()

    app = gateway(
        route("POST", limit="tweets"), route("POST", "/no", handler=refuse, limit="tweets"), ledger=Gone()
    )
    written, refused = await client(app, ANN).post("/echo"), await client(app, ANN).post("/no")

    assert (200, 404) == (written.status_code, refused.status_code)
    assert "application/problem+json" == refused.headers["content-type"]
    assert [] == [name for one in (written, refused) for name in one.headers if name.startswith("ratelimit")]


async def test_a_write_that_changes_nothing_tells_what_is_left(tmp_path: Path) -> None:
    """A repeated like charges nothing, and its headers show the windows as they are."""
    files = Files(tmp_path, b"k" * 32)
    files.migrate("core")
    files.migrate("feed")
    database, snapshots = Database(files), Snapshots(files)
    changes = iter((None, 1, None))

    async def like(call: Call) -> Answer:
        call.nothing()
        await database.write(lambda _: next(changes), call.ticket)
        return Answer()

    app = gateway(route("POST", handler=like, limit="likes"), ledger=EmbeddedLedger(snapshots))
    left = [(await client(app, ANN).post("/echo")).headers["ratelimit-remaining"] for _ in range(3)]
    database.close()
    snapshots.close()

    assert ["1000", "999", "999"] == left


async def test_a_read_has_a_plain_ticket() -> None:
    """A read is given a ticket that costs nothing and has no key."""

    async def look(call: Call) -> Answer:
        call.nothing()
        assert Ticket(ANN) == call.ticket
        return Answer()

    assert 200 == (await client(gateway(route(handler=look)), ANN).get("/echo")).status_code


async def test_the_tightest_window_is_told(tmp_path: Path) -> None:
    """Of several limits the ledger names the one with the least left; an unused one is whole."""
    files = Files(tmp_path, b"k" * 32)
    files.migrate("core")
    files.migrate("feed")
    database, snapshots = Database(files), Snapshots(files)
    wide, narrow = Charge("wide", "7", 100, 60), Charge("narrow", "7", 3, 3_600)
    ledger = EmbeddedLedger(snapshots)
    before = await ledger.left((wide, narrow))
    for _ in range(3):
        await database.write(lambda _: 1, Ticket(7, (wide, narrow)))
    after = await ledger.left((wide, narrow))
    with pytest.raises(Problem, match="limit of 3 narrow"):
        await database.write(lambda _: 1, Ticket(7, (wide, narrow)))
    database.close()
    snapshots.close()

    assert Budget(3, 3, 3_600) == before
    assert (3, 0) == (after.limit, after.remaining)
