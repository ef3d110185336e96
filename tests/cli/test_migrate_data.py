"""`rookery migrate-data`: on the cluster engine a network reads as it did in its data folder."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rookery.engines.cluster import dynamo, tables
from rookery.engines.cluster.signing_keys import TURN
from tests.cli.moved_network import (
    CELEBRITY_FOLLOWERS,
    Network,
    Read,
    exported,
    made,
    read,
    written_once,
)
from tests.clusters import cluster_settings
from tests.model.catching_up import catching_up
from tests.serving import PASSWORD, Server, ids_of, serving, soon

SETTINGS = {"LIMITS_ENABLED": "false", "FEED_CELEBRITY_FOLLOWERS": str(CELEBRITY_FOLLOWERS)}
EXPORTED = ("ann", "bob", "eve")
# Attributes that say how often something changed, which begin anew, and rows that are not of the truth.
NEW = {"rev", "generation", "kept_session"}
BESIDE = (tables.LEASES, tables.OUTBOX, tables.DELTAS, tables.RATE_WINDOWS)

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Moved:
    """A network before, and a server on the cluster engine after it was moved."""

    network: Network
    before: Read
    exports: Mapping[str, Any]
    server: Server


@pytest.fixture(scope="module")
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """A network that was moved while nobody served."""
    folder: Path = tmp_path_factory.mktemp("moved") / "data"
    settings = {**cluster_settings(request), **SETTINGS}
    with serving(folder, SETTINGS) as embedded:
        network = made(embedded)
        before = read(network, embedded)
        exports = {handle: exported(network.on(embedded, handle)) for handle in EXPORTED}
    done = Server(folder, settings).run("migrate-data")
    assert 0 == done.returncode, done.stderr
    assert "accounts 9, sessions 7, tweets 33, replies" in done.stdout
    assert "celebrities 1" in done.stdout
    with serving(folder, settings) as server:
        yield Moved(network, before, exports, server)


def test_everything_reads_as_before(moved: Moved) -> None:
    """Feeds to their ends, profiles, counters, lists, histories, conversations and searches, by everyone."""
    after = read(moved.network, moved.server)
    assert moved.before == after
    assert 150 < len([told for told in after.values() if isinstance(told, list) and told])


def test_sessions_tokens_and_passwords_stay(moved: Moved) -> None:
    """Who was signed in is, by session and by JWT, and others sign in as before; exports hold what they held."""
    for handle in EXPORTED:
        assert moved.exports[handle] == exported(moved.network.on(moved.server, handle))
        assert 200 == moved.network.on(moved.server, handle, jwt=True).get("/account/").status_code
    stranger = moved.network.on(moved.server, "")
    assert 401 == moved.network.on(moved.server, "fay").get("/account/").status_code
    for handle, status in (("ann", 200), ("fay", 401), ("gus", 401)):
        answer = stranger.post("/account/login", json={"handle": handle, "password": PASSWORD})
        assert (handle, status) == (handle, answer.status_code)
    taken = {"handle": "gus", "name": "Gus", "password": PASSWORD}
    assert (409, "handle_taken") == stranger.refused("POST", "/account/", taken)


def test_a_write_that_is_repeated_later_happened_before(moved: Moved) -> None:
    """Idempotency keys are known."""
    bob = moved.network.on(moved.server, "bob")
    assert moved.network.written[-1] == written_once(bob)


def test_the_check_finds_no_difference(moved: Moved) -> None:
    """Counters, feeds and index agree with the truth."""
    done = moved.server.run("check")
    assert (0, "no differences") == (done.returncode, done.stdout[:14]), done.stdout + done.stderr


def test_rows_are_those_that_writes_make(
    moved: Moved, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every row has the attributes of rows that the cluster engine wrote itself, but for what its workers keep."""
    with serving(tmp_path / "data", {**cluster_settings(request), **SETTINGS}) as native:
        made(native)
        with catching_up(native) as workers:
            workers.wait()
        expected, found = asyncio.run(_forms(native)), asyncio.run(_forms(moved.server))
    assert expected == found


async def _forms(server: Server) -> dict[str, set[frozenset[str]]]:
    """The attributes of rows by table; a counter of 0, as after a like that was taken back, is as good as none."""
    forms: dict[str, set[frozenset[str]]] = defaultdict(set)
    for table in (one for one in tables.TABLES if one not in BESIDE):
        for row in await _rows(server, table):
            held = {name for name, value in row.items() if table is not tables.COUNTS or value}
            if held != {"subject_id"} and row.get("ring") != TURN:
                forms[table.name].add(frozenset(held - NEW))
    return forms


async def _rows(server: Server, table: tables.Table) -> list[tables.Item]:
    where = (server.settings[f"CLUSTER_{name}"] for name in ("DYNAMODB_URL", "REGION", "PREFIX"))
    async with dynamo.connected(*where) as opened:
        return [row async for row in opened.scan(table)]


def test_life_goes_on(moved: Moved) -> None:
    """What was moved is changed, taken back and deleted as ever, and the counters still agree. Comes last."""
    people = {
        handle: moved.network.on(moved.server, handle) for handle in ("ann", "bob", "cat", "dan", "ida")
    }
    users = moved.network.people
    before = people["bob"].ok("GET", f"/user/{users['ann'].id}")["followerCount"]
    first = moved.network.written[0]
    people["ann"].ok("PATCH", f"/tweet/{first}", {"content": "all the wrens"})
    people["bob"].ok("DELETE", f"/like/{first}")
    people["dan"].ok("DELETE", f"/retweet/{first}")
    people["bob"].ok("DELETE", f"/follow/{users['ann'].id}")
    people["ida"].ok("POST", "/follow", {"userId": users["ann"].id})
    people["cat"].ok("DELETE", "/account/", {"password": PASSWORD})
    written = people["ann"].tweet("after the move")["tweetId"]
    soon(written, lambda: ids_of(people["dan"].walk("/feed/"))[0])
    soon(before - 1, lambda: people["bob"].ok("GET", f"/user/{users['ann'].id}")["followerCount"])
    soon([first], lambda: ids_of(people["bob"].walk("/search/", token="wrens")))
    soon(0, lambda: len(people["bob"].walk("/search/", token="from:cat")))
    soon(True, lambda: moved.server.run("check").returncode == 0)
