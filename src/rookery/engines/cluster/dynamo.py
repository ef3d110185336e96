"""Reading and writing DynamoDB: batches read whole, and writes as one transaction each.

A write is a function that reads what it must know and says what is to change; all of that is one TransactWriteItems
with the conditions under which it was right. Where one of them fails, somebody was faster, and the function runs again.
A call that was cut off is repeated with the same token, so it happens once.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from rookery.core.errors import Problem
from rookery.core.limits import Ticket
from rookery.engines.cluster.admission import Admission
from rookery.engines.cluster.clock import IdClock
from rookery.engines.cluster.codec import packed, typed, unpacked
from rookery.engines.cluster.presumed import Presumed, covers
from rookery.engines.cluster.tables import Item, Key, Placed, Table
from rookery.engines.cluster.tx import Committed, Tx
from rookery.engines.cluster.wire import client_of

BATCH_MAX = 100  # rows of one BatchGetItem
PUT_MAX = 25  # rows of one BatchWriteItem
PUTS_AT_ONCE_MAX = 16  # such calls
PUT_TRIES_MAX = 20
KEY_BYTES_MAX = 1_024
TRIES_MAX = 8
DEADLINE_S = 5.0  # that a request waits for DynamoDB in all
COMMIT_S_MAX = 20.0  # from its first try on; a minute later all that was minted is visible (watch, followers)
BACKOFF_S = 0.02  # before the second try; doubles, with full jitter
_RETRIED = {
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionInProgressException",
}
_BUSY = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
T = TypeVar("T")
OnCommit = Callable[[Committed], None]
BeforeAnswer = Callable[[Committed], Awaitable[None]]


class Guard(Protocol):
    """What has to know of a write before it stands."""

    async def begin(self, tx: Tx) -> None:
        """Hears of it right before the commit, at each try. Raises Problem where it may not be now."""

    async def refused(self, tx: Tx) -> None:
        """Hears that this try certainly changed nothing."""


class Dynamo:
    """DynamoDB, whose tables' names begin with `prefix`; its `client` may be given later. After a commit each of
    `on_commit` is told what it did; then each of `before_answer`, for which the write waits. `guard` hears of it
    before."""

    def __init__(self, client: Any | None, prefix: str) -> None:
        self.client: Any = client
        self.clock = IdClock()
        self.on_commit: list[OnCommit] = []
        self.before_answer: list[BeforeAnswer] = []
        self.guard: Guard | None = None
        self._prefix = prefix
        self._presumed = Presumed()

    def name(self, table: Table) -> str:
        """The table's name."""
        return f"{self._prefix}{table.name}"

    async def get(self, table: Table, *key: Any) -> Item | None:
        """One row, as it is now."""
        return (await self.get_all({table: [key]}))[table].get(key)

    async def get_all(self, wanted: Mapping[Table, Sequence[Key]]) -> dict[Table, dict[Key, Item]]:
        """Rows of several tables as they are now, by key; those that are not there are left out."""
        found: dict[Table, dict[Key, Item]] = {table: {} for table in wanted}
        pairs = [
            (table, key) for table, keys in wanted.items() for key in dict.fromkeys(keys) if _may_be(key)
        ]
        chunks = [pairs[start : start + BATCH_MAX] for start in range(0, len(pairs), BATCH_MAX)]
        for part in await asyncio.gather(*map(self._get_batch, chunks)):
            for table, item in part:
                found[table][table.key_of(item)] = item
        return found

    async def query(
        self,
        table: Table,
        owner: int | str,
        *,
        below: int | None = None,
        above: int | None = None,
        limit: int,
        oldest_first: bool = False,
    ) -> list[Item]:
        """Rows of one partition in the order of their sort key, newest first; both bounds are left out."""
        assert table.sort is not None
        names, values = {"#k": table.key}, {":k": typed(owner)}
        condition = "#k = :k"
        if below is not None or above is not None:
            names["#s"] = table.sort
            low, high = (above or 0) + 1, (1 << 63) - 1 if below is None else below - 1
            if low > high:
                return []
            condition += " AND #s BETWEEN :l AND :h"
            values |= {":l": typed(low), ":h": typed(high)}
        asked = {
            "TableName": self.name(table),
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": oldest_first,
            "ConsistentRead": True,
        }
        rows: list[Item] = []
        while len(rows) < limit:
            answer = await self._call("query", **asked, Limit=limit - len(rows))
            rows += map(unpacked, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                break
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return rows

    async def scan(self, table: Table) -> AsyncIterator[Item]:
        """Every row, in no order: for upkeep and checks alone."""
        asked: dict[str, Any] = {"TableName": self.name(table), "ConsistentRead": True}
        while True:
            answer = await self._call("scan", **asked)
            for item in answer["Items"]:
                yield unpacked(item)
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    async def put_all(self, rows: Sequence[Placed]) -> None:
        """Puts rows in place of those with their keys, in no order and outside of any transaction: for filling tables
        that nobody uses. A key may come once. Raises Problem `engine_unavailable`; some rows may stand then."""
        turns = asyncio.Semaphore(PUTS_AT_ONCE_MAX)

        async def put(part: Sequence[Placed]) -> None:
            async with turns:
                await self._put_batch(part)

        parts = [rows[start : start + PUT_MAX] for start in range(0, len(rows), PUT_MAX)]
        await asyncio.gather(*map(put, parts))

    async def write(
        self,
        work: Callable[[Tx], Awaitable[T]],
        ticket: Ticket | None = None,
        *,
        ahead: Mapping[Table, Sequence[Key]] | None = None,
    ) -> T:
        """Carries out `work` as one transaction; returns what it returned, once that is durable. The rows named by
        `ahead` are read together with the ticket's, so that `work` need not wait for them again; or not at all, where
        this process may presume them (see presumed).

        With a ticket, `work` returns the id that it wrote, or None where nothing changed (which is not charged); a
        repeated idempotency key gives the first id instead. Raises what `work` raised or gave as a condition's
        `refused` (then nothing of it is kept), RateLimited, Problem `idempotency_mismatch` or `engine_unavailable`.
        """
        admission = Admission(ticket)
        wanted = {**admission.wanted(), **(ahead or {})}
        presumed = self._presumed.take(wanted) if ticket is not None else None
        for tried in range(TRIES_MAX):
            tx = Tx(self.get_all, self.query, self.clock, ticket.actor if ticket else 0, tried)
            if presumed is None:
                await tx.read_ahead(wanted)
            else:
                tx.ahead, tx.presuming = presumed, True
            try:
                first = await admission.look(tx)
                if first is not None:
                    return first  # type: ignore[return-value]
                result = await work(tx)
                if ticket is not None and result is not None:
                    admission.charge(tx)
                if ticket is not None:
                    admission.remember(tx, result or 0)  # type: ignore[arg-type]
            except Problem:
                if presumed is None:
                    raise
                stands = False  # it may be otherwise in truth
            else:
                stands = (presumed is None or covers(tx, presumed)) and await self._guarded(tx)
            if stands:
                self._presumed.keep(tx, admission.windows)
                admission.settle(charged=result is not None)
                done = tx.committed()
                for tell in self.on_commit:
                    tell(done)
                for finish in self.before_answer:
                    await finish(done)
                return result
            if presumed is None:
                await asyncio.sleep(_backoff_s(tried))
            else:
                self._presumed.wrong(presumed)
                presumed = None
        raise _unavailable()

    async def _guarded(self, tx: Tx) -> bool:
        """Commits; the guard hears of it before, and where it certainly changed nothing."""
        if self.guard is None:
            return await self._commit(tx)
        await self.guard.begin(tx)
        try:
            stands = await self._commit(tx)
        except Problem as fault:
            if fault.code != "engine_unavailable":  # then it may stand all the same
                await self.guard.refused(tx)
            raise
        if not stands:
            await self.guard.refused(tx)
        return stands

    async def _commit(self, tx: Tx) -> bool:
        """Whether the transaction stands; False where it must be made anew. Raises what a failed condition says."""
        if all(one.verb == "ConditionCheck" for one in tx.actions):
            return True  # nothing changes that would have to stand on anything
        token = secrets.token_hex(18)
        items = [{one.verb: {"TableName": self.name(one.table), **one.said}} for one in tx.actions]
        ends_at = asyncio.get_running_loop().time() + COMMIT_S_MAX
        for tried in range(TRIES_MAX):
            try:
                await self._call("transact_write_items", TransactItems=items, ClientRequestToken=token)
            except ClientError as fault:
                if fault.response["Error"]["Code"] != "TransactionCanceledException":
                    raise _unavailable() from fault
                if not _only_busy(fault, tx):
                    return False
                token = secrets.token_hex(18)
                await asyncio.sleep(_backoff_s(tried))
                if asyncio.get_running_loop().time() >= ends_at:
                    break
            else:
                return True
        raise _unavailable()

    async def _get_batch(self, pairs: Sequence[tuple[Table, Key]]) -> list[tuple[Table, Item]]:
        tables = {self.name(table): table for table, _ in pairs}
        asked: dict[str, Any] = {name: {"Keys": [], "ConsistentRead": True} for name in tables}
        for table, key in pairs:
            asked[self.name(table)]["Keys"].append(packed(table.named(key)))
        found: list[tuple[Table, Item]] = []
        for tried in range(TRIES_MAX):
            answer = await self._call("batch_get_item", RequestItems=asked)
            for name, items in answer["Responses"].items():
                found += ((tables[name], unpacked(item)) for item in items)
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return found
            await asyncio.sleep(_backoff_s(tried))
        raise _unavailable()

    async def _put_batch(self, rows: Sequence[Placed]) -> None:
        asked: dict[str, list[Any]] = {}
        for table, item in rows:
            asked.setdefault(self.name(table), []).append({"PutRequest": {"Item": packed(item)}})
        for tried in range(PUT_TRIES_MAX):
            with suppress(Problem):  # nobody waits for an answer: what was throttled in all comes again, too
                answer = await self._call("batch_write_item", RequestItems=asked)
                asked = answer.get("UnprocessedItems") or {}
            if not asked:
                return
            await asyncio.sleep(_backoff_s(tried))
        raise _unavailable()

    async def _call(self, operation: str, **asked: Any) -> Any:
        """One call, repeated where it was throttled or cut off. Raises ClientError for what a repetition cannot mend,
        Problem `engine_unavailable`."""
        ends_at = asyncio.get_running_loop().time() + DEADLINE_S
        for tried in range(TRIES_MAX):
            try:
                return await getattr(self.client, operation)(**asked)
            except ClientError as fault:
                if fault.response["Error"]["Code"] not in _RETRIED:
                    raise
                last: Exception = fault
            except (BotoCoreError, OSError, TimeoutError) as fault:
                last = fault
            if asyncio.get_running_loop().time() >= ends_at:
                break
            await asyncio.sleep(_backoff_s(tried))
        raise _unavailable() from last


@asynccontextmanager
async def connected(url: str, region: str, prefix: str) -> AsyncIterator[Dynamo]:
    """An opened DynamoDB."""
    async with client_of(url, region) as client:
        yield Dynamo(client, prefix)


def _may_be(key: Key) -> bool:
    """Whether a row can have this key: DynamoDB refuses to look for an empty or a very long one."""
    return all(not isinstance(part, str) or 0 < len(part.encode()) <= KEY_BYTES_MAX for part in key)


def _only_busy(fault: ClientError, tx: Tx) -> bool:
    """Whether a cancelled transaction may simply be tried again. Raises what a failed condition was to say, unless
    it stood on what was not read."""
    busy = True
    reasons = fault.response.get("CancellationReasons", [])
    for action, reason in zip(tx.actions, reasons, strict=False):
        code = reason.get("Code", "None")
        if code == "ConditionalCheckFailed":
            busy = False
            if action.refused is not None and not tx.presuming:
                raise action.refused
        elif code != "None" and code not in _BUSY:
            raise fault
    return busy


def _backoff_s(tried: int) -> float:
    return random.uniform(0, BACKOFF_S * 2 ** min(tried, 6))  # noqa: S311 - to part those who clash


def _unavailable() -> Problem:
    return Problem("engine_unavailable", "The storage cannot be used just now.", retry_after_s=2)
