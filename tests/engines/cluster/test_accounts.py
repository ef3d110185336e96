"""Accounts and sessions where DynamoDB makes trouble, and what they cost."""

from collections.abc import AsyncIterator

import pytest

from rookery.core.entities import STRANGER
from rookery.core.events import Kind
from rookery.core.limits import Ticket
from rookery.engines.cluster.accounts import ClusterAccounts
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.sessions import ClusterSessions
from rookery.engines.cluster.tables import CREDENTIALS, OUTBOX, SESSION_KEYS, SESSIONS, USERS
from rookery.services.accounts.store import NewAccount
from tests.contract.cluster_registry import USED
from tests.engines.cluster.calls import Counting, Interrupted, Troubled, another
from tests.members import code
from tests.tabling import rows_in, tables_of_its_own

IDLE_MS = 1_000_000


@pytest.fixture
async def dynamo(dynamodb_url: str) -> AsyncIterator[Dynamo]:
    """Empty tables of accounts."""
    async with tables_of_its_own(dynamodb_url, USED) as one:
        yield one


async def make(dynamo: Dynamo) -> int:
    """A new account."""
    return await ClusterAccounts(dynamo).create(NewAccount("ann", "Ann"), "h1", Ticket(STRANGER))


async def start(sessions: ClusterSessions, user_id: int, token_hash: bytes) -> int:
    """A new session."""
    return await sessions.start(user_id, token_hash, password_hash="h1", idle_ms=IDLE_MS, sessions_max=9)


@pytest.mark.parametrize("seed", range(3))
async def test_a_troubled_dynamodb_loses_nothing(dynamo: Dynamo, seed: int) -> None:
    """However often calls are throttled, transactions conflict and answers are lost, all begins and ends once."""
    troubled = another(dynamo, Troubled(dynamo.client, seed))
    accounts, sessions = ClusterAccounts(troubled), ClusterSessions(troubled)
    ann = await make(troubled)
    started = [await start(sessions, ann, bytes([number])) for number in range(12)]
    assert started[:2:-1] == [one.session_id for one in await sessions.of(ann)]
    await accounts.set_password(ann, "h2", replaces="h1", keep_session=started[-1])
    assert await sessions.find_id(started[-1]) is not None
    assert await sessions.find_id(started[-2]) is None
    await accounts.erase(ann)
    assert 0 == await rows_in(dynamo, SESSIONS, SESSION_KEYS, CREDENTIALS)
    kinds = [row["kind"] async for row in dynamo.scan(OUTBOX)]
    expected = [Kind.ACCOUNT_CREATED, Kind.ACCOUNT_DELETED, *[Kind.SESSION_ENDED] * 12]
    assert sorted(expected) == sorted(kinds)
    assert 1 == await rows_in(dynamo, USERS)


@pytest.mark.parametrize("change", ["set_password", "disable", "erase"])
async def test_no_session_begins_on_what_changes(dynamo: Dynamo, change: str) -> None:
    """A sign-in is refused where the password was changed, or the account disabled or deleted, since it was read."""
    ann, accounts = await make(dynamo), ClusterAccounts(dynamo)
    deeds = {
        "set_password": lambda: accounts.set_password(ann, "h2"),
        "disable": lambda: accounts.disable(ann),
        "erase": lambda: accounts.erase(ann),
    }
    slow = another(dynamo)
    Interrupted(slow, deeds[change])
    assert "wrong_credentials" == await code(start(ClusterSessions(slow), ann, b"1"))
    assert 0 == await rows_in(dynamo, SESSIONS, SESSION_KEYS)


async def test_a_known_session_costs_little(dynamo: Dynamo) -> None:
    """A session is looked up in two calls, recalled for a second in none, and looked at again in one."""
    sessions = ClusterSessions(dynamo)
    await start(sessions, await make(dynamo), b"1")
    counting = Counting(dynamo)
    assert await sessions.find(b"1") is not None
    assert 2 == len(counting.calls)
    assert sessions.recall(b"1") is not None
    assert 2 == len(counting.calls)
    assert await sessions.find(b"1") is not None
    assert 3 == len(counting.calls)
