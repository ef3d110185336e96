"""Taking away tweets, retweets, replies and likes, with their counters and events.

One at a time inside a write; many in as many writes as their rows take, since a transaction holds 100 actions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

from rookery.core.content import not_yours
from rookery.core.errors import not_found
from rookery.core.events import Kind
from rookery.core.limits import Ticket
from rookery.engines.cluster import texts
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import number, table_of
from rookery.engines.cluster.tables import (
    LIKERS_OF,
    LIKERS_SHARDS,
    LIKES,
    LIKES_OF,
    PUBLIC_SHARDS,
    PUBLIC_TWEETS,
    QUOTES_OF,
    REPLIES_OF,
    REPLIES_TO,
    RETWEETERS_OF,
    RETWEETS,
    TWEETS_OF,
    VERSIONS,
    Item,
    Key,
    Table,
)
from rookery.engines.cluster.tx import ACTIONS_MAX, Tx, shard_of

FORGOTTEN_AT_ONCE_MAX = 1_000  # versions that go before a delete is answered; upkeep takes the rest

_TWEETS_AT_ONCE = ACTIONS_MAX // 7  # a retweet or quote is four rows, two deltas and an event
_REPLIES_AT_ONCE = ACTIONS_MAX // 6
_LIKES_AT_ONCE = ACTIONS_MAX // 5
_LIKERS_AT_ONCE = (ACTIONS_MAX - 1) // 3  # one delta is for all of them

Part = Callable[[int, Tx], Awaitable[int]]  # takes away at most so many, and tells how many


class Standing(NamedTuple):
    """A tweet, quote, retweet or reply that is not deleted; `rev` as it was read."""

    item_id: int
    owner_id: int
    original_id: int
    quoted_id: int
    parent_id: int
    rev: int


def likers(tweet_id: int, user_id: int) -> str:
    """The list of likers of a tweet in which an account stands."""
    return f"{tweet_id}#{(user_id >> 16) % LIKERS_SHARDS}"


def likers_lists(tweet_id: int) -> list[str]:
    """All lists of likers of a tweet."""
    return [f"{tweet_id}#{shard}" for shard in range(LIKERS_SHARDS)]


def public_list(tweet_id: int) -> str:
    """The list of everybody's tweets in which a tweet stands."""
    return str(shard_of(tweet_id) % PUBLIC_SHARDS)


async def standing(tx: Tx, item_id: int) -> Standing | None:
    """The tweet or reply, unless it is deleted or never was."""
    row = await texts.standing(tx, item_id)
    return None if row is None else _standing(item_id, row)


async def standing_retweet(tx: Tx, owner_id: int, original_id: int) -> Standing | None:
    """An account's retweet of a tweet."""
    row = await tx.get(RETWEETS, owner_id, original_id)
    return None if row is None else await standing(tx, number(row, "retweet_id"))


async def delete(dynamo: Dynamo, actor: int, item_id: int, ticket: Ticket | None) -> None:
    """Takes away what the actor wrote, its versions, and the actor's own retweet of it. Raises Problem `not_found`,
    `not_yours`."""

    async def work(tx: Tx) -> int:
        gone = await standing(tx, item_id)
        if gone is None:
            raise not_found()
        if gone.owner_id != actor:
            raise not_yours()
        remove(tx, gone)
        own = await standing_retweet(tx, actor, item_id)
        if own is not None:
            remove(tx, own)
        return item_id

    wanted: dict[Table, list[Key]] = {table_of(item_id): [(item_id,)], RETWEETS: [(actor, item_id)]}
    await dynamo.write(work, ticket, ahead=wanted)
    await texts.forget(dynamo, item_id, FORGOTTEN_AT_ONCE_MAX)


def remove(tx: Tx, gone: Standing) -> None:
    """Takes away a tweet, quote, retweet or reply."""
    item_id, owner_id = gone.item_id, gone.owner_id
    texts.erase(tx, item_id, gone.rev)
    tx.delete(REPLIES_OF if gone.parent_id else TWEETS_OF, str(owner_id), item_id)
    if not (gone.parent_id or gone.original_id):
        tx.delete(PUBLIC_TWEETS, public_list(item_id), item_id)
    if gone.original_id:
        tx.delete(RETWEETS, owner_id, gone.original_id)
        tx.delete(RETWEETERS_OF, str(gone.original_id), item_id)
        tx.count(gone.original_id, "retweets", -1, actor=owner_id)
    if gone.quoted_id:
        tx.delete(QUOTES_OF, str(gone.quoted_id), item_id)
        tx.count(gone.quoted_id, "quotes", -1, actor=owner_id)
    if gone.parent_id:
        tx.delete(REPLIES_TO, str(gone.parent_id), item_id)
        tx.count(gone.parent_id, "replies", -1, actor=owner_id)
    tx.count(owner_id, "tweets", -1, actor=owner_id)
    other = gone.original_id or gone.quoted_id or gone.parent_id
    tx.emit(Kind.CONTENT_DELETED, item_id, other, actor=owner_id)


async def remove_like(tx: Tx, user_id: int, tweet_id: int) -> bool:
    """Takes a like away, if there is one."""
    row = await tx.get(LIKES, user_id, tweet_id)
    if row is None:
        return False
    _drop_like(tx, user_id, tweet_id, number(row, "like_id"))
    tx.count(tweet_id, "likes", -1, actor=user_id)
    tx.emit(Kind.UNLIKED, tweet_id, actor=user_id)
    return True


async def hanging(dynamo: Dynamo, tweet_id: int) -> bool:
    """Whether anything hangs on a deleted tweet or reply: retweets, likes, versions. On a retweet nothing does."""
    row = await dynamo.get(table_of(tweet_id), tweet_id)
    if row is None or row.get("original_id"):
        return False
    lists: list[tuple[Table, str | int]] = [(RETWEETERS_OF, str(tweet_id)), (VERSIONS, tweet_id)]
    lists += ((LIKERS_OF, owner) for owner in likers_lists(tweet_id))
    found = await asyncio.gather(*(dynamo.query(table, owner, limit=1) for table, owner in lists))
    return any(found)


async def sweep_retweets(dynamo: Dynamo, original_id: int, limit: int) -> int:
    """Takes away up to `limit` retweets of a deleted tweet or reply; returns how many."""
    return await _in_parts(
        dynamo, limit, _TWEETS_AT_ONCE, partial(_remove_listed, RETWEETERS_OF, original_id)
    )


async def sweep_likes(dynamo: Dynamo, tweet_id: int, limit: int) -> int:
    """Takes away up to `limit` likes of a deleted tweet or reply, which nobody sees any more: no event."""
    swept = 0
    for owner in likers_lists(tweet_id):
        part = partial(_remove_likers, tweet_id, owner)
        swept += await _in_parts(dynamo, limit - swept, _LIKERS_AT_ONCE, part)
    return swept


async def remove_tweets_of(dynamo: Dynamo, owner_id: int, limit: int) -> int:
    """Takes away up to `limit` tweets, quotes and retweets of an account; returns how many."""
    return await _in_parts(dynamo, limit, _TWEETS_AT_ONCE, partial(_remove_listed, TWEETS_OF, owner_id))


async def remove_replies_of(dynamo: Dynamo, owner_id: int, limit: int) -> int:
    """Takes away up to `limit` replies of an account; returns how many."""
    return await _in_parts(dynamo, limit, _REPLIES_AT_ONCE, partial(_remove_listed, REPLIES_OF, owner_id))


async def remove_likes_of(dynamo: Dynamo, user_id: int, limit: int) -> int:
    """Takes away up to `limit` likes of an account; returns how many."""
    return await _in_parts(dynamo, limit, _LIKES_AT_ONCE, partial(_remove_likes, user_id))


async def _in_parts(dynamo: Dynamo, limit: int, most: int, part: Part) -> int:
    removed = 0
    while removed < limit:
        wanted = min(most, limit - removed)
        found = await dynamo.write(partial(part, wanted))
        removed += found
        if found < wanted:
            break
    return removed


async def _remove_listed(listing: Table, owner: int, most: int, tx: Tx) -> int:
    """Takes away what stands in a listing; its rows name the item itself as their position."""
    listed = [number(one, "position") for one in await tx.query(listing, str(owner), limit=most)]
    for item_id, row in zip(listed, await _rows(tx, listed), strict=True):
        remove(tx, _standing(item_id, row))
    return len(listed)


async def _rows(tx: Tx, item_ids: Sequence[int]) -> list[Item]:
    if not item_ids:
        return []
    table = table_of(item_ids[0])
    found = (await tx.get_all({table: [(one,) for one in item_ids]}))[table]
    return [found[one,] for one in item_ids]


async def _remove_likers(tweet_id: int, owner: str, most: int, tx: Tx) -> int:
    rows = await tx.query(LIKERS_OF, owner, limit=most)
    for row in rows:
        _drop_like(tx, number(row, "item"), tweet_id, number(row, "position"))
    if rows:
        tx.count(tweet_id, "likes", -len(rows), actor=number(rows[0], "item"))
    return len(rows)


async def _remove_likes(user_id: int, most: int, tx: Tx) -> int:
    rows = await tx.query(LIKES_OF, str(user_id), limit=most)
    for row in rows:
        tweet_id = number(row, "item")
        _drop_like(tx, user_id, tweet_id, number(row, "position"))
        tx.count(tweet_id, "likes", -1, actor=user_id)
        tx.emit(Kind.UNLIKED, tweet_id, actor=user_id)
    return len(rows)


def _drop_like(tx: Tx, user_id: int, tweet_id: int, like_id: int) -> None:
    tx.delete(LIKES, user_id, tweet_id, where={"like_id": like_id})
    tx.delete(LIKES_OF, str(user_id), like_id)
    tx.delete(LIKERS_OF, likers(tweet_id, user_id), like_id)


def _standing(item_id: int, row: Item) -> Standing:
    named = ("owner_id", "original_id", "quoted_id", "parent_id", "rev")
    return Standing(item_id, *(number(row, name) for name in named))
