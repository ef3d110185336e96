"""The stage on the embedded engine."""

from collections.abc import Sequence
from pathlib import Path

from rookery.core.events import Event, Kind
from rookery.engines.embedded import removal
from rookery.engines.embedded.connections import Files, Row
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.facts import EmbeddedFacts
from rookery.engines.embedded.replies import EmbeddedReplies
from rookery.engines.embedded.snapshots import Snapshots
from rookery.engines.embedded.tweets import EmbeddedTweets
from tests.stages.shared import Kept, Stage

_TEXTS = """
SELECT tweet_id, owner_id, original_id, 0, content, links, latitude, longitude, deleted FROM tweets
UNION ALL SELECT reply_id, owner_id, 0, parent_owner_id, content, links, latitude, longitude, deleted FROM replies
ORDER BY 1"""


class EmbeddedStage(Stage):
    """Over a data folder."""

    swept_at_once = removal.SWEPT_AT_ONCE_MAX

    def __init__(self, folder: Path) -> None:
        files = Files(folder, b"k" * 32)
        files.migrate("core")
        files.migrate("feed")
        self.database = Database(files)
        self.snapshots = Snapshots(files)
        super().__init__(
            EmbeddedFacts(self.snapshots),
            EmbeddedTweets(self.database, self.snapshots),
            EmbeddedReplies(self.database, self.snapshots),
        )

    def close(self) -> None:
        """Closes the files."""
        self.database.close()
        self.snapshots.close()

    async def account(self, handle: str, *, protected: bool = False) -> int:
        """A new account."""

        def work(tx: Tx) -> int:
            user_id = tx.mint()
            tx.execute(
                "INSERT INTO users (user_id, handle, handle_folded, name, bio, protected) VALUES (?,?,?,?,'',?)",
                (user_id, handle, handle.lower(), handle, protected),
            )
            tx.emit(Kind.ACCOUNT_CREATED, user_id, actor=user_id)
            return user_id

        return await self.database.write(work)

    async def protect(self, user_id: int) -> None:
        """Protects an account."""
        await self._change_user(
            user_id, "UPDATE users SET protected = 1 WHERE user_id = ?", Kind.ACCOUNT_PROTECTED
        )

    async def end_account(self, user_id: int) -> None:
        """Deletes an account; what it wrote stays until upkeep."""
        await self._change_user(user_id, "UPDATE users SET state = 2 WHERE user_id = ?", Kind.ACCOUNT_DELETED)

    async def follow(self, follower: int, followee: int) -> None:
        """A follow that stands."""
        await self._change_edge(follower, followee, "follow_id")

    async def block(self, blocker: int, other: int) -> None:
        """A block, in the rows of both."""
        await self._change_edge(blocker, other, "block_id")
        await self._change_edge(other, blocker, "blocked_by")

    async def news(self) -> Sequence[Event]:
        """The whole outbox, by event id."""
        return self.events()

    async def texts(self) -> Sequence[Kept]:
        """The rows of all tweets and replies, by id."""
        return [
            Kept(one, owner, original, parent_owner, content, links, (latitude, longitude), bool(deleted))
            for one, owner, original, parent_owner, content, links, latitude, longitude, deleted in self.rows(
                _TEXTS
            )
        ]

    async def versions(self) -> int:
        """How many earlier texts there are."""
        return len(self.rows("SELECT 1 FROM tweet_versions UNION ALL SELECT 1 FROM reply_versions"))

    async def likes(self) -> int:
        """How many likes there are."""
        return len(self.rows("SELECT 1 FROM likes"))

    async def miscounted(self) -> Sequence[Row]:
        """Every counter of tweets and replies that differs from a recount."""
        return [row for sql in _RECOUNTS for row in self.rows(sql)]

    async def fill(self, author: int, tweet_id: int) -> None:
        """Puts a tweet under this id."""
        sql = "INSERT INTO tweets (tweet_id, owner_id, content, links) VALUES (?,?,'x',x'7b7d')"
        await self.database.write(lambda tx: tx.execute(sql, (tweet_id, author)))

    def events(self) -> list[Event]:
        """The whole outbox."""
        rows = self.rows(
            "SELECT event_id, kind, actor, subject, other, backdated FROM outbox ORDER BY event_id"
        )
        return [
            Event(one, Kind(kind), actor, subject, other, bool(dated))
            for one, kind, actor, subject, other, dated in rows
        ]

    def rows(self, sql: str, *values: int) -> list[Row]:
        """Rows of the truth."""
        with self.snapshots.open() as connection:
            return connection.execute(sql, values).fetchall()

    async def _change_user(self, user_id: int, sql: str, kind: Kind) -> None:
        def work(tx: Tx) -> None:
            tx.execute(sql, (user_id,))
            tx.emit(kind, user_id, actor=user_id)

        await self.database.write(work)

    async def _change_edge(self, viewer: int, other: int, column: str) -> None:
        def work(tx: Tx) -> None:
            tx.execute("INSERT OR IGNORE INTO edges (viewer_id, other_id) VALUES (?,?)", (viewer, other))
            tx.execute(
                f"UPDATE edges SET {column} = ? WHERE viewer_id = ? AND other_id = ?",
                (tx.mint(), viewer, other),
            )
            tx.emit(Kind.EDGE_CHANGED, viewer, other, actor=viewer)

        await self.database.write(work)


_RECOUNTS = tuple(
    f"""WITH real (id, n) AS ({real}), kept (id, n) AS ({kept})
SELECT '{name}', id, coalesce(kept.n, 0), coalesce(real.n, 0) FROM kept FULL JOIN real USING (id)
WHERE coalesce(kept.n, 0) <> coalesce(real.n, 0)"""
    for name, real, kept in (
        (
            "likes",
            "SELECT tweet_id, count(*) FROM likes GROUP BY 1",
            "SELECT tweet_id, likes FROM tweet_counts",
        ),
        (
            "retweets",
            "SELECT original_id, count(*) FROM tweets WHERE original_id > 0 AND deleted = 0 GROUP BY 1",
            "SELECT tweet_id, retweets FROM tweet_counts",
        ),
        (
            "quotes",
            "SELECT quoted_id, count(*) FROM tweets WHERE quoted_id > 0 AND deleted = 0 GROUP BY 1",
            "SELECT tweet_id, quotes FROM tweet_counts",
        ),
        (
            "replies",
            "SELECT parent_id, count(*) FROM replies WHERE deleted = 0 GROUP BY 1",
            "SELECT tweet_id, replies FROM reply_counts",
        ),
        (
            "tweets by",
            "SELECT owner_id, count(*) FROM tweets WHERE deleted = 0 GROUP BY 1",
            "SELECT user_id, tweets FROM tweet_authors",
        ),
        (
            "replies by",
            "SELECT owner_id, count(*) FROM replies WHERE deleted = 0 GROUP BY 1",
            "SELECT user_id, replies FROM reply_authors",
        ),
    )
)
