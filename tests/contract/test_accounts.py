"""The contract of accounts, sessions, signing keys and attempts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery.core import ids
from rookery.core.clock import now_ms
from rookery.core.entities import STRANGER, AccountState
from rookery.core.errors import RateLimited
from rookery.core.events import Kind
from rookery.core.limits import Budget, Charge, IdempotencyKey, Ticket
from rookery.services.accounts.store import Changes, NewAccount, SigningKey
from tests.contract.cluster_registry import two_in_dynamodb
from tests.contract.registry import Registry, two_in
from tests.members import code

IDLE_MS = 1_000_000
NOBODY = Ticket(STRANGER)


@pytest.fixture(params=["embedded", "cluster"])
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Registry, Registry]]:
    """Two processes on the same data."""
    opened = (
        two_in(tmp_path)
        if request.param == "embedded"
        else two_in_dynamodb(request.getfixturevalue("dynamodb_url"))
    )
    async with opened as two:
        yield two


@pytest.fixture
def members(both: tuple[Registry, Registry]) -> Registry:
    """One process."""
    return both[0]


@pytest.fixture
def neighbour(both: tuple[Registry, Registry]) -> Registry:
    """Another process on the same data."""
    return both[1]


async def make(members: Registry, handle: str = "ann", password_hash: str | None = "h1") -> int:
    """A new account."""
    return await members.accounts.create(NewAccount(handle, handle.title()), password_hash, NOBODY)


async def start(members: Registry, user_id: int, token_hash: bytes, sessions_max: int = 100) -> int:
    """A new session."""
    return await members.sessions.start(
        user_id, token_hash, password_hash="h1", idle_ms=IDLE_MS, sessions_max=sessions_max
    )


async def test_a_handle_is_taken_in_any_case_and_for_good(members: Registry) -> None:
    """A handle differs by more than case from every other, also from those of deleted accounts."""
    ann = await make(members, "Ann")
    assert await code(make(members, "aNN")) == "handle_taken"
    await members.accounts.erase(ann)
    assert await code(make(members, "ann")) == "handle_taken"
    assert await members.accounts.handle_taken("ANN")
    assert not await members.accounts.handle_taken("bob")


async def test_of_many_sign_ups_for_a_handle_one_wins(members: Registry, neighbour: Registry) -> None:
    """Concurrent sign-ups for one handle in two processes make one account."""
    tries = [make(one, "ann") for one in (members, neighbour) * 5]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [int] == [type(one) for one in outcomes if isinstance(one, int)]
    assert 1 == len(await members.users())
    assert 1 == len(await members.outbox())


async def test_a_refused_sign_up_costs_nothing(members: Registry) -> None:
    """Sign-ups are charged in their own transaction: a full limit makes no account, a taken handle costs nothing."""
    limit = (Charge("sign-ups", "here", 1, 3_600),)
    await make(members, "ann")
    assert await code(members.accounts.create(NewAccount("ann", "A"), None, Ticket(STRANGER, limit))) == (
        "handle_taken"
    )
    await members.accounts.create(NewAccount("bob", "B"), None, Ticket(STRANGER, limit))
    assert await code(members.accounts.create(NewAccount("cid", "C"), None, Ticket(STRANGER, limit))) == (
        "rate_limited"
    )
    assert not await members.accounts.handle_taken("cid")


async def test_an_account_may_begin_in_the_past(members: Registry) -> None:
    """An account out of a file carries its own time in its id, also two of one moment; the future is now."""
    past_ms = 1_500_000_000_123
    two = [
        await members.accounts.create(NewAccount(handle, "X", created_ms=past_ms), None, NOBODY)
        for handle in ("ann", "bob")
    ]
    assert [past_ms, past_ms] == [ids.time_ms(one) for one in two]
    later = NewAccount("cid", "X", created_ms=now_ms() + 9_000_000)
    assert abs(ids.time_ms(await members.accounts.create(later, None, NOBODY)) - now_ms()) < 10_000


async def test_only_an_active_account_has_credentials(members: Registry) -> None:
    """Credentials are found by handle in any case and by id, until the account is disabled or deleted."""
    ann = await make(members, "Ann")
    found = await members.accounts.credentials("aNn")
    assert found is not None
    assert (ann, "Ann", "h1") == (found.user_id, found.handle, found.password_hash)
    assert found == await members.accounts.credentials_of(ann)
    await members.accounts.disable(ann)
    assert await members.accounts.credentials("ann") is None
    await members.accounts.enable(ann)
    assert await members.accounts.credentials("ann") == found
    await members.accounts.erase(ann)
    assert await members.accounts.credentials_of(ann) is None


async def test_a_new_password_ends_the_other_sessions(members: Registry) -> None:
    """Setting a password keeps the named session alone, and needs the old hash where one is given."""
    ann = await make(members)
    kept, gone = await start(members, ann, b"1"), await start(members, ann, b"2")
    assert await code(members.accounts.set_password(ann, "h2", replaces="h0")) == "wrong_credentials"
    assert [gone, kept] == [one.session_id for one in await members.sessions.of(ann)]
    await members.accounts.set_password(ann, "h2", replaces="h1", keep_session=kept)
    assert [kept] == [one.session_id for one in await members.sessions.of(ann)]
    assert (
        await code(start(members, ann, b"3")) == "wrong_credentials"
    )  # the hash that was tried is the old one


async def test_a_rehash_does_not_undo_a_change(members: Registry) -> None:
    """A newer hash of the old password is dropped when the password was changed meanwhile; sessions stay."""
    ann = await make(members)
    session = await start(members, ann, b"1")
    await members.accounts.rehash(ann, "h1", "h1b")
    await members.accounts.rehash(ann, "h1", "h1c")
    found = await members.accounts.credentials_of(ann)
    assert found is not None
    assert found.password_hash == "h1b"
    assert [session] == [one.session_id for one in await members.sessions.of(ann)]


async def test_changes_say_what_changed(members: Registry) -> None:
    """Only what differs is written and told, protection in events of its own."""
    ann = await make(members)
    for changes in (
        Changes(name="Ann", protected=False),
        Changes(bio="hi"),
        Changes(name="Anna", protected=True),
        Changes(protected=False),
    ):
        await members.accounts.update(ann, changes, NOBODY)
    expected = [
        Kind.ACCOUNT_CREATED,
        Kind.ACCOUNT_CHANGED,
        Kind.ACCOUNT_CHANGED,
        Kind.ACCOUNT_PROTECTED,
        Kind.ACCOUNT_OPENED,
    ]
    assert expected == await members.kinds(ann)
    assert [("ann", "Anna", "hi", False, int(AccountState.ACTIVE))] == await members.users()


async def test_erasing_leaves_the_handle_alone(members: Registry) -> None:
    """Of a deleted account nothing but its taken handle stays, its sessions end, and it cannot be deleted again."""
    ann = await make(members)
    await members.accounts.update(ann, Changes(bio="secret life"), NOBODY)
    await start(members, ann, b"1")
    await members.accounts.erase(ann)
    assert [("", "", "", False, int(AccountState.DELETED))] == await members.users()
    assert (0, 0) == await members.secrets_kept()
    assert (await members.kinds(ann))[-1] == Kind.ACCOUNT_DELETED
    for again in (members.accounts.erase(ann), members.accounts.enable(ann), members.accounts.disable(ann)):
        assert await code(again) == "not_found"
    assert await code(members.accounts.update(ann, Changes(name="X"), NOBODY)) == "not_found"
    assert await code(members.accounts.set_password(ann, "h9")) == "not_found"


async def test_the_operators_list_pages_by_handle(members: Registry) -> None:
    """Accounts come by folded handle, strictly after the given one, without deleted ones."""
    for handle in ("bob", "Ann", "dan", "cid"):
        await make(members, handle)
    gone = await members.accounts.by_handle("CID")
    assert gone is not None
    await members.accounts.erase(gone.user_id)
    first = await members.accounts.accounts("", 2)
    rest = await members.accounts.accounts("bob", 2)
    assert ["Ann", "bob", "dan"] == [one.handle for one in (*first, *rest)]
    assert await members.accounts.by_handle("cid") is None


async def test_a_session_is_known_until_it_ends(members: Registry, neighbour: Registry) -> None:
    """A cached session is recalled without waiting, and no longer once another process ended it: at once, or in the
    cluster within a second."""
    ann = await make(members)
    session_id = await start(members, ann, b"1")
    assert members.sessions.recall(b"1") is None
    found = await members.sessions.find(b"1")
    assert found is not None
    assert (session_id, ann) == (found.session_id, found.user_id)
    assert found == members.sessions.recall(b"1") == members.sessions.recall_id(session_id)
    await neighbour.sessions.end(ann, session_id)
    await members.settle()
    assert members.sessions.recall(b"1") is None
    assert members.sessions.recall_id(session_id) is None
    assert await members.sessions.find(b"1") is None
    assert await members.sessions.find_id(session_id) is None


@pytest.mark.parametrize("how", ["end_all", "disable", "erase", "set_password"])
async def test_what_ends_every_session(members: Registry, neighbour: Registry, how: str) -> None:
    """Log-out everywhere, disabling, deletion and a new password end cached sessions in every process, of that
    account alone; in the cluster within a second."""
    ann, bob = await make(members, "ann"), await make(members, "bob")
    for user_id, token in ((ann, b"1"), (ann, b"2"), (bob, b"3")):
        await start(members, user_id, token)
        await members.sessions.find(token)
    if how == "end_all":
        await neighbour.sessions.end_all(ann)
    elif how == "set_password":
        await neighbour.accounts.set_password(ann, "h2")
    else:
        await getattr(neighbour.accounts, how)(ann)
    await members.settle()
    assert [None, None] == [members.sessions.recall(token) for token in (b"1", b"2")]
    assert [None, None] == [await members.sessions.find(token) for token in (b"1", b"2")]
    assert await members.sessions.find(b"3") is not None
    assert members.sessions.recall(b"3") is not None


async def test_sessions_are_bounded(members: Registry) -> None:
    """A new session ends those that were idle too long and the oldest beyond the most."""
    ann = await make(members)
    idle = await start(members, ann, b"0")
    await members.age_sessions(IDLE_MS)
    rest = [await start(members, ann, bytes([number]), sessions_max=3) for number in range(1, 6)]
    assert rest[:1:-1] == [one.session_id for one in await members.sessions.of(ann)]
    ended = [event.other for event in await members.outbox() if event.kind == Kind.SESSION_ENDED]
    assert [idle, *rest[:2]] == ended


async def test_many_sessions_end_at_once(members: Registry) -> None:
    """A new password ends however many sessions there are; the one that it keeps ends with the next."""
    ann = await make(members)
    kept, *others = [await start(members, ann, bytes([number])) for number in range(45)]
    await members.accounts.set_password(ann, "h2", keep_session=kept)
    assert [kept] == [one.session_id for one in await members.sessions.of(ann)]
    assert others == [
        event.other for event in sorted(await members.outbox(), key=lambda one: one.other) if event.other
    ]
    assert await members.sessions.find(bytes([0])) is not None
    assert [None] * 44 == [await members.sessions.find(bytes([number])) for number in range(1, 45)]
    await members.accounts.set_password(ann, "h3")
    assert await members.sessions.find(bytes([0])) is None
    assert (1, 0) == await members.secrets_kept()


async def test_no_session_outlives_its_password(members: Registry, neighbour: Registry) -> None:
    """Whoever signs in while the password is changed gets no session with the old one."""
    ann = await make(members)
    tries = [start(neighbour, ann, bytes([number])) for number in range(5)]
    change = members.accounts.set_password(ann, "h2", replaces="h1")
    await asyncio.gather(*tries[:3], change, *tries[3:], return_exceptions=True)
    assert [] == await members.sessions.of(ann)


async def test_a_use_is_remembered_without_an_event(members: Registry) -> None:
    """Touching a session moves its last use forward only, shows at once, and leaves no event."""
    ann = await make(members)
    await start(members, ann, b"1")
    session = await members.sessions.find(b"1")
    assert session is not None
    events = await members.outbox()
    await members.sessions.touch(session, session.used_ms + 5_000)
    await members.sessions.touch(session, session.used_ms + 1_000)
    recalled = members.sessions.recall(b"1")
    assert recalled is not None
    assert session.used_ms + 5_000 == recalled.used_ms
    assert events == await members.outbox()


async def test_a_session_of_another_is_not_ended(members: Registry) -> None:
    """Ending a session needs its owner's id."""
    ann, bob = await make(members, "ann"), await make(members, "bob")
    session_id = await start(members, ann, b"1")
    await members.sessions.end(bob, session_id)
    assert await members.sessions.find(b"1") is not None


async def test_one_signing_key_is_added_at_a_time(members: Registry, neighbour: Registry) -> None:
    """Of two processes that find no fresh key one adds its own; old keys are dropped."""
    for store, name, made_ms in ((members.keys, "a", 10), (neighbour.keys, "b", 20)):
        await store.add(SigningKey(name, b"{}", made_ms), replaces_before_ms=5, drop_before_ms=0)
    assert ["a"] == [one.key_id for one in await members.keys.keys()]
    await members.keys.add(SigningKey("c", b"{}", 30), replaces_before_ms=20, drop_before_ms=0)
    assert ["c", "a"] == [one.key_id for one in await neighbour.keys.keys()]
    await members.keys.add(SigningKey("d", b"{}", 40), replaces_before_ms=35, drop_before_ms=15)
    assert ["d", "c"] == [one.key_id for one in await neighbour.keys.keys()]


async def test_of_two_keys_at_once_one_is_added(members: Registry, neighbour: Registry) -> None:
    """Two processes that find no fresh key at the same time add one in all."""
    for made_ms in (10, 1_000, 2_000):
        await asyncio.gather(
            *(
                one.keys.add(
                    SigningKey(f"{made_ms + number}", b"{}", made_ms + number),
                    replaces_before_ms=made_ms,
                    drop_before_ms=made_ms,
                )
                for number, one in enumerate((members, neighbour))
            )
        )
        assert 1 == len(await members.keys.keys())


async def test_the_ledger_tells_of_writes(members: Registry, neighbour: Registry) -> None:
    """Another process finds what a key's first success wrote, and what is left of the tightest limit."""
    wide, narrow = Charge("sign-ups", "all", 100, 3_600), Charge("sign-ups", "here", 3, 60)
    key = IdempotencyKey(STRANGER, "key", b"fingerprint")
    assert await neighbour.ledger.find(STRANGER, "key") is None
    assert Budget(3, 3, 60) == await neighbour.ledger.left((wide, narrow))
    ticket = Ticket(STRANGER, (wide, narrow), key)
    ann = await members.accounts.create(NewAccount("ann", "Ann"), None, ticket)
    assert ticket.budget is not None
    assert (3, 2) == (ticket.budget.limit, ticket.budget.remaining)
    assert (b"fingerprint", ann) == await neighbour.ledger.find(STRANGER, "key")
    left = await neighbour.ledger.left((wide, narrow))
    assert (3, 2) == (left.limit, left.remaining)
    again = Ticket(STRANGER, (wide, narrow), key)
    assert ann == await neighbour.accounts.create(NewAccount("ann", "Ann"), None, again)
    assert again.replayed
    assert {"all": 1, "here": 1} == await members.used()


async def test_attempts_are_exact_over_processes(members: Registry, neighbour: Registry) -> None:
    """Of many attempts at once in two processes exactly as many pass as the limit allows, and one given back frees
    one."""
    charges = (Charge("tries", "ann", 5, 60), Charge("tries of all", "here", 100, 60))

    async def attempt(one: Registry) -> bool:
        try:
            await one.attempts.take(Ticket(STRANGER, charges))
        except RateLimited:
            return False
        return True

    passed = await asyncio.gather(*(attempt(one) for one in (members, neighbour) * 10))
    assert sum(passed) == 5
    assert {"ann": 5, "here": 5} == await members.used()
    with pytest.raises(RateLimited):
        await members.attempts.room(charges)
    await neighbour.attempts.give_back(Ticket(STRANGER, charges), now_ms())
    await members.attempts.room(charges)
    assert [True, False] == [await attempt(members), await attempt(neighbour)]


async def test_nothing_is_given_back_to_a_later_window(members: Registry) -> None:
    """A charge that its window has outlived is not taken out of the next window."""
    ticket = Ticket(STRANGER, (Charge("tries", "ann", 5, 60),))
    taken_ms = await members.attempts.take(ticket)
    await members.begin_windows(taken_ms + 1)
    await members.attempts.give_back(ticket, taken_ms)
    assert {"ann": 1} == await members.used()
