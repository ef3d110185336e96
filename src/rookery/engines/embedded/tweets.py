"""Tweets, retweets and likes in core.db."""

from collections.abc import Sequence
from dataclasses import dataclass

from rookery.core.content import NO_LINKS, Draft, Version, not_yours
from rookery.core.errors import not_found
from rookery.core.events import Event, Kind
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate
from rookery.engines.embedded import counters, removal, texts
from rookery.engines.embedded.connections import Row
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.reach import require_authors, require_open, require_target
from rookery.engines.embedded.snapshots import Snapshots

_INTO = "tweets (tweet_id, owner_id, original_id, quoted_id, content, links, latitude, longitude)"
_LIKE = "INSERT OR IGNORE INTO likes (user_id, tweet_id, like_id) VALUES (?,?,?)"
_LOADED = "SELECT 1 FROM loaded_rows WHERE row_hash = ?"
_LOAD = "INSERT INTO loaded_rows (row_hash, tweet_id) VALUES (?,?)"
_RETWEET_BY = """
SELECT tweet_id FROM tweets WHERE original_id = ? AND owner_id = ? AND original_id > 0 AND deleted = 0"""
_HANGING = """
SELECT EXISTS (SELECT 1 FROM likes WHERE tweet_id = ?1)
  OR EXISTS (SELECT 1 FROM tweets WHERE original_id = ?1 AND original_id > 0 AND deleted = 0)"""

_TWEETS_OF = """
SELECT tweet_id, tweet_id FROM tweets WHERE owner_id = ? AND tweet_id < ? AND deleted = 0
ORDER BY tweet_id DESC LIMIT ?"""
_LIKES_OF = """
SELECT like_id, tweet_id FROM likes WHERE user_id = ? AND like_id < ? ORDER BY like_id DESC LIMIT ?"""
_LIKERS_OF = """
SELECT like_id, user_id FROM likes WHERE tweet_id = ? AND like_id < ? ORDER BY like_id DESC LIMIT ?"""
_RETWEETERS_OF = """
SELECT tweet_id, owner_id FROM tweets WHERE original_id = ? AND tweet_id < ? AND original_id > 0 AND deleted = 0
ORDER BY tweet_id DESC LIMIT ?"""
_QUOTES_OF = """
SELECT tweet_id, tweet_id FROM tweets WHERE quoted_id = ? AND tweet_id < ? AND quoted_id > 0 AND deleted = 0
ORDER BY tweet_id DESC LIMIT ?"""


@dataclass(frozen=True, slots=True)
class _New:
    """A tweet to insert. Its event's id is minted next after its own: a feed whose horizon is at the event of one tweet
    must not lack another with a lower id."""

    tweet_id: int
    event_id: int
    draft: Draft
    original_id: int = 0
    quoted_id: int = 0
    backdated: bool = False

    def row(self) -> Row:
        draft = self.draft
        place = draft.latitude, draft.longitude
        return (
            self.tweet_id,
            draft.author_id,
            self.original_id,
            self.quoted_id,
            draft.content,
            draft.links,
            *place,
        )

    def event(self) -> Event:
        kind = Kind.RETWEET_CREATED if self.original_id else Kind.TWEET_CREATED
        other = self.original_id or self.quoted_id
        return Event(self.event_id, kind, self.draft.author_id, self.tweet_id, other, self.backdated)


class EmbeddedTweets:
    """The TweetStore of this engine."""

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        self._database = database
        self._snapshots = snapshots

    async def create(self, draft: Draft, quoted_id: int, ticket: Ticket | None = None) -> int:
        """See TweetStore."""
        if ticket is None or quoted_id:
            return await self._database.write(lambda tx: _create(tx, draft, quoted_id), ticket)
        return await self._database.write_one_of(_create_all, draft, ticket)

    async def load(self, draft: Draft, quoted_id: int, created_ms: int | None, row_hash: bytes) -> int | None:
        """See TweetStore."""

        def work(tx: Tx) -> int | None:
            if tx.execute(_LOADED, (row_hash,)):
                return None
            tweet_id = _create(tx, draft, quoted_id, created_ms)
            tx.execute(_LOAD, (row_hash, tweet_id))
            return tweet_id

        return await self._database.write(work)

    async def edit(
        self, actor: int, tweet_id: int, content: str, links: bytes, ticket: Ticket | None = None
    ) -> None:
        """See TweetStore."""
        await self._database.write(
            lambda tx: texts.edit(tx, texts.TWEETS, actor, tweet_id, content, links), ticket
        )

    async def delete(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """See TweetStore."""

        def work(tx: Tx) -> int:
            tweet = removal.standing_tweet(tx, tweet_id)
            if tweet is None:
                raise not_found()
            if tweet.owner_id != actor:
                raise not_yours()
            removal.remove_tweet(tx, tweet)
            removal.sweep_retweets(tx, tweet_id, removal.SWEPT_AT_ONCE_MAX, by=actor)
            return tweet_id

        await self._database.write(work, ticket)

    async def history(self, tweet_id: int, limit: int) -> Sequence[Version]:
        """See TweetStore."""
        with self._snapshots.open() as connection:
            return texts.history(connection, texts.TWEETS, tweet_id, limit)

    async def like(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """See TweetStore."""

        def work(tx: Tx) -> int | None:
            require_authors(tx, [actor])
            require_target(tx, actor, tweet_id)
            tx.execute(_LIKE, (actor, tweet_id, tx.mint()))
            if not tx.changed():
                return None
            tx.execute(counters.LIKES, (tweet_id, 1))
            tx.emit(Kind.LIKED, tweet_id, actor=actor)
            return tweet_id

        await self._database.write(work, ticket)

    async def unlike(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """See TweetStore."""
        await self._database.write(
            lambda tx: tweet_id if removal.remove_like(tx, actor, tweet_id) else None, ticket
        )

    async def retweet(
        self, actor: int, original_id: int, ticket: Ticket | None = None, *, at_ms: int | None = None
    ) -> int:
        """See TweetStore."""

        def work(tx: Tx) -> int | None:
            require_authors(tx, [actor])
            require_open(tx, actor, original_id)
            if removal.standing_retweet(tx, actor, original_id):
                return None
            return _insert(tx, Draft(actor, "", NO_LINKS), at_ms, original_id=original_id)

        written = await self._database.write(work, ticket)
        found = written or await self.retweet_of(actor, original_id)
        if found is None:
            raise not_found()
        return found

    async def undo_retweet(self, actor: int, original_id: int, ticket: Ticket | None = None) -> None:
        """See TweetStore."""

        def work(tx: Tx) -> int | None:
            retweet = removal.standing_retweet(tx, actor, original_id)
            if retweet is None:
                return None
            removal.remove_tweet(tx, retweet)
            return retweet.tweet_id

        await self._database.write(work, ticket)

    async def retweet_of(self, actor: int, original_id: int) -> int | None:
        """See TweetStore."""
        rows = self._read(_RETWEET_BY, original_id, actor)
        return rows[0][0] if rows else None

    async def tweets_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        return self._read(_TWEETS_OF, user_id, before, limit)

    async def likes_of(self, user_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        return self._read(_LIKES_OF, user_id, before, limit)

    async def likers_of(self, tweet_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        return self._read(_LIKERS_OF, tweet_id, before, limit)

    async def retweeters_of(self, tweet_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        return self._read(_RETWEETERS_OF, tweet_id, before, limit)

    async def quotes_of(self, tweet_id: int, before: int, limit: int) -> Sequence[Candidate]:
        """See TweetStore."""
        return self._read(_QUOTES_OF, tweet_id, before, limit)

    async def sweep(self, tweet_id: int, limit: int) -> int:
        """See TweetStore. Most deleted tweets have nothing left on them: a look spares these the write."""
        if not self._read(_HANGING, tweet_id)[0][0]:
            return 0

        def work(tx: Tx) -> int:
            swept = removal.sweep_retweets(tx, tweet_id, limit)
            return swept + removal.sweep_likes(tx, tweet_id, limit - swept)

        return await self._database.write(work)

    async def erase(self, user_id: int, limit: int) -> int:
        """See TweetStore."""

        def work(tx: Tx) -> int:
            removed = removal.remove_tweets_of(tx, user_id, limit)
            return removed + removal.remove_likes_of(tx, user_id, limit - removed)

        return await self._database.write(work)

    def _read(self, sql: str, *values: int) -> list[Row]:
        with self._snapshots.open() as connection:
            return connection.execute(sql, values).fetchall()


def _create_all(tx: Tx, drafts: Sequence[Draft]) -> Sequence[int]:
    """New tweets that quote nothing, of as many authors."""
    require_authors(tx, [draft.author_id for draft in drafts])
    return _insert_all(tx, [_New(tx.mint(), tx.mint(), draft) for draft in drafts])


def _create(tx: Tx, draft: Draft, quoted_id: int, at_ms: int | None = None) -> int:
    require_authors(tx, [draft.author_id])
    if quoted_id:
        require_open(tx, draft.author_id, quoted_id)
        tx.execute(counters.QUOTES, (quoted_id, 1))
    return _insert(tx, draft, at_ms, quoted_id=quoted_id)


def _insert(tx: Tx, draft: Draft, at_ms: int | None, *, original_id: int = 0, quoted_id: int = 0) -> int:
    if original_id:
        tx.execute(counters.RETWEETS, (original_id, 1))
    tweet_id = tx.mint() if at_ms is None else texts.dated_id(tx, texts.TWEETS, at_ms)
    return _insert_all(tx, [_New(tweet_id, tx.mint(), draft, original_id, quoted_id, at_ms is not None)])[0]


def _insert_all(tx: Tx, tweets: Sequence[_New]) -> Sequence[int]:
    tx.insert(_INTO, [one.row() for one in tweets])
    tx.insert("tweet_authors", [(one.draft.author_id, 1) for one in tweets], counters.ONE_MORE_TWEET)
    tx.emit_all([one.event() for one in tweets])
    return [one.tweet_id for one in tweets]
