"""Moving a network from a data folder into empty tables of the cluster engine.

All rows are of one moment, and every put may be repeated: what was cut off begins again from the start. A row among the
leases says which folder's rows the tables hold, and whether they hold all of them; until they do no process of the
cluster engine starts.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from typing import Protocol

from rookery.core.clock import now_ms
from rookery.core.errors import OperatorError, Problem
from rookery.engines.cluster import leases, opensearch, search_build
from rookery.engines.cluster.dynamo import Dynamo, connected
from rookery.engines.cluster.engine import ClusterOptions
from rookery.engines.cluster.leases import MOVING
from rookery.engines.cluster.redis import Redis, RedisDown
from rookery.engines.cluster.stored_feeds import StoredFeeds
from rookery.engines.cluster.tables import USERS, Item
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.turns import at_rest
from rookery.engines.moving_rows import Truth

CHUNK = 1_000  # rows of core.db that are held in memory


class Counted(Protocol):
    """How far one step is."""

    def advance(self, count: int) -> None:
        """Says that so much more is done."""


OnStep = Callable[[str, int], AbstractContextManager[Counted]]  # by name, with the rows that it has in all


async def move(files: Files, options: ClusterOptions, on_step: OnStep, *, go_on: bool) -> Mapping[str, int]:
    """Moves everything into the tables, which must be there, and makes the index; returns how many rows of each kind
    were moved. `go_on`: an earlier move from the same folder may have been cut off.

    Raises OperatorError where somebody uses the folder, the tables hold something else, or an engine does not answer.
    """
    with at_rest(files.folder), _truth(files) as truth:
        try:
            return await _move(truth, options, on_step, go_on=go_on)
        except (Problem, RedisDown) as fault:
            raise OperatorError(
                f"The move was cut off ({fault}): when the engines answer again, go on with --go-on."
            ) from fault


async def _move(truth: Truth, options: ClusterOptions, on_step: OnStep, *, go_on: bool) -> Mapping[str, int]:
    async with AsyncExitStack() as opened:
        dynamo = await opened.enter_async_context(
            connected(options.dynamodb_url, options.region, options.prefix)
        )
        index = await opened.enter_async_context(
            opensearch.connected(options.search_url, options.prefix, options.search_shards)
        )
        busy = OperatorError("Another process moves data into these tables just now: let it finish.")
        lease, before = await opened.enter_async_context(leases.held(dynamo, MOVING, busy))
        await _require_room(dynamo, before, truth.stamp(), go_on=go_on)
        await lease.keep({**truth.stamp(), "done": False})  # from now on nobody else starts
        moved = {}
        for part in truth.parts:
            moved[part.name] = truth.count(part)
            with on_step(part.name, moved[part.name]) as step:
                for count, rows in truth.read(part, CHUNK):
                    await dynamo.put_all(rows)
                    step.advance(count)
        redis = Redis(options.redis_url, options.prefix)
        opened.push_async_callback(redis.close)
        await StoredFeeds(redis, dynamo.clock).drop_all()  # left from earlier tables of the same names
        texts = moved["tweets"] + moved["replies"]
        with on_step("index", texts) as step:
            await search_build.rebuild(dynamo, index)
            step.advance(texts)
        await lease.keep({"done": True})
        return moved


@contextmanager
def _truth(files: Files) -> Iterator[Truth]:
    """core.db in one read transaction."""
    files.migrate("core")
    connection = files.connect("core")
    try:
        connection.pragma("query_only", True)
        connection.execute("BEGIN")
        yield Truth(connection, now_ms())
    finally:
        connection.close()


async def _require_room(dynamo: Dynamo, before: Item, stamp: Item, *, go_on: bool) -> None:
    """Lets nothing be overwritten but what an earlier move from the same folder left. Raises OperatorError."""
    if "source" not in before:
        if await anext(dynamo.scan(USERS), None) is not None:
            raise OperatorError(
                "The tables hold another network: name new ones with cluster.prefix, or remove these."
            )
        return
    if before["done"]:
        raise OperatorError("A data folder was moved into these tables already: nothing is left to do.")
    if not go_on:
        raise OperatorError("A move into these tables was cut off: go on with --go-on, or remove the tables.")
    if any(before[name] != value for name, value in stamp.items()):
        raise OperatorError(
            "What was cut off was a move from another folder, or this one has changed since: remove the tables, or"
            " name new ones with cluster.prefix, and begin again."
        )
