"""Taking away tweets, retweets, replies and likes, with their counters and events."""

from typing import NamedTuple

from rookery.core.events import Kind
from rookery.engines.embedded import counters, texts
from rookery.engines.embedded.database import Tx

SWEPT_AT_ONCE_MAX = 200  # retweets that go in the transaction of the delete; upkeep takes the rest

_TWEET = "SELECT tweet_id, owner_id, original_id, quoted_id FROM tweets WHERE tweet_id = ? AND deleted = 0"
_RETWEET_BY = """
SELECT tweet_id, owner_id, original_id, quoted_id FROM tweets
WHERE original_id = ? AND owner_id = ? AND original_id > 0 AND deleted = 0"""
_RETWEETS_OF = """
SELECT tweet_id, owner_id, original_id, quoted_id FROM tweets
WHERE original_id = ? AND original_id > 0 AND deleted = 0 ORDER BY tweet_id DESC LIMIT ?"""
_TWEETS_OF = """
SELECT tweet_id, owner_id, original_id, quoted_id FROM tweets WHERE owner_id = ? AND deleted = 0 LIMIT ?"""
_REPLIES_OF = "SELECT reply_id, owner_id, parent_id FROM replies WHERE owner_id = ? AND deleted = 0 LIMIT ?"
_REPLY = "SELECT reply_id, owner_id, parent_id FROM replies WHERE reply_id = ? AND deleted = 0"
_LIKES_ON = """
DELETE FROM likes WHERE (user_id, tweet_id) IN
  (SELECT user_id, tweet_id FROM likes WHERE tweet_id = ? LIMIT ?)"""
_LIKES_BY = "SELECT tweet_id FROM likes WHERE user_id = ? LIMIT ?"
_LIKE = "DELETE FROM likes WHERE user_id = ? AND tweet_id = ?"


class StandingTweet(NamedTuple):
    """A tweet, quote or retweet that is not deleted."""

    tweet_id: int
    owner_id: int
    original_id: int
    quoted_id: int


class StandingReply(NamedTuple):
    """A reply that is not deleted."""

    reply_id: int
    owner_id: int
    parent_id: int


def standing_tweet(tx: Tx, tweet_id: int) -> StandingTweet | None:
    """The tweet, unless it is deleted or never was."""
    return next((StandingTweet(*row) for row in tx.execute(_TWEET, (tweet_id,))), None)


def standing_retweet(tx: Tx, owner_id: int, original_id: int) -> StandingTweet | None:
    """An account's retweet of a tweet."""
    return next((StandingTweet(*row) for row in tx.execute(_RETWEET_BY, (original_id, owner_id))), None)


def standing_reply(tx: Tx, reply_id: int) -> StandingReply | None:
    """The reply, unless it is deleted or never was."""
    return next((StandingReply(*row) for row in tx.execute(_REPLY, (reply_id,))), None)


def remove_tweet(tx: Tx, tweet: StandingTweet) -> None:
    """Takes away a tweet, quote or retweet."""
    texts.erase(tx, texts.TWEETS, tweet.tweet_id)
    if tweet.original_id:
        tx.execute(counters.RETWEETS, (tweet.original_id, -1))
    if tweet.quoted_id:
        tx.execute(counters.QUOTES, (tweet.quoted_id, -1))
    tx.execute(counters.TWEETS_BY, (tweet.owner_id, -1))
    other = tweet.original_id or tweet.quoted_id
    tx.emit(Kind.CONTENT_DELETED, tweet.tweet_id, other, actor=tweet.owner_id)


def remove_reply(tx: Tx, reply: StandingReply) -> None:
    """Takes away a reply."""
    texts.erase(tx, texts.REPLIES, reply.reply_id)
    tx.execute(counters.REPLIES_TO, (reply.parent_id, -1))
    tx.execute(counters.REPLIES_BY, (reply.owner_id, -1))
    tx.emit(Kind.CONTENT_DELETED, reply.reply_id, reply.parent_id, actor=reply.owner_id)


def sweep_retweets(tx: Tx, original_id: int, limit: int, *, by: int = 0) -> int:
    """Takes away up to `limit` retweets of a deleted tweet or reply, the one by the account `by` among the first;
    returns how many."""
    own = standing_retweet(tx, by, original_id)
    if own is not None:
        remove_tweet(tx, own)
    rows = tx.execute(_RETWEETS_OF, (original_id, limit - (own is not None)))
    for row in rows:
        remove_tweet(tx, StandingTweet(*row))
    return len(rows) + (own is not None)


def sweep_likes(tx: Tx, tweet_id: int, limit: int) -> int:
    """Takes away up to `limit` likes of a deleted tweet or reply, which nobody sees any more: no event."""
    tx.execute(_LIKES_ON, (tweet_id, limit))
    swept = tx.changed()
    if swept:
        tx.execute(counters.LIKES, (tweet_id, -swept))
    return swept


def remove_tweets_of(tx: Tx, owner_id: int, limit: int) -> int:
    """Takes away up to `limit` tweets, quotes and retweets of an account; returns how many."""
    rows = tx.execute(_TWEETS_OF, (owner_id, limit))
    for row in rows:
        remove_tweet(tx, StandingTweet(*row))
    return len(rows)


def remove_replies_of(tx: Tx, owner_id: int, limit: int) -> int:
    """Takes away up to `limit` replies of an account; returns how many."""
    rows = tx.execute(_REPLIES_OF, (owner_id, limit))
    for row in rows:
        remove_reply(tx, StandingReply(*row))
    return len(rows)


def remove_likes_of(tx: Tx, user_id: int, limit: int) -> int:
    """Takes away up to `limit` likes of an account; returns how many."""
    rows = tx.execute(_LIKES_BY, (user_id, limit))
    for (tweet_id,) in rows:
        remove_like(tx, user_id, tweet_id)
    return len(rows)


def remove_like(tx: Tx, user_id: int, tweet_id: int) -> bool:
    """Takes a like away, if there is one."""
    tx.execute(_LIKE, (user_id, tweet_id))
    if not tx.changed():
        return False
    tx.execute(counters.LIKES, (tweet_id, -1))
    tx.emit(Kind.UNLIKED, tweet_id, actor=user_id)
    return True
