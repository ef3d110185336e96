"""The HTML of tweets and people in UTF-8, made from their JSON and kept by it.

Everything that a tweet's HTML shows is in its JSON (counts and the viewer's flags too), but for one thing: who may edit
and delete it. So the key is the JSON, with the viewer where that is an author in it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from jinja2 import Environment
from markupsafe import Markup
from msgspec import UNSET

from rookery.core.entities import STRANGER
from rookery.core.objects import Owner, Tweet, User
from rookery.web.links import linked

TWEETS_MAX = 10_000  # pieces kept, of some 3 KB each
PEOPLE_MAX = 2_000

_tweet = msgspec.json.Decoder(Tweet).decode
_user = msgspec.json.Decoder(User).decode


@dataclass(frozen=True, slots=True)
class Shown:
    """A tweet as templates take it. `item` is the entry's own id, that of the retweet where `by` retweeted it; `quote`
    is a Shown too, or None; `is_gone`: there is a quote, but not for this viewer."""

    item: str
    tweet: Tweet
    owner: Owner
    text: Markup
    path: str
    by: Owner | None
    own: bool
    quote: "Shown | None"
    is_gone: bool
    signed_in: bool


def decode_user(raw: bytes) -> User:
    """An account from its JSON."""
    return _user(raw)


def decode_tweet(raw: bytes) -> Tweet:
    """A tweet from its JSON."""
    return _tweet(raw)


def path_of(tweet: Tweet) -> str:
    """A tweet's own page."""
    assert tweet.owner is not UNSET
    return f"/@{tweet.owner.handle}/{tweet.tweet_id}"


def show(entry: Tweet, viewer: int) -> Shown:
    """What templates need of a tweet that is there for the viewer."""
    tweet, by = entry, None
    if entry.retweet_of:
        tweet, by = entry.retweet_of, entry.owner or None
    assert tweet.owner is not UNSET
    assert tweet.content is not UNSET
    assert tweet.entities is not UNSET
    quoted = tweet.quote_of or None
    is_gone = quoted is not None and quoted.unavailable is True
    return Shown(
        item=entry.tweet_id,
        tweet=tweet,
        owner=tweet.owner,
        text=linked(tweet.content, tweet.entities),
        path=path_of(tweet),
        by=by,
        own=viewer != STRANGER and tweet.owner_id == str(viewer),
        quote=show(quoted, viewer) if quoted is not None and not is_gone else None,
        is_gone=is_gone,
        signed_in=tweet.liked is not UNSET,
    )


class Pieces:
    """Makes them, and keeps a bounded number: the oldest go first."""

    def __init__(self, templates: Environment) -> None:
        self._tweet = templates.get_template("tweet.html")
        self._person = templates.get_template("person.html")
        self._tweets: dict[tuple[bytes, int], bytes] = {}
        self._people: dict[tuple[bytes, int], bytes] = {}

    def tweet(self, raw: bytes, viewer: int) -> bytes:
        """The list item of a tweet."""
        own = viewer if b'"ownerId":"%d"' % viewer in raw else STRANGER
        return _kept(self._tweets, TWEETS_MAX, (raw, own), lambda: self._render_tweet(raw, own))

    def person(self, raw: bytes, viewer: int) -> bytes:
        """The list item of an account."""
        own = viewer if raw.startswith(b'{"userId":"%d"' % viewer) else STRANGER
        return _kept(self._people, PEOPLE_MAX, (raw, own), lambda: self._render_person(raw, own))

    def asking(self, raw: bytes, viewer: int) -> bytes:
        """The list item of an account that asks to follow; seldom shown, so it is not kept."""
        return self._person.render(user=_user(raw), own=False, is_asking=True).encode()

    def _render_tweet(self, raw: bytes, viewer: int) -> str:
        return self._tweet.render(shown=show(_tweet(raw), viewer))

    def _render_person(self, raw: bytes, viewer: int) -> str:
        user = _user(raw)
        return self._person.render(user=user, own=user.user_id == str(viewer), is_asking=False)


def _kept(
    kept: dict[tuple[bytes, int], bytes], count_max: int, key: tuple[bytes, int], make: Callable[[], str]
) -> bytes:
    found = kept.get(key)
    if found is None:
        found = kept[key] = make().encode()
        if len(kept) > count_max:
            del kept[next(iter(kept))]
    return found
