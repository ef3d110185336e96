"""What an index is made of on every engine, and which events change it."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from rookery.core.events import Kind
from rookery.core.ids import first_id_at
from rookery.core.objects import Entities
from rookery.core.text import fold

DAY_MS = 24 * 3_600_000

# Whose subject is a tweet or reply to be indexed as it is now, whose an account, and whose an account of which what it
# wrote in the last day begins or ceases to count as trends.
CONTENT_KINDS = frozenset({Kind.TWEET_CREATED, Kind.REPLY_CREATED, Kind.CONTENT_EDITED, Kind.CONTENT_DELETED})
ACCOUNT_KINDS = frozenset(
    {
        Kind.ACCOUNT_CREATED,
        Kind.ACCOUNT_CHANGED,
        Kind.ACCOUNT_DISABLED,
        Kind.ACCOUNT_ENABLED,
        Kind.ACCOUNT_DELETED,
    }
)
TREND_KINDS = frozenset(
    {
        Kind.ACCOUNT_PROTECTED,
        Kind.ACCOUNT_OPENED,
        Kind.ACCOUNT_DISABLED,
        Kind.ACCOUNT_ENABLED,
        Kind.ACCOUNT_DELETED,
    }
)

_links = msgspec.json.Decoder(Entities)


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A tweet or reply as it is indexed; `answered_id` is whom a reply answers or 0, `links` its entities as JSON;
    `trends` says whether its author is active and unprotected."""

    tweet_id: int
    owner_id: int
    answered_id: int
    content: str
    links: bytes
    latitude: float | None
    longitude: float | None
    trends: bool

    def hashtags(self, since: int) -> Mapping[str, str]:
        """The hashtags that it counts for, folded, each with its first spelling; none where it is older than an id or
        by a hidden author."""
        if self.tweet_id < since or not self.trends or b'"tag"' not in self.links:
            return {}
        return {fold(one.tag): one.tag for one in reversed(_links.decode(self.links).hashtags)}


def day_before(at_ms: int) -> int:
    """The lowest id of the 24 hours before a Unix time in milliseconds."""
    return first_id_at(max(0, at_ms - DAY_MS))
