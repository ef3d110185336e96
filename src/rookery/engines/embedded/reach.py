"""Whom and what a write still reaches, asked in its own transaction: a block, a protection or a delete may have come
between the reading of the request and the write."""

from collections.abc import Sequence
from dataclasses import dataclass

from rookery.core.content import not_spread
from rookery.core.entities import AccountState
from rookery.core.errors import Problem, not_found
from rookery.engines.embedded.connections import id_list
from rookery.engines.embedded.database import Tx

_AUTHORS = "SELECT count(*) FROM json_each(?) j JOIN users u ON u.user_id = j.value WHERE u.state = ?"
_TWEET = """
SELECT t.owner_id, u.state, u.protected, e.block_id IS NOT NULL OR coalesce(e.blocked_by, 0), e.follow_id IS NOT NULL
FROM tweets t JOIN users u ON u.user_id = t.owner_id
  LEFT JOIN edges e ON e.viewer_id = ?2 AND e.other_id = t.owner_id
WHERE t.tweet_id = ?1 AND t.deleted = 0 AND t.original_id = 0"""
_REPLY = """
SELECT r.owner_id, u.state, u.protected, e.block_id IS NOT NULL OR coalesce(e.blocked_by, 0), e.follow_id IS NOT NULL
FROM replies r JOIN users u ON u.user_id = r.owner_id
  LEFT JOIN edges e ON e.viewer_id = ?2 AND e.other_id = r.owner_id
WHERE r.reply_id = ?1 AND r.deleted = 0"""


@dataclass(frozen=True, slots=True)
class Target:
    """What a write acts on."""

    owner_id: int
    protected: bool


def require_authors(tx: Tx, user_ids: Sequence[int]) -> None:
    """Raises Problem `token_invalid` where one of these accounts may not write any more: what it wrote after its
    erasure began would stay for good."""
    rows = tx.execute(_AUTHORS, (id_list(user_ids), int(AccountState.ACTIVE)))
    if rows[0][0] != len(user_ids):
        raise Problem("token_invalid", "This account is not active.")


def require_target(tx: Tx, actor: int, tweet_id: int) -> Target:
    """A tweet, quote or reply that the actor sees. Raises Problem `not_found`."""
    rows = tx.execute(_REPLY if tweet_id & 1 else _TWEET, (tweet_id, actor))
    if not rows:
        raise not_found()
    owner_id, state, protected, blocked, follows = rows[0]
    if state != AccountState.ACTIVE or blocked or (protected and not follows and owner_id != actor):
        raise not_found()
    return Target(owner_id, bool(protected))


def require_open(tx: Tx, actor: int, tweet_id: int) -> Target:
    """A target that may be retweeted and quoted. Raises Problem `not_found`, `protected`."""
    target = require_target(tx, actor, tweet_id)
    if target.protected:
        raise not_spread()
    return target
