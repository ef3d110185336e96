"""Everything that DynamoDB holds of an account, for its export."""

import asyncio
from collections.abc import Sequence

from rookery.core.entities import AccountState
from rookery.core.ids import ID_MAX, time_ms, timestamp
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import candidates, keys_of, number, table_of, tweet_facts
from rookery.engines.cluster.sessions import living
from rookery.engines.cluster.tables import (
    BLOCKS_OF,
    EDGES,
    FOLLOWERS_OF,
    FOLLOWING_OF,
    LIKES_OF,
    MUTES_OF,
    REPLIES_OF,
    REQUESTS_TO,
    TWEETS_OF,
    USERS,
    VERSIONS,
    Item,
)
from rookery.services.accounts.export import EdgeKind, Entry, Record

READ_MAX = 1_000  # rows of one query
VERSIONS_MAX = 100_000  # of one text
_LISTS = {
    EdgeKind.FOLLOWING: FOLLOWING_OF,
    EdgeKind.FOLLOWERS: FOLLOWERS_OF,
    EdgeKind.REQUESTS_RECEIVED: REQUESTS_TO,
    EdgeKind.BLOCKS: BLOCKS_OF,
    EdgeKind.MUTES: MUTES_OF,
}


class ClusterExport:
    """The ExportSource of this engine."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    async def profile(self, user_id: int) -> Record:
        """See ExportSource."""
        user = await self._dynamo.get(USERS, user_id)
        assert user is not None  # who asks is signed in
        return {
            "userId": str(user_id),
            "handle": user["handle"],
            "name": user["name"],
            "bio": user["bio"],
            "createdTimeStamp": timestamp(time_ms(user_id)),
            "protected": bool(user["protected"]),
        }

    async def sessions(self, user_id: int) -> Sequence[Record]:
        """See ExportSource."""
        return [
            {
                "sessionId": str(row["session_id"]),
                "createdTimeStamp": timestamp(number(row, "created_ms")),
                "lastUsedTimeStamp": timestamp(number(row, "used_ms")),
            }
            for row in await living(self._dynamo, user_id)
        ]

    async def tweets(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        rows = await self._tweets_of(user_id, before, limit, retweets=False)
        return await self._texts([number(row, "item") for row in rows])

    async def replies(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        rows = await self._dynamo.query(REPLIES_OF, str(user_id), below=before, limit=limit)
        return await self._texts([number(row, "item") for row in rows])

    async def retweets(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        rows = await self._tweets_of(user_id, before, limit, retweets=True)
        return [_mark(number(row, "position"), number(row, "original_id"), "retweetOf") for row in rows]

    async def likes(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        rows = await self._dynamo.query(LIKES_OF, str(user_id), below=before, limit=limit)
        return [_mark(position, tweet_id, "tweetId") for position, tweet_id in candidates(rows)]

    async def edges(self, user_id: int, kind: EdgeKind, before: int, limit: int) -> Sequence[Entry]:
        """See ExportSource."""
        if kind == EdgeKind.REQUESTS_SENT:
            found = await self._requests_by(user_id, before, limit)
        else:
            found = candidates(
                await self._dynamo.query(_LISTS[kind], str(user_id), below=before, limit=limit)
            )
        users = (await self._dynamo.get_all({USERS: [(one,) for _, one in found]}))[USERS] if found else {}
        return [_other(since, one, users.get((one,))) for since, one in found]

    async def _tweets_of(self, user_id: int, before: int, limit: int, *, retweets: bool) -> list[Item]:
        """The rows of a kind in the list of an account's tweets, in which all kinds stand."""
        found: list[Item] = []
        while len(found) < limit:
            rows = await self._dynamo.query(TWEETS_OF, str(user_id), below=before, limit=READ_MAX)
            found += [row for row in rows if ("original_id" in row) == retweets]
            if len(rows) < READ_MAX:
                break
            before = number(rows[-1], "position")
        return found[:limit]

    async def _requests_by(self, user_id: int, before: int, limit: int) -> list[tuple[int, int]]:
        """Whom the account has asked: no list of these is kept, so all its rows are looked at."""
        found: list[tuple[int, int]] = []
        below = ID_MAX
        while rows := await self._dynamo.query(EDGES, user_id, below=below, limit=READ_MAX):
            below = number(rows[-1], "other_id")
            found += [
                (number(row, "request_id"), number(row, "other_id")) for row in rows if "request_id" in row
            ]
        return sorted((one for one in found if one[0] < before), reverse=True)[:limit]

    async def _texts(self, item_ids: Sequence[int]) -> list[Entry]:
        """These tweets or replies, with all their versions; those deleted just now are left out."""
        found = await self._dynamo.get_all(keys_of(item_ids)) if item_ids else {}
        rows = {one: found[table_of(one)].get((one,)) for one in item_ids}
        standing = [(one, row) for one, row in rows.items() if row is not None and not row.get("deleted")]
        earlier = await asyncio.gather(*(self._versions(one, row) for one, row in standing))
        return [(one, _text(row, texts)) for (one, row), texts in zip(standing, earlier, strict=True)]

    async def _versions(self, item_id: int, row: Item) -> list[Item]:
        """The earlier texts, newest first; most tweets have none."""
        if not row.get("edited_ms"):
            return []
        return await self._dynamo.query(VERSIONS, item_id, below=number(row, "rev"), limit=VERSIONS_MAX)


def _text(row: Item, earlier: Sequence[Item]) -> Record:
    """A tweet or reply; its versions are newest first, the present text included."""
    facts = tweet_facts(row)
    related, related_id = ("inReplyTo", facts.parent_id) if facts.parent_id else ("quoteOf", facts.quoted_id)
    versions = [(facts.content, facts.edited_ms or facts.created_ms)]
    versions += [(str(one["content"]), number(one, "at_ms")) for one in earlier]
    return {
        "tweetId": str(facts.tweet_id),
        "createdTimeStamp": timestamp(facts.created_ms),
        "content": facts.content,
        "latitude": facts.latitude,
        "longitude": facts.longitude,
        related: str(related_id) if related_id else None,
        "versions": [{"content": text, "timeStamp": timestamp(at_ms)} for text, at_ms in versions],
    }


def _mark(since: int, item_id: int, of: str) -> Entry:
    return since, {of: str(item_id), "timeStamp": timestamp(time_ms(since))}


def _other(since: int, user_id: int, user: Item | None) -> Entry:
    """Someone else, by handle too while the account is there."""
    there = user is not None and user["state"] == AccountState.ACTIVE
    handle = user["handle"] if user is not None and there else None
    return since, {"userId": str(user_id), "handle": handle, "timeStamp": timestamp(time_ms(since))}
