"""Counters: deltas that writes left are folded into COUNTS, each exactly once.

A transaction deletes the deltas, each on condition that it is there, and adds their sums. So it counts them all or
none, and whoever comes with one of them again, after a cut connection or from another worker, finds it gone. It waits
where caches cannot be told before, since readers add their own deltas to cached counters (facts.py).

Celebrities: an account is flagged, with the time, once its folded followers reach the threshold, and the flag is never
cleared. When followers fall below the threshold again nothing changes: readers go on merging all of the account's
tweets and fan-out stays off, so there is no second moment at which a tweet could be missed or doubled. A raised
threshold likewise leaves old flags; a lowered one flags an account at its next follower.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rookery.core.clock import now_ms
from rookery.core.events import Kind
from rookery.core.ids import first_id_at
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number
from rookery.engines.cluster.suggestions import rank
from rookery.engines.cluster.tables import CELEBRITIES, COUNTS, DELTAS, EVERYBODY, Item
from rookery.engines.cluster.tx import ABSENT, ACTIONS_MAX, Delta, Tx

FOLLOWERS = "followers"


async def fold(dynamo: Dynamo, deltas: Sequence[Delta], celebrity_followers: int) -> int:
    """Folds those of the deltas that are not folded yet; returns how many. `celebrity_followers`: from this many
    followers on an account is flagged."""
    folded = 0
    for part in _parts(list(dict.fromkeys(deltas))):
        folded += await _fold_together(dynamo, part)
    await _followed(dynamo, [one for one in deltas if one.field == FOLLOWERS], celebrity_followers)
    return folded


async def sweep(dynamo: Dynamo, older_than_ms: int, celebrity_followers: int) -> int:
    """Folds the deltas that have waited longer than `older_than_ms`, as those whose event was lost; returns how many.
    It looks through the whole table, which is short while workers keep up."""
    before = first_id_at(now_ms() - older_than_ms)
    left = [_delta(row) async for row in dynamo.scan(DELTAS) if number(row, "delta_id") < before]
    return await fold(dynamo, left, celebrity_followers)


async def _fold_together(dynamo: Dynamo, deltas: Sequence[Delta]) -> int:
    async def work(tx: Tx) -> int:
        tx.hide()
        standing = await _standing(tx, deltas) if tx.tried else deltas
        for one in standing:
            tx.delete(DELTAS, one.actor, one.delta_id, where={"amount": one.amount})
        for subject, sums in _summed(standing).items():
            tx.update(COUNTS, subject, add=sums)
        return len(standing)

    return await dynamo.write(work)


async def _standing(tx: Tx, deltas: Sequence[Delta]) -> list[Delta]:
    found = (await tx.get_all({DELTAS: [(one.actor, one.delta_id) for one in deltas]}))[DELTAS]
    return [one for one in deltas if (one.actor, one.delta_id) in found]


async def _followed(dynamo: Dynamo, deltas: Sequence[Delta], celebrity_followers: int) -> None:
    """Flags and ranks the accounts whose followers were counted."""
    gained: Counter[int] = Counter()
    for one in deltas:
        gained[one.subject] += one.amount
    found = (await dynamo.get_all({COUNTS: [(one,) for one in gained]}))[COUNTS]
    for row in found.values():
        user_id, followers = number(row, "subject_id"), number(row, FOLLOWERS)
        if followers >= celebrity_followers and not row.get("celebrity_ms"):
            await _flag_one(dynamo, user_id)
        await rank(dynamo, user_id, followers, gained[user_id])


async def _flag_one(dynamo: Dynamo, user_id: int) -> None:
    async def work(tx: Tx) -> None:
        row = await tx.get(COUNTS, user_id)
        if row is not None and not row.get("celebrity_ms"):
            tx.update(COUNTS, user_id, set_to={"celebrity_ms": tx.now_ms}, where={"celebrity_ms": None})
            tx.put(CELEBRITIES, {"owner": EVERYBODY, "position": tx.mint(), "item": user_id}, where=ABSENT)
            tx.emit(Kind.ACCOUNT_CHANGED, user_id, actor=user_id)

    await dynamo.write(work)


def _parts(deltas: Sequence[Delta]) -> Iterator[list[Delta]]:
    """Those whose deletes and sums fit a transaction. Deltas of one subject come together."""
    part: list[Delta] = []
    subjects: set[int] = set()
    for one in sorted(deltas, key=lambda delta: delta.subject):
        if len(part) + len(subjects | {one.subject}) >= ACTIONS_MAX:
            yield part
            part, subjects = [], set()
        part.append(one)
        subjects.add(one.subject)
    if part:
        yield part


def _summed(deltas: Sequence[Delta]) -> Mapping[int, Mapping[str, int]]:
    """The sums by subject and field, without those that are nothing."""
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    for one in deltas:
        sums[one.subject][one.field] += one.amount
    changed = (
        (subject, {name: amount for name, amount in one.items() if amount}) for subject, one in sums.items()
    )
    return {subject: one for subject, one in changed if one}


def _delta(row: Item) -> Delta:
    actor, delta_id, subject, amount = (
        number(row, one) for one in ("actor_id", "delta_id", "subject_id", "amount")
    )
    return Delta(delta_id, actor, subject, str(row["field"]), amount)
