"""Replies in DynamoDB."""

from collections.abc import Sequence

from rookery.core.content import Draft, Version
from rookery.core.entities import AccountState
from rookery.core.events import Kind
from rookery.core.ids import ID_MAX
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate
from rookery.engines.cluster import reach, removal, texts
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import candidates, keys_of, lineage, number, table_of
from rookery.engines.cluster.reach import Target, require_author, require_target
from rookery.engines.cluster.tables import COUNTS, REPLIES, REPLIES_OF, REPLIES_TO, USERS, Item, Placed
from rookery.engines.cluster.tx import ABSENT, Tx

_SCORE = ("likes", "retweets", "replies")


class ClusterReplies:
    """The ReplyStore of this engine."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo
        self._dated = texts.DatedIds(dynamo)

    async def create(
        self, draft: Draft, parent_id: int, ticket: Ticket | None = None, *, at_ms: int | None = None
    ) -> int:
        """See ReplyStore."""

        async def work(tx: Tx) -> int:
            await require_author(tx, draft.author_id)
            parent = await require_target(tx, draft.author_id, parent_id)
            if at_ms is None:
                reply_id = tx.mint(reply=True)
            else:
                reply_id = await self._dated.give(at_ms, reply=True, tried=tx.tried)
            _put(tx, reply_id, draft, parent_id, parent)
            tx.emit(
                Kind.REPLY_CREATED, reply_id, parent_id, actor=draft.author_id, backdated=at_ms is not None
            )
            return reply_id

        return await self._dynamo.write(work, ticket, ahead=reach.ahead(draft.author_id, parent_id))

    async def edit(
        self, actor: int, reply_id: int, content: str, links: bytes, ticket: Ticket | None = None
    ) -> None:
        """See ReplyStore."""
        await self._dynamo.write(
            lambda tx: texts.edit(tx, actor, reply_id, content, links), ticket, ahead={REPLIES: [(reply_id,)]}
        )

    async def delete(self, actor: int, reply_id: int, ticket: Ticket | None = None) -> None:
        """See ReplyStore."""
        await removal.delete(self._dynamo, actor, reply_id, ticket)

    async def history(self, reply_id: int, limit: int) -> Sequence[Version]:
        """See ReplyStore."""
        return await texts.history(self._dynamo, reply_id, limit)

    async def replies_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See ReplyStore."""
        return candidates(await self._dynamo.query(REPLIES_OF, str(user_id), below=before, limit=limit))

    async def replies_to(self, parent_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See ReplyStore."""
        return candidates(await self._dynamo.query(REPLIES_TO, str(parent_id), below=before, limit=limit))

    async def oldest_to(self, parent_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See ReplyStore."""
        rows = await self._dynamo.query(
            REPLIES_TO, str(parent_id), above=ID_MAX - before, limit=limit, oldest_first=True
        )
        return [(ID_MAX - one, one) for one, _ in candidates(rows)]

    async def scored(self, parent_id: int, limit: int) -> Sequence[tuple[int, int]]:
        """See ReplyStore."""
        newest = [one for _, one in await self.replies_to(parent_id, ID_MAX, limit)]
        counts = (await self._dynamo.get_all({COUNTS: [(one,) for one in newest]}))[COUNTS]
        return [(one, sum(number(counts.get((one,), {}), name) for name in _SCORE)) for one in newest]

    async def between(self, parent_id: int, low: int, high: int, limit: int) -> Sequence[int]:
        """See ReplyStore."""
        rows = await self._dynamo.query(
            REPLIES_TO, str(parent_id), above=low - 1, below=high + 1, limit=limit
        )
        return [one for _, one in candidates(rows)]

    async def author_of_deleted(self, tweet_id: int) -> int | None:
        """See ReplyStore."""
        row = await self._dynamo.get(table_of(tweet_id), tweet_id)
        if row is None or row.get("original_id"):
            return None
        owner_id = number(row, "owner_id")
        if row.get("deleted"):
            return owner_id
        owner = await self._dynamo.get(USERS, owner_id)
        return owner_id if owner is not None and owner["state"] == AccountState.DELETED else None

    async def ancestors(self, reply_id: int, limit: int) -> Sequence[tuple[int, bool]]:
        """See ReplyStore. Reads as many levels at a time as a row knows of."""
        found: list[tuple[int, bool]] = []
        row = await self._dynamo.get(REPLIES, reply_id) if table_of(reply_id) is REPLIES else None
        while row is not None and len(found) < limit:
            levels = await self._levels(row, limit - len(found))
            found += [(one, bool(level.get("deleted"))) for one, level in levels]
            row = levels[-1][1] if levels and table_of(levels[-1][0]) is REPLIES else None
        return found

    async def erase(self, user_id: int, limit: int) -> int:
        """See ReplyStore. What hung on a reply goes with the sweep that its event asks for."""
        return await removal.remove_replies_of(self._dynamo, user_id, limit)

    async def _levels(self, row: Item, limit: int) -> list[tuple[int, Item]]:
        """What a reply answers, and what that answers, as far as its row knows, with their rows; of a tweet at the top
        not what it quotes."""
        above: list[int] = []
        for one, _ in lineage(row)[:limit]:
            above.append(one)
            if table_of(one) is not REPLIES:
                break
        found = await self._dynamo.get_all(keys_of(above))
        return [(one, found[table_of(one)][one,]) for one in above]


def _put(tx: Tx, reply_id: int, draft: Draft, parent_id: int, parent: Target) -> None:
    actor = draft.author_id
    for table, row in rows_of(reply_id, draft, parent_id, parent.owner_id, parent.lineage):
        tx.put(table, row, where=ABSENT)
    tx.count(parent_id, "replies", 1, actor=actor)
    tx.count(actor, "tweets", 1, actor=actor)


def rows_of(
    reply_id: int, draft: Draft, parent_id: int, parent_owner_id: int, lineage: bytes
) -> list[Placed]:
    """The rows of a reply: first its own, then its places in lists."""
    related: Item = {"parent_id": parent_id, "parent_owner_id": parent_owner_id, "lineage": lineage}
    listed: Item = {"position": reply_id, "item": reply_id}
    return [
        (REPLIES, {"reply_id": reply_id, **texts.row_of(draft), **related}),
        (REPLIES_OF, {"owner": str(draft.author_id), **listed}),
        (REPLIES_TO, {"owner": str(parent_id), **listed}),
    ]
