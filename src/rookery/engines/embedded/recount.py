"""Recounting: every counter, and what must hold between rows, computed anew from what is counted."""

from collections.abc import Iterator
from dataclasses import dataclass

import apsw

# State 2 is a deleted account; what a disabled one did still counts.
_LIKES = "FROM core.likes l JOIN core.users u ON u.user_id = l.user_id WHERE u.state <> 2"
_TWEETS = "FROM core.tweets JOIN core.users u ON u.user_id = owner_id WHERE deleted = 0 AND u.state <> 2"
_REPLIES = "FROM core.replies JOIN core.users u ON u.user_id = owner_id WHERE deleted = 0 AND u.state <> 2"
_FOLLOWS = """FROM core.edges JOIN core.users v ON v.user_id = viewer_id JOIN core.users o ON o.user_id = other_id
WHERE follow_id IS NOT NULL AND v.state <> 2 AND o.state <> 2"""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter: where it is kept, which rows it counts, and by which of their columns."""

    what: str
    table: str
    key: str
    column: str
    counted_by: str
    counted: str

    def differences(self, connection: apsw.Connection) -> Iterator[str]:
        """A line for every id whose counter is not the number of its rows. `connection` has the truth as core."""
        rows = connection.execute(
            f"""SELECT id, sum(kept), sum(found) FROM (
  SELECT {self.key} AS id, {self.column} AS kept, 0 AS found FROM core.{self.table}
  UNION ALL SELECT {self.counted_by}, 0, 1 {self.counted}
) GROUP BY id HAVING sum(kept) <> sum(found) ORDER BY id"""  # noqa: S608 - no input: the statements stand here
        )
        for one, kept, found in rows:
            yield f"counters: {self.what} of {one} say {kept}, a recount {found}"


COUNTERS = (
    Counter("likes", "tweet_counts", "tweet_id", "likes", "tweet_id", _LIKES),
    Counter(
        "retweets", "tweet_counts", "tweet_id", "retweets", "original_id", f"{_TWEETS} AND original_id > 0"
    ),
    Counter("quotes", "tweet_counts", "tweet_id", "quotes", "quoted_id", f"{_TWEETS} AND quoted_id > 0"),
    Counter("replies", "reply_counts", "tweet_id", "replies", "parent_id", _REPLIES),
    Counter("tweets", "tweet_authors", "user_id", "tweets", "owner_id", _TWEETS),
    Counter("own replies", "reply_authors", "user_id", "replies", "owner_id", _REPLIES),
    Counter("followers", "follow_counts", "user_id", "followers", "other_id", _FOLLOWS),
    Counter("following", "follow_counts", "user_id", "following", "viewer_id", _FOLLOWS),
)


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must hold between rows: `broken` finds those where it does not, one or two ids a row."""

    what: str
    broken: str

    def differences(self, connection: apsw.Connection) -> Iterator[str]:
        """A line for every row that breaks it. `connection` has the truth as core."""
        for row in connection.execute(self.broken):
            yield f"rows: {self.what}: {' and '.join(map(str, row))}"


INVARIANTS = (
    Invariant(
        "a block stands in one of its two rows only",
        """
SELECT e.viewer_id, e.other_id FROM core.edges e
LEFT JOIN core.edges m ON m.viewer_id = e.other_id AND m.other_id = e.viewer_id
WHERE (e.block_id IS NOT NULL) <> coalesce(m.blocked_by, 0) OR (e.blocked_by AND m.viewer_id IS NULL)""",
    ),
    Invariant(
        "a follow or request stands beside a block",
        """
SELECT viewer_id, other_id FROM core.edges
WHERE (follow_id IS NOT NULL OR request_id IS NOT NULL) AND (block_id IS NOT NULL OR blocked_by)""",
    ),
    Invariant(
        "a follow and a request stand together",
        "SELECT viewer_id, other_id FROM core.edges WHERE follow_id IS NOT NULL AND request_id IS NOT NULL",
    ),
    Invariant(
        "something stands between a deleted account and another",
        """
SELECT e.viewer_id, e.other_id FROM core.edges e JOIN core.users v ON v.user_id = e.viewer_id
JOIN core.users o ON o.user_id = e.other_id WHERE v.state = 2 OR o.state = 2""",
    ),
    Invariant(
        "a reply names another author than its parent has",
        """
SELECT r.reply_id, r.parent_id FROM core.replies r LEFT JOIN core.tweets t ON t.tweet_id = r.parent_id
LEFT JOIN core.replies p ON p.reply_id = r.parent_id
WHERE coalesce(t.owner_id, p.owner_id, 0) <> r.parent_owner_id""",
    ),
    Invariant(
        "a retweet stands though its original does not",
        """
SELECT s.tweet_id, s.original_id FROM core.tweets s LEFT JOIN core.tweets t ON t.tweet_id = s.original_id
LEFT JOIN core.replies p ON p.reply_id = s.original_id
WHERE s.original_id > 0 AND s.deleted = 0 AND coalesce(t.deleted, p.deleted, 1)""",
    ),
)
