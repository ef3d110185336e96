"""What a write reads and says is to change, before it is committed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rookery.core.clock import now_ms
from rookery.core.errors import Problem
from rookery.core.events import Event, Kind
from rookery.engines.cluster.clock import IdClock
from rookery.engines.cluster.codec import packed, typed
from rookery.engines.cluster.tables import DELTAS, EXPIRES, OUTBOX, OUTBOX_SHARDS, Item, Key, Table, Value

OUTBOX_KEPT_S = 7 * 24 * 3600
ACTIONS_MAX = 100  # of one transaction
ABSENT: Mapping[str, Value | None] = {}  # as a condition: there is no such row
_HASH = 0x9E3779B97F4A7C15  # spreads subjects, whose low bits are alike, over the shards

GetAll = Callable[[Mapping[Table, Sequence[Key]]], Awaitable[dict[Table, dict[Key, Item]]]]
Query = Callable[..., Awaitable[list[Item]]]


@dataclass(frozen=True, slots=True)
class Below:
    """As a condition: the attribute is less than this."""

    limit: int


Condition = Mapping[str, Value | Below | None]


@dataclass(frozen=True, slots=True)
class Action:
    """One part of a transaction; `refused` is told where its condition fails, None lets the write run again. `new`: it
    stands only where there was no row."""

    verb: str
    table: Table
    key: Key
    said: dict[str, Any]
    refused: Problem | None = None
    new: bool = False


@dataclass(frozen=True, slots=True)
class Touched:
    """The keys of cached rows that a write changes, and the token under which it marked some of them."""

    names: Sequence[str] = ()
    token: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """What a write adds to a counter."""

    delta_id: int
    actor: int
    subject: int
    field: str
    amount: int


@dataclass(frozen=True, slots=True)
class Committed:
    """What a write did: its events, what it adds to counters, and what is to be taken out of the cache of rows."""

    events: Sequence[Event] = ()
    deltas: Sequence[Delta] = ()
    touched: Touched = field(default_factory=Touched)


@dataclass(slots=True)
class Tx:
    """A transaction in the making. A row may be named once. A condition (`where`) gives the values that attributes must
    have or stay below, None that they are absent; ABSENT that there is no row."""

    read: GetAll
    query: Query
    clock: IdClock
    actor: int
    tried: int = 0  # how often the same write was tried before
    now_ms: int = field(default_factory=now_ms)
    actions: list[Action] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    deltas: list[Delta] = field(default_factory=list)
    ahead: dict[Table, dict[Key, Item | None]] = field(default_factory=dict)
    touched: Touched = field(default_factory=Touched)
    caches_first: bool = False  # see hide
    presuming: bool = False  # `ahead` was not read: conditions must say all that it stands on

    async def read_ahead(self, wanted: Mapping[Table, Sequence[Key]]) -> None:
        """Reads what the write is known to ask for, in one call."""
        if any(wanted.values()):
            found = await self.read(wanted)
            self.ahead = {
                table: {key: found[table].get(key) for key in keys} for table, keys in wanted.items()
            }

    async def get_all(self, wanted: Mapping[Table, Sequence[Key]]) -> dict[Table, dict[Key, Item]]:
        """Rows of several tables by key, as they were when this try began or later."""
        held = {table: self.ahead.get(table, {}) for table in wanted}
        missing = {table: [key for key in keys if key not in held[table]] for table, keys in wanted.items()}
        found = await self.read(missing) if any(missing.values()) else {}
        return {
            table: {
                key: row
                for key in keys
                if (row := held[table].get(key) or found.get(table, {}).get(key)) is not None
            }
            for table, keys in wanted.items()
        }

    async def get(self, table: Table, *key: Any) -> Item | None:
        """One row, as it is now."""
        return (await self.get_all({table: [key]}))[table].get(key)

    def mint(self, *, reply: bool = False) -> int:
        """A new id."""
        return self.clock.mint(reply=reply)

    def put(
        self,
        table: Table,
        item: Mapping[str, Value | None],
        *,
        where: Condition | None = None,
        refused: Problem | None = None,
    ) -> None:
        """Writes a row, in place of the one with its key. None values are left out."""
        said: dict[str, Any] = {"Item": packed(item)}
        self._add("Put", table, table.key_of(item), said, where, refused)

    def update(
        self,
        table: Table,
        *key: Any,
        set_to: Mapping[str, Value | None] | None = None,
        add: Mapping[str, int] | None = None,
        where: Condition | None = None,
        refused: Problem | None = None,
    ) -> None:
        """Changes attributes of a row, which is made where there is none; None takes one away."""
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        sets, removes, adds = [], [], []
        for number, (name, value) in enumerate((set_to or {}).items()):
            names[f"#s{number}"] = name
            if value is None:
                removes.append(f"#s{number}")
            else:
                values[f":s{number}"] = typed(value)
                sets.append(f"#s{number} = :s{number}")
        for number, (name, amount) in enumerate((add or {}).items()):
            names[f"#a{number}"] = name
            values[f":a{number}"] = typed(amount)
            adds.append(f"#a{number} :a{number}")
        clauses = (("SET", sets), ("REMOVE", removes), ("ADD", adds))
        said: dict[str, Any] = {
            "Key": packed(table.named(key)),
            "UpdateExpression": " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        self._add("Update", table, key, said, where, refused)

    def delete(
        self,
        table: Table,
        *key: Any,
        where: Condition | None = None,
        refused: Problem | None = None,
    ) -> None:
        """Takes a row away, if it is there."""
        self._add("Delete", table, key, {"Key": packed(table.named(key))}, where, refused)

    def check(self, table: Table, *key: Any, where: Condition, refused: Problem | None = None) -> None:
        """Lets the write stand only where the condition holds of a row that it does not change."""
        self._add("ConditionCheck", table, key, {"Key": packed(table.named(key))}, where, refused)

    def hide(self) -> None:
        """Lets it be refused rather than stand while caches cannot be told before: for what takes something out of
        sight."""
        self.caches_first = True

    def emit(
        self, kind: Kind, subject: int, other: int = 0, *, actor: int | None = None, backdated: bool = False
    ) -> None:
        """Says in the outbox what happened."""
        event = Event(self.mint(), kind, self.actor if actor is None else actor, subject, other, backdated)
        self.events.append(event)
        self.put(OUTBOX, event_row(event, self.now_ms), where=ABSENT)

    def count(self, subject: int, field_name: str, amount: int, *, actor: int | None = None) -> None:
        """Adds to a counter (COUNTS) once a worker folds it."""
        delta = Delta(self.mint(), self.actor if actor is None else actor, subject, field_name, amount)
        self.deltas.append(delta)
        self.put(
            DELTAS,
            {
                "actor_id": delta.actor,
                "delta_id": delta.delta_id,
                "subject_id": subject,
                "field": field_name,
                "amount": amount,
            },
            where=ABSENT,
        )

    def committed(self) -> Committed:
        """What to tell once it stands."""
        return Committed(tuple(self.events), tuple(self.deltas), self.touched)

    def _add(
        self,
        verb: str,
        table: Table,
        key: Key,
        said: dict[str, Any],
        where: Condition | None,
        refused: Problem | None,
    ) -> None:
        if where is not None:
            _condition(table, said, where)
        new = where is not None and not where
        self.actions.append(Action(verb, table, key, said, refused, new))
        assert len(self.actions) <= ACTIONS_MAX


def event_row(event: Event, now_ms: int) -> Item:
    """The row of an event in the outbox, kept from now on."""
    return {
        "shard": shard_of(event.subject),
        "event_id": event.event_id,
        "kind": int(event.kind),
        "actor": event.actor,
        "subject": event.subject,
        "other": event.other,
        "backdated": event.backdated,
        EXPIRES: now_ms // 1000 + OUTBOX_KEPT_S,
    }


def shard_of(subject: int) -> int:
    """The outbox's partition of what happened to something."""
    return (subject * _HASH >> 32) % OUTBOX_SHARDS


def _condition(table: Table, said: dict[str, Any], where: Condition) -> None:
    names = said.setdefault("ExpressionAttributeNames", {})
    values = said.setdefault("ExpressionAttributeValues", {})
    parts = []
    for number, (name, value) in enumerate(where.items()):
        names[f"#w{number}"] = name
        if value is None:
            parts.append(f"attribute_not_exists(#w{number})")
        else:
            sign, bound = ("<", value.limit) if isinstance(value, Below) else ("=", value)
            values[f":w{number}"] = typed(bound)
            parts.append(f"#w{number} {sign} :w{number}")
    if not where:
        names["#w"] = table.key
        parts.append("attribute_not_exists(#w)")
    said["ConditionExpression"] = " AND ".join(parts)
    for empty in [
        name for name in ("ExpressionAttributeNames", "ExpressionAttributeValues") if not said[name]
    ]:
        del said[empty]
