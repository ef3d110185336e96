"""A text as HTML: escaped, with its links, mentions and hashtags as links."""

from urllib.parse import quote

from markupsafe import Markup, escape

from rookery.core.objects import Entities, Hashtag, Mention, Url

SHOWN_MAX = 40  # characters of a URL that are shown
_OUTWARD = Markup('<a href="{}" rel="nofollow noopener ugc" target="_blank">{}</a>')
_INWARD = Markup('<a href="{}">{}</a>')


def linked(text: str, entities: Entities) -> Markup:
    """The text with its entities as links; nothing in it is HTML."""
    parts: list[str] = []
    at = 0
    found: list[Hashtag | Mention | Url] = [*entities.hashtags, *entities.mentions, *entities.urls]
    for one in sorted(found, key=lambda one: one.start):
        parts += (escape(text[at : one.start]), _link(one, text[one.start : one.end]))
        at = one.end
    return Markup("").join([*parts, escape(text[at:])])


def _link(entity: Hashtag | Mention | Url, said: str) -> Markup:
    if isinstance(entity, Hashtag):
        return _INWARD.format(tag_path(entity.tag), said)
    if isinstance(entity, Mention):
        return escape(said) if entity.user_id is None else _INWARD.format(f"/@{entity.handle}", said)
    return _OUTWARD.format(target(entity.url), shown(entity.url))


def tag_path(tag: str) -> str:
    """The page that finds a hashtag."""
    return f"/explore?q=%23{quote(tag, safe='')}"


def target(url: str) -> str:
    """Where a URL of a text leads, whether or not it names its protocol."""
    return url if url[:8].lower().startswith(("http://", "https://")) else f"https://{url}"


def shown(url: str) -> str:
    """A URL as a reader sees it: without protocol, and not too long."""
    bare = url.partition("://")[2] or url
    return bare if len(bare) <= SHOWN_MAX else f"{bare[: SHOWN_MAX - 1]}…"
