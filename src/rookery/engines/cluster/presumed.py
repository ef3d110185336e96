"""The rows that every write of an account reads first, its own and those of its limits, as this process last left them.

A write whose rows are all known so presumes that they still are that way, and commits without reading; its conditions
say whether it was right, and where it was not it is made anew from what is read. Who is right saves a call; who is
wrong has paid for one: so after a wrong presumption about a row, as where processes take turns in writing for an
account, it is presumed again only once a read found it as this process had left it.
"""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import NamedTuple

from rookery.engines.cluster.tables import IDEMPOTENCY_KEYS, RATE_WINDOWS, USERS, Item, Key, Table
from rookery.engines.cluster.tx import Tx

KEPT_S = 600.0  # after which others have probably written
ROWS_MAX = 30_000  # some 15 MB; the longest unused go first

_PRESUMABLE = frozenset((USERS, RATE_WINDOWS, IDEMPOTENCY_KEYS))
_Wanted = Mapping[Table, Sequence[Key]]
_Name = tuple[Table, Key]


class _Left(NamedTuple):
    row: Item
    steady: bool  # nobody else changed it since it was last written here, as far as is known
    until_s: float


class Presumed:
    """What this process presumes."""

    def __init__(self) -> None:
        self._left: dict[_Name, _Left] = {}

    def take(self, wanted: _Wanted) -> dict[Table, dict[Key, Item | None]] | None:
        """These rows, where all may be presumed; an idempotency key is new. They are known again once a write gave them
        to `keep`: meanwhile others of the same account read, and so none hinders another twice."""
        now_s = monotonic()
        found: dict[Table, dict[Key, Item | None]] = {table: {} for table in wanted}
        for table, keys in wanted.items():
            for key in keys:
                if table is IDEMPOTENCY_KEYS:
                    found[table][key] = None
                    continue
                left = self._left.get((table, key))
                if left is None or not left.steady or left.until_s <= now_s:
                    return None
                found[table][key] = left.row
        lasting = _lasting(wanted)
        for name in lasting:
            del self._left[name]
        return found if lasting else None

    def wrong(self, taken: Mapping[Table, Mapping[Key, Item | None]]) -> None:
        """At least one of these was not so any more."""
        for table, key in _lasting(taken):
            newer = self._left.pop((table, key), None)
            self._add((table, key), newer.row if newer else taken[table][key] or {}, steady=False)

    def keep(self, tx: Tx, windows: Mapping[Key, Item]) -> None:
        """A write stands that left these windows. The account's row is as it was where the write stood on that; what
        it changed otherwise is known no more."""
        left: dict[_Name, Item] = {(RATE_WINDOWS, key): window for key, window in windows.items()}
        for action in tx.actions:
            name = action.table, action.key
            if action.table is USERS and action.verb == "ConditionCheck":
                user = tx.ahead.get(USERS, {}).get(action.key)
                left |= {} if user is None else {name: user}
            elif name not in left:
                self._left.pop(name, None)
        presumable = _PRESUMABLE.issuperset(tx.ahead)
        for name, row in left.items():
            if presumable or name in self._left:  # what other writes read, too, could never be taken
                before = self._left.pop(name, None)
                found = tx.ahead.get(name[0], {}).get(name[1])
                self._add(name, row, steady=before is None or before.row == found)

    def _add(self, name: _Name, row: Item, *, steady: bool) -> None:
        self._left[name] = _Left(row, steady, monotonic() + KEPT_S)
        if len(self._left) > ROWS_MAX:
            del self._left[next(iter(self._left))]


def covers(tx: Tx, taken: Mapping[Table, Mapping[Key, object]]) -> bool:
    """Whether conditions of the transaction name every row that it took for known. What hides something is decided by
    what is read alone: it is refused while caches cannot be told, and that too would be by what is presumed."""
    named = {(one.table, one.key) for one in tx.actions if "ConditionExpression" in one.said}
    return not tx.caches_first and all((table, key) in named for table, rows in taken.items() for key in rows)


def _lasting(names: Mapping[Table, Sequence[Key] | Mapping[Key, object]]) -> list[_Name]:
    return [(table, key) for table, keys in names.items() if table is not IDEMPOTENCY_KEYS for key in keys]
