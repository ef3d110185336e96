"""Pages that are one list in a frame: the home feed and what everyone writes, which are read most.

The frame is rendered once for all that it depends on, and the list is put into it. Such a page repeats nothing of the
request, so it can be packed: nobody learns from its size what is on it.
"""

import gzip
import secrets
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from jinja2 import Environment
from markupsafe import escape

from rookery.core.objects import Owner
from rookery.core.page import Page
from rookery.core.routes import Answer, Call
from rookery.web.forms import HTML
from rookery.web.listings import Listing

KEPT = ("Cache-Control", "private, no-cache")  # going back shows what was there, anything else asks
BY_ENCODING = ("Vary", "Accept-Encoding")
PACKED = ("Content-Encoding", "gzip")
PACKED_LEVEL = 1  # of 9: a third of the time, for a tenth more bytes
FRAMES_MAX = 4_000  # of some 5 KB each
PAGES_MAX = 4_000  # of some 8 KB each, as browsers take them packed
_GAP = b"\0"  # where something is put in; it stands in no text
_KEY = "\1"  # the same for the key of the form, see forms.py
_owner = msgspec.json.Decoder(Owner).decode
Trends = tuple[tuple[str, int], ...]


class About(NamedTuple):
    """All that a frame shows. `viewer` is the visitor's own account as JSON in its short form, empty for a stranger."""

    template: str
    path: str
    site_url: str
    viewer: bytes
    trends: Trends
    is_first: bool


@dataclass(slots=True)
class _Made:
    """A page with what it was made of: the same list in the same frame is the same page. It is kept as it was last
    sent: in parts, or packed."""

    page: Page[bytes]
    about: About
    is_packed: bool
    parts: Sequence[bytes]


class Frames:
    """Keeps a bounded number of frames and pages: the oldest go first."""

    def __init__(self, templates: Environment) -> None:
        self._templates = templates
        self._frames: dict[Hashable, Sequence[bytes]] = {}
        self._made: dict[int, _Made] = {}

    def answer(self, call: Call, about: About, page: Page[bytes], listed: Callable[[], Listing]) -> Answer:
        """The page with the list that `listed` makes of `page`."""
        packs = "gzip" in call.headers.get("accept-encoding", "")
        made = self._made.get(call.viewer)
        if made is None or made.page is not page or made.about != about or made.is_packed != packs:
            parts = self._parts(about, listed())
            if packs:
                parts = (gzip.compress(b"".join(parts), PACKED_LEVEL, mtime=0),)
            made = self._made[call.viewer] = _Made(page, about, packs, parts)
            _trim(self._made, PAGES_MAX)
        headers = (KEPT, BY_ENCODING, PACKED) if packs else (KEPT, BY_ENCODING)
        return Answer(b"".join(made.parts), headers, HTML)

    def _parts(self, about: About, listing: Listing) -> Sequence[bytes]:
        start, *rest = self._frame(about, listing)
        if listing.more is not None:
            rest.insert(1, escape(listing.more).encode())
        before, *after = start.split(_KEY.encode())
        key = secrets.token_hex(8).encode()
        return before, *(part for one in after for part in (key, one)), *listing.pieces, *rest

    def _frame(self, about: About, listing: Listing) -> Sequence[bytes]:
        """What comes before the items, between them and the address of the next page, and after that."""
        ends = listing.more is None
        key = (about, ends, ends and listing.is_empty)
        frame = self._frames.get(key)
        if frame is None:
            gaps = Listing(() if ends and listing.is_empty else (_GAP,), None if ends else _GAP.decode())
            body = self._templates.get_template(about.template).render(
                viewer=_owner(about.viewer) if about.viewer else None,
                path=about.path,
                site_url=about.site_url,
                trends=about.trends,
                is_first=about.is_first,
                listing=gaps,
                key=_KEY,
            )
            frame = self._frames[key] = body.encode().split(_GAP)
            _trim(self._frames, FRAMES_MAX)
        return frame


def _trim(kept: dict[Any, Any], count_max: int) -> None:
    if len(kept) > count_max:
        del kept[next(iter(kept))]
