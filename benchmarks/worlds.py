"""Networks made in bulk: the truth is written with SQL in key order, at up to millions of rows a second.

While its folder is made it has no journal and is not synced; at the end it is one that a server opens as any other.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.run import KEY
from rookery.core.clock import now_ms
from rookery.core.content import NO_LINKS
from rookery.core.ids import first_id_at
from rookery.engines.embedded.connections import SCHEMA_VERSIONS, Files, rows_of
from rookery.services.accounts.tokens import new_session_token, token_hash

ACCOUNTS_AGE_MS = 20 * 86_400_000
FOLLOWS_AGE_MS = 10 * 86_400_000
TWEETS_AGE_MS = 86_400_000
Text = tuple[
    int, str, float | None, float | None
]  # who wrote it (as a number from 0), content, latitude, longitude

_USERS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
INSERT INTO users (user_id, handle, handle_folded, name, bio)
SELECT (:first_ms + i) << 16, printf('bird%07d', i), printf('bird%07d', i), printf('Bird %d', i), '' FROM n"""
_CIRCLES = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count),
  k(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM k WHERE j + 1 < :each)
INSERT INTO edges (viewer_id, other_id, follow_id)
SELECT (:first_ms + i) << 16, (:first_ms + i % :circles + j * :circles) << 16, (:follows_ms << 16) + 2 * (i * :each + j)
FROM n CROSS JOIN k WHERE i <> i % :circles + j * :circles"""
_CIRCLE_ENTRIES = """
INSERT INTO temp.circle_entries
SELECT ((owner_id >> 16) - ?) % ?, tweet_id FROM core.tweets"""
_FEEDS = """
INSERT INTO entries SELECT u.user_id, c.tweet_id, 0
FROM core.users u CROSS JOIN temp.circle_entries c ON c.circle = ((u.user_id >> 16) - ?) % ?"""
_COUNTS = (
    "INSERT INTO tweet_authors SELECT owner_id, count(*) FROM tweets GROUP BY 1 ORDER BY 1",
    """INSERT INTO follow_counts (user_id, following)
SELECT viewer_id, count(*) FROM edges WHERE follow_id IS NOT NULL GROUP BY 1 ORDER BY 1""",
    """INSERT INTO follow_counts (user_id, followers)
SELECT other_id, count(*) FROM edges WHERE follow_id IS NOT NULL GROUP BY 1 ORDER BY 1
ON CONFLICT (user_id) DO UPDATE SET followers = excluded.followers""",
)


class World:
    """A data folder being filled. Accounts are numbers from 0; `user_id` gives their ids."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.files = Files(folder, KEY)
        for name in SCHEMA_VERSIONS:
            self.files.migrate(name)
        now = now_ms()
        self._accounts_ms = now - ACCOUNTS_AGE_MS
        self._follows_ms = now - FOLLOWS_AGE_MS
        self._tweets_ms = now - TWEETS_AGE_MS
        self._core = self.files.connect("core")
        rows_of(self._core, "PRAGMA journal_mode = OFF")
        rows_of(self._core, "PRAGMA synchronous = OFF")
        self._core.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if fault is None:
            self._finish()
        self._core.close()

    def user_id(self, number: int) -> int:
        """The id of an account."""
        return first_id_at(self._accounts_ms + number)

    def tweet_span(self) -> tuple[int, int]:
        """The lowest and the highest id that tweets can have."""
        return first_id_at(self._tweets_ms), first_id_at(self._tweets_ms + TWEETS_AGE_MS)

    def accounts(self, count: int) -> None:
        """Makes accounts 0 to count - 1, without passwords."""
        self._core.execute(_USERS, {"count": count, "first_ms": self._accounts_ms}).fetchall()

    def sessions(self, numbers: Iterable[int]) -> list[str]:
        """Signs accounts in: their session tokens."""
        tokens: list[str] = []
        now = now_ms()
        for at, number in enumerate(numbers):
            token = new_session_token()
            row = (
                first_id_at(self._tweets_ms - 10_000_000 + at),
                self.user_id(number),
                token_hash(token),
                now,
                now,
            )
            self._core.execute("INSERT INTO sessions VALUES (?,?,?,?,?)", row)
            tokens.append(token)
        return tokens

    def follow(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Follows, as (follower, followed) without doubles."""
        rows = (
            (self.user_id(one), self.user_id(other), first_id_at(self._follows_ms + at))
            for at, (one, other) in enumerate(sorted(pairs))
        )
        self._core.executemany("INSERT INTO edges (viewer_id, other_id, follow_id) VALUES (?,?,?)", rows)

    def follow_in_circles(self, count: int, circles: int, each: int) -> None:
        """Account i follows those of the first `circles * each` accounts that are i modulo `circles`."""
        numbers = {"count": count, "circles": circles, "each": each}
        times = {"first_ms": self._accounts_ms, "follows_ms": self._follows_ms}
        self._core.execute(_CIRCLES, {**numbers, **times}).fetchall()

    def tweets(self, texts: Sequence[Text]) -> None:
        """Tweets, oldest first, spread over the last day."""
        step_ms = TWEETS_AGE_MS / (len(texts) + 1)
        rows = (
            (
                first_id_at(self._tweets_ms + int(at * step_ms)) + 2 * (at & 0xFFF),
                self.user_id(owner),
                text,
                NO_LINKS,
                *place,
            )
            for at, (owner, text, *place) in enumerate(texts)
        )
        self._core.executemany(
            "INSERT INTO tweets (tweet_id, owner_id, content, links, latitude, longitude) VALUES (?,?,?,?,?,?)",
            rows,
        )

    def _finish(self) -> None:
        for sql in _COUNTS:
            self._core.execute(sql).fetchall()
        last_id = first_id_at(now_ms())
        reached = "UPDATE meta SET value = ? WHERE name IN ('last_id', 'outbox_trimmed')"
        self._core.execute(reached, (last_id,))
        self._core.execute("COMMIT")
        rows_of(self._core, "PRAGMA journal_mode = WAL")
        epoch = rows_of(self._core, "SELECT value FROM meta WHERE name = 'epoch'")[0][0]
        feed = self.files.connect("feed")
        feed.execute("INSERT OR REPLACE INTO meta VALUES ('offset', ?), ('epoch', ?)", (last_id, epoch))
        feed.close()


def store_feeds(world: World, circles: int = 0) -> None:
    """Gives every account of a finished world a stored feed: of all that its circle wrote, or empty without circles."""
    feed = world.files.connect("feed", attach=["core"])
    rows_of(feed, "PRAGMA main.journal_mode = OFF")
    rows_of(feed, "PRAGMA main.synchronous = OFF")
    first_ms = world.user_id(0) >> 16
    feed.execute("BEGIN")
    feed.execute("INSERT INTO headers SELECT user_id, 1, 0 FROM core.users").fetchall()
    if circles:
        feed.execute(
            "CREATE TEMP TABLE circle_entries (circle INTEGER, tweet_id INTEGER, PRIMARY KEY (circle, tweet_id)) "
            "WITHOUT ROWID"
        )
        feed.execute(_CIRCLE_ENTRIES, (first_ms, circles)).fetchall()
        feed.execute(_FEEDS, (first_ms, circles)).fetchall()
    feed.execute("COMMIT")
    rows_of(feed, "PRAGMA main.journal_mode = WAL")
    feed.close()
