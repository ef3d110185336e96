"""Who sees what, as pure functions over facts. The Reader alone applies them (docs/architecture.md, rule 3)."""

from dataclasses import dataclass
from typing import Protocol

from rookery.core.entities import AccountState, ContentKind, Counts, Edge, Mark, TweetFacts
from rookery.core.rendering import TweetCard, UserCard


@dataclass(slots=True)
class Witness:
    """The ids that an answer was made from, and the point up to which they are known not to have changed."""

    position: int
    ids: frozenset[int]


class Facts(Protocol):
    """What is known, in one snapshot, of the tweets and accounts that were gathered for a viewer."""

    viewer: int

    def tweet(self, tweet_id: int) -> TweetCard | None:
        """The tweet, or None where it is deleted or never was."""

    def user(self, user_id: int) -> UserCard | None:
        """The account in any state, or None where it never was."""

    def counts(self, tweet_id: int) -> Counts:
        """The tweet's counters."""

    def counts_piece(self, tweet_id: int) -> bytes:
        """The tweet's counters, rendered."""

    def edge(self, user_id: int) -> int:
        """The Edge bits from the viewer to the account."""

    def mark(self, tweet_id: int) -> Mark:
        """What the viewer did to the tweet."""

    def witness(self) -> Witness:
        """What tells later whether any of these facts changed."""


_BLOCKS = Edge.BLOCKING | Edge.BLOCKED_BY


def account_exists(facts: Facts, user_id: int) -> bool:
    """Whether the account is there for anyone."""
    card = facts.user(user_id)
    return card is not None and card.facts.state == AccountState.ACTIVE


def blocked(facts: Facts, user_id: int) -> bool:
    """Whether a block stands between the viewer and the account, either way."""
    return bool(facts.edge(user_id) & _BLOCKS)


def may_read(facts: Facts, user_id: int) -> bool:
    """Whether the account's protection lets the viewer read what it wrote."""
    card = facts.user(user_id)
    if card is None or not card.facts.protected:
        return card is not None
    return user_id == facts.viewer or bool(facts.edge(user_id) & Edge.FOLLOWING)


def author_visible(facts: Facts, user_id: int) -> bool:
    """Whether the viewer sees what this account wrote: it exists, no block, protection allows it."""
    return account_exists(facts, user_id) and not blocked(facts, user_id) and may_read(facts, user_id)


def tweet_visible(facts: Facts, tweet_id: int) -> bool:
    """Whether the viewer sees the tweet; of a retweet the original must be visible too."""
    card = facts.tweet(tweet_id)
    if card is None or not author_visible(facts, card.facts.owner_id):
        return False
    return not card.facts.original_id or tweet_visible(facts, card.facts.original_id)


def in_home_feed(facts: Facts, tweet_id: int) -> bool:
    """Whether the viewer's feed holds the tweet: visible, by oneself or someone one follows now and has not muted;
    a reply only to oneself or to someone one follows (also when its parent is deleted); a retweet not of one muted."""
    card = facts.tweet(tweet_id)
    if card is None or not tweet_visible(facts, tweet_id) or not _heard(facts, card.facts.owner_id):
        return False
    return _belongs(facts, card.facts)


def _belongs(facts: Facts, tweet: TweetFacts) -> bool:
    if tweet.kind == ContentKind.REPLY:
        return _followed(facts, tweet.parent_owner_id)
    if tweet.kind == ContentKind.RETWEET:
        original = facts.tweet(tweet.original_id)
        return original is not None and not facts.edge(original.facts.owner_id) & Edge.MUTING
    return True


def _followed(facts: Facts, user_id: int) -> bool:
    return user_id == facts.viewer or bool(facts.edge(user_id) & Edge.FOLLOWING)


def _heard(facts: Facts, user_id: int) -> bool:
    return _followed(facts, user_id) and not facts.edge(user_id) & Edge.MUTING
