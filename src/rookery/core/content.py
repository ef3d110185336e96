"""Writing text: what the services that keep texts share."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import msgspec

from rookery.core import ids, markup, objects
from rookery.core.clock import now_ms
from rookery.core.entities import ContentKind, TweetFacts
from rookery.core.errors import Invalid, Problem
from rookery.core.forms import Check, Form
from rookery.core.geo import check_latitude, check_longitude, half_a_place
from rookery.core.limits import Ticket
from rookery.core.reading import FactSource, Reader
from rookery.core.text import TWEET_WEIGHT_MAX, clean_text, weighted_length


def _as_stored(degrees: float | None) -> float | None:
    return None if degrees is None else degrees + 0.0  # SQLite knows no negative zero


NO_LINKS = msgspec.json.encode(objects.Entities([], [], []))
HISTORY_MAX = 1_000  # the newest texts of a tweet that its history shows


def a_text(raw: str) -> str:
    """Check: the text of a tweet or reply as it is stored (docs/api.md, Content)."""
    text = clean_text(raw)
    weight = weighted_length(text)
    if weight > TWEET_WEIGHT_MAX:
        raise ValueError(
            f"must be at most {TWEET_WEIGHT_MAX} long, not {weight} (a URL counts 23, an emoji 2)"
        )
    return text


class NewText(Form, frozen=True):
    """A text to write, with the place it is written at or none."""

    checks: ClassVar[Mapping[str, Check]] = {
        "content": a_text,
        "latitude": check_latitude,
        "longitude": check_longitude,
    }
    content: str
    latitude: float | None = None
    longitude: float | None = None

    def agree(self, given: Collection[str]) -> Mapping[str, str]:
        """Latitude and longitude come together."""
        return half_a_place(given)


class EditedText(Form, frozen=True):
    """The text that a tweet shall have."""

    checks: ClassVar[Mapping[str, Check]] = {"content": a_text}
    content: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that is ready to be kept: checked, with its links as JSON; latitude and longitude in degrees."""

    author_id: int
    content: str
    links: bytes
    latitude: float | None = None
    longitude: float | None = None

    def facts(self, tweet_id: int) -> TweetFacts:
        """The tweet that it becomes, as it is read back."""
        return TweetFacts(
            tweet_id,
            self.author_id,
            ContentKind.TWEET,
            self.content,
            self.links,
            0,
            _as_stored(self.latitude),
            _as_stored(self.longitude),
        )


@dataclass(frozen=True, slots=True)
class OldText:
    """A text from elsewhere, as `load` reads it; `created_ms` is Unix time in milliseconds, None: it is new."""

    author_id: int
    content: str
    created_ms: int | None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A text that a tweet has or had, from `at_ms` on (Unix time in milliseconds)."""

    content: str
    at_ms: int


class TextKeeper(Protocol):
    """What a service offers for the texts that it keeps; an odd id's keeper is the replies service."""

    async def edit(self, actor: int, tweet_id: int, content: str, ticket: Ticket | None = None) -> None:
        """Replaces the text, which moves and re-delivers nothing. The same text changes nothing.

        Raises Problem `not_found` (a retweet has no text), `not_yours`.
        """

    async def delete(self, actor: int, tweet_id: int, ticket: Ticket | None = None) -> None:
        """Deletes it for good. Raises Problem `not_found` (also when deleted before), `not_yours`."""

    async def history(self, tweet_id: int) -> Sequence[Version]:
        """Its texts, newest first, the present one included, HISTORY_MAX at most. Raises Problem `not_found`."""


async def owned(reader: Reader, actor: int, tweet_id: int) -> TweetFacts:
    """The checked accessor of what the actor wrote. Raises Problem `not_found`, `not_yours`."""
    tweet = await reader.look(actor, tweet_id)
    if tweet.owner_id != actor:
        raise not_yours()
    return tweet


def not_yours() -> Problem:
    """403 for one who sees a tweet but did not write it."""
    return Problem("not_yours", "Only its author can do this.")


def not_spread() -> Problem:
    """403 for a retweet or quote of a protected account's tweet."""
    return Problem("protected", "A protected account's tweets are not retweeted or quoted.")


async def draft(source: FactSource, author_id: int, form: NewText) -> Draft:
    """What is kept of a form's text."""
    return Draft(author_id, form.content, await links_of(source, form.content), form.latitude, form.longitude)


async def draft_of_old(source: FactSource, text: OldText) -> Draft:
    """What is kept of a text from elsewhere. Raises ValueError, with a sentence, for one that cannot be taken."""
    if text.created_ms is not None:
        check_past(text.created_ms)
    fields = {"content": text.content, "latitude": text.latitude, "longitude": text.longitude}
    try:
        form = NewText.of(fields)
    except Invalid as fault:
        raise ValueError(fault.detail) from None
    return await draft(source, text.author_id, form)


def check_past(at_ms: int) -> None:
    """Raises ValueError for a time (Unix, in milliseconds) to come, or too early for an id."""
    if at_ms > now_ms():
        raise ValueError("its time is in the future")
    if at_ms <= 0:
        raise ValueError(f"its time is before {ids.timestamp(0)}")


async def links_of(source: FactSource, content: str) -> bytes:
    """The Entities object of a text as JSON, its mentions resolved to the accounts that have these handles now."""
    found = markup.extract(content)
    if not (found.hashtags or found.mentions or found.urls):
        return NO_LINKS
    handles = sorted({one.handle.lower() for one in found.mentions})
    known = await source.user_ids(handles) if handles else {}
    return msgspec.json.encode(
        objects.Entities(
            [objects.Hashtag(one.tag, one.start, one.end) for one in found.hashtags],
            [_mention(one, known.get(one.handle.lower())) for one in found.mentions],
            [objects.Url(one.url, one.start, one.end) for one in found.urls],
        )
    )


def _mention(found: markup.Mention, user_id: int | None) -> objects.Mention:
    return objects.Mention(found.handle, None if user_id is None else str(user_id), found.start, found.end)
