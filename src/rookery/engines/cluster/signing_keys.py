"""The keys that sign JWTs, in DynamoDB."""

from collections.abc import Sequence

from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number, raw
from rookery.engines.cluster.tables import SIGNING_KEYS, Item
from rookery.engines.cluster.tx import ABSENT, Query, Tx
from rookery.services.accounts.store import SigningKey

RING = "keys"
TURN = "turn"  # the partition of a single row, which every addition moves on: of two at once one is made anew
KEYS_MAX = 1_000


class ClusterKeys:
    """The KeyStore of this engine."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    async def keys(self) -> Sequence[SigningKey]:
        """See KeyStore."""
        return [_key(row) for row in await _rows(self._dynamo.query)]

    async def add(self, key: SigningKey, *, replaces_before_ms: int, drop_before_ms: int) -> None:
        """See KeyStore."""

        async def work(tx: Tx) -> None:
            turn = await tx.get(SIGNING_KEYS, TURN, 0)
            rows = await _rows(tx.query)
            for row in rows:
                if number(row, "created_ms") < drop_before_ms:
                    tx.delete(SIGNING_KEYS, RING, row["created_ms"])
            if all(number(row, "created_ms") < replaces_before_ms for row in rows):
                tx.put(SIGNING_KEYS, row_of(key), where=ABSENT)
                same = ABSENT if turn is None else {"key_id": turn["key_id"]}
                tx.put(SIGNING_KEYS, {"ring": TURN, "created_ms": 0, "key_id": key.key_id}, where=same)

        await self._dynamo.write(work)


def row_of(key: SigningKey) -> Item:
    """The row of a key."""
    made: Item = {"ring": RING, "created_ms": key.created_ms, "key_id": key.key_id}
    return {**made, "private_jwk": key.private_jwk}


async def _rows(query: Query) -> list[Item]:
    return await query(SIGNING_KEYS, RING, limit=KEYS_MAX)


def _key(row: Item) -> SigningKey:
    return SigningKey(str(row["key_id"]), raw(row, "private_jwk"), number(row, "created_ms"))
