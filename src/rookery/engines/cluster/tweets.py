"""Tweets, retweets and likes in DynamoDB."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from rookery.core.content import NO_LINKS, Draft, Version
from rookery.core.errors import not_found
from rookery.core.events import Kind
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate
from rookery.engines.cluster import reach, removal, texts
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.fact_rows import candidates, number
from rookery.engines.cluster.facts import ClusterFacts
from rookery.engines.cluster.reach import require_author, require_open, require_target
from rookery.engines.cluster.tables import (
    LIKERS_OF,
    LIKES,
    LIKES_OF,
    LOADED_ROWS,
    PUBLIC_TWEETS,
    QUOTES_OF,
    RETWEETERS_OF,
    RETWEETS,
    TWEETS,
    TWEETS_OF,
    Item,
    Key,
    Placed,
    Table,
    Value,
)
from rookery.engines.cluster.tx import ABSENT, Tx


@dataclass(frozen=True, slots=True)
class New:
    """A tweet, quote or retweet to put; `lineage` is what it stands on (see fact_rows)."""

    tweet_id: int
    draft: Draft
    original_id: int = 0
    quoted_id: int = 0
    lineage: bytes = b""


class ClusterTweets:
    """The TweetStore of this engine. `facts` is told of a new tweet what its author is about to read."""

    def __init__(self, dynamo: Dynamo, facts: ClusterFacts) -> None:
        self._dynamo = dynamo
        self._facts = facts
        self._dated = texts.DatedIds(dynamo)

    async def create(self, draft: Draft, quoted_id: int, ticket: Ticket | None = None) -> int:
        """See TweetStore."""
        author: Item = {}

        async def work(tx: Tx) -> int:
            author.update(await require_author(tx, draft.author_id))
            return await _create(tx, draft, quoted_id, tx.mint())

        tweet_id = await self._dynamo.write(work, ticket, ahead=reach.ahead(draft.author_id, quoted_id))
        replayed = ticket is not None and ticket.replayed
        if author and not (quoted_id or replayed):
            self._facts.remember(draft.facts(tweet_id), author)
        return tweet_id

    async def load(self, draft: Draft, quoted_id: int, created_ms: int | None, row_hash: bytes) -> int | None:
        """See TweetStore."""

        async def work(tx: Tx) -> int | None:
            tweet_id = await self._id(tx, created_ms)  # first, so that those begun first come first
            wanted = reach.ahead(draft.author_id, quoted_id)
            await tx.read_ahead({**wanted, LOADED_ROWS: [(row_hash,)]})
            if await tx.get(LOADED_ROWS, row_hash) is not None:
                return None
            await require_author(tx, draft.author_id)
            tx.put(LOADED_ROWS, {"row_hash": row_hash, "tweet_id": tweet_id}, where=ABSENT)
            return await _create(tx, draft, quoted_id, tweet_id, backdated=created_ms is not None)

        return await self._dynamo.write(work)

    async def edit(
        self, actor: int, tweet_id: int, content: str, links: bytes, ticket: Ticket | None = None
    ) -> None:
        """See TweetStore."""
        await self._dynamo.write(
            lambda tx: texts.edit(tx, actor, tweet_id, content, links), ticket, ahead={TWEETS: [(tweet_id,)]}
        )

    async def delete(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """See TweetStore."""
        await removal.delete(self._dynamo, actor, tweet_id, ticket)

    async def history(self, tweet_id: int, limit: int) -> Sequence[Version]:
        """See TweetStore."""
        return await texts.history(self._dynamo, tweet_id, limit)

    async def like(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """See TweetStore."""

        async def work(tx: Tx) -> int | None:
            await require_author(tx, actor)
            await require_target(tx, actor, tweet_id)
            if await tx.get(LIKES, actor, tweet_id) is not None:
                return None
            _put_like(tx, actor, tweet_id)
            return tweet_id

        await self._dynamo.write(
            work, ticket, ahead={**reach.ahead(actor, tweet_id), LIKES: [(actor, tweet_id)]}
        )

    async def unlike(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """See TweetStore."""

        async def work(tx: Tx) -> int | None:
            return tweet_id if await removal.remove_like(tx, actor, tweet_id) else None

        await self._dynamo.write(work, ticket, ahead={LIKES: [(actor, tweet_id)]})

    async def retweet(
        self, actor: int, original_id: int, ticket: Ticket | None = None, *, at_ms: int | None = None
    ) -> int:
        """See TweetStore."""

        async def work(tx: Tx) -> int | None:
            await require_author(tx, actor)
            target = await require_open(tx, actor, original_id)
            if await tx.get(RETWEETS, actor, original_id) is not None:
                return None
            new = New(await self._id(tx, at_ms), Draft(actor, "", NO_LINKS), original_id, 0, target.lineage)
            _put(tx, new, backdated=at_ms is not None)
            return new.tweet_id

        wanted: dict[Table, list[Key]] = {RETWEETS: [(actor, original_id)]}
        wanted |= reach.ahead(actor, original_id)
        written = await self._dynamo.write(work, ticket, ahead=wanted)
        found = written or await self.retweet_of(actor, original_id)
        if found is None:
            raise not_found()
        return found

    async def undo_retweet(self, actor: int, original_id: int, ticket: Ticket | None = None) -> None:
        """See TweetStore."""

        async def work(tx: Tx) -> int | None:
            retweet = await removal.standing_retweet(tx, actor, original_id)
            if retweet is None:
                return None
            removal.remove(tx, retweet)
            return retweet.item_id

        await self._dynamo.write(work, ticket, ahead={RETWEETS: [(actor, original_id)]})

    async def retweet_of(self, actor: int, original_id: int) -> int | None:
        """See TweetStore."""
        row = await self._dynamo.get(RETWEETS, actor, original_id)
        return None if row is None else number(row, "retweet_id")

    async def tweets_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        return await self._listed(TWEETS_OF, str(user_id), before, limit)

    async def likes_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        return await self._listed(LIKES_OF, str(user_id), before, limit)

    async def likers_of(self, tweet_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        lists = await asyncio.gather(
            *(self._listed(LIKERS_OF, owner, before, limit) for owner in removal.likers_lists(tweet_id))
        )
        return list(islice(merge(*lists, reverse=True), limit))

    async def retweeters_of(self, tweet_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        return await self._listed(RETWEETERS_OF, str(tweet_id), before, limit)

    async def quotes_of(self, tweet_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        return await self._listed(QUOTES_OF, str(tweet_id), before, limit)

    async def sweep(self, tweet_id: int, limit: int) -> int:
        """See TweetStore. Takes also the versions that a delete which was cut off has left. Most deleted tweets have
        nothing left on them: a look spares these the rest."""
        if not await removal.hanging(self._dynamo, tweet_id):
            return 0
        swept = await removal.sweep_retweets(self._dynamo, tweet_id, limit)
        swept += await removal.sweep_likes(self._dynamo, tweet_id, limit - swept)
        return swept + await texts.forget(self._dynamo, tweet_id, limit - swept)

    async def erase(self, user_id: int, limit: int) -> int:
        """See TweetStore. What hung on a tweet goes with the sweep that its event asks for."""
        removed = await removal.remove_tweets_of(self._dynamo, user_id, limit)
        return removed + await removal.remove_likes_of(self._dynamo, user_id, limit - removed)

    async def _id(self, tx: Tx, at_ms: int | None) -> int:
        return tx.mint() if at_ms is None else await self._dated.give(at_ms, tried=tx.tried)

    async def _listed(self, listing: Table, owner: str, before: int, limit: int) -> list[Candidate]:
        return candidates(await self._dynamo.query(listing, owner, below=before, limit=limit))


async def _create(tx: Tx, draft: Draft, quoted_id: int, tweet_id: int, *, backdated: bool = False) -> int:
    lineage = (await require_open(tx, draft.author_id, quoted_id)).lineage if quoted_id else b""
    _put(tx, New(tweet_id, draft, 0, quoted_id, lineage), backdated=backdated)
    return tweet_id


def _put(tx: Tx, new: New, *, backdated: bool) -> None:
    tweet_id, actor = new.tweet_id, new.draft.author_id
    for table, row in rows_of(new):
        tx.put(table, row, where=ABSENT)
    if new.original_id:
        tx.count(new.original_id, "retweets", 1, actor=actor)
    if new.quoted_id:
        tx.count(new.quoted_id, "quotes", 1, actor=actor)
    tx.count(actor, "tweets", 1, actor=actor)
    kind = Kind.RETWEET_CREATED if new.original_id else Kind.TWEET_CREATED
    tx.emit(kind, tweet_id, new.original_id or new.quoted_id, actor=actor, backdated=backdated)


def rows_of(new: New) -> list[Placed]:
    """The rows of a tweet, quote or retweet: first its own, then its places in lists."""
    tweet_id, actor = new.tweet_id, new.draft.author_id
    related: Mapping[str, Value | None] = {
        "original_id": new.original_id or None,
        "quoted_id": new.quoted_id or None,
        "lineage": new.lineage or None,
    }
    listed: Item = {"position": tweet_id, "item": tweet_id}
    rows: list[Placed] = [
        (TWEETS, {"tweet_id": tweet_id, **texts.row_of(new.draft), **related}),
        (TWEETS_OF, {"owner": str(actor), **listed, "original_id": new.original_id or None}),
    ]
    if not new.original_id:
        rows.append((PUBLIC_TWEETS, {"owner": removal.public_list(tweet_id), **listed}))
    else:
        own: Item = {"user_id": actor, "original_id": new.original_id, "retweet_id": tweet_id}
        place: Item = {"owner": str(new.original_id), "position": tweet_id, "item": actor}
        rows += [(RETWEETS, own), (RETWEETERS_OF, place)]
    if new.quoted_id:
        rows.append((QUOTES_OF, {"owner": str(new.quoted_id), **listed}))
    return rows


def _put_like(tx: Tx, actor: int, tweet_id: int) -> None:
    for table, row in like_rows(actor, tweet_id, tx.mint()):
        tx.put(table, row, where=ABSENT)
    tx.count(tweet_id, "likes", 1, actor=actor)
    tx.emit(Kind.LIKED, tweet_id, actor=actor)


def like_rows(actor: int, tweet_id: int, like_id: int) -> list[Placed]:
    """The rows of a like: its own, then its places in lists."""
    return [
        (LIKES, {"user_id": actor, "tweet_id": tweet_id, "like_id": like_id}),
        (LIKES_OF, {"owner": str(actor), "position": like_id, "item": tweet_id}),
        (LIKERS_OF, {"owner": removal.likers(tweet_id, actor), "position": like_id, "item": actor}),
    ]
