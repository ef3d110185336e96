"""The live stream: new tweets of a feed, and edits and deletes, as server-sent events.

Storage's wake-ups are hints to look; what is sent always comes from a read of the feed.
"""

import asyncio
from collections.abc import AsyncIterator

from rookery.core import visibility
from rookery.core.entities import Edge
from rookery.core.events import Event, Kind
from rookery.core.ids import ID_MAX, parse_id
from rookery.core.page import PAGE_SIZE_MAX
from rookery.core.reading import Reader, render_tweet
from rookery.services.feed.service import FeedService
from rookery.services.feed.store import FeedStore

COMMENT_EVERY_S = 15.0
LOOK_EVERY_S = 0.4
CATCH_UP_MAX = 800  # more missed tweets than this end in `reset`


class LiveService:
    """Streams of feeds."""

    def __init__(self, feed: FeedService, store: FeedStore, reader: Reader) -> None:
        self._feed = feed
        self._store = store
        self._reader = reader

    async def stream(self, viewer: int, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Events for a viewer from now on, or after the tweet that a client saw last. It never ends by itself."""
        seen = parse_id(last_event_id) if last_event_id else None
        newest = self._store.position() if seen is None else seen
        position = newest
        yield b": connected\n\n"
        if last_event_id and seen is None:
            yield _event("reset", b"{}")
            newest = position = self._store.position()
        clock = asyncio.get_running_loop().time
        spoke_at = clock()
        while True:
            reached = self._store.position()
            if reached > position or reached > newest:
                pieces, newest = await self._news(viewer, newest, position)
                position = max(position, reached)
                for piece in pieces:
                    yield piece
                    spoke_at = clock()
            if clock() - spoke_at >= COMMENT_EVERY_S:
                yield b": still here\n\n"
                spoke_at = clock()
            await self._store.wait(LOOK_EVERY_S)

    async def _news(self, viewer: int, newest: int, position: int) -> tuple[list[bytes], int]:
        """What to send, and the newest tweet that has been sent then."""
        changes = await self._store.news(position)
        if changes is None:
            return [_event("reset", b"{}")], self._store.position()
        fresh, whole = await self._fresh(viewer, newest)
        if not whole:
            return [_event("reset", b"{}")], self._store.position()
        pieces = [_event("tweet", body, one) for one, body in fresh]
        for change in changes:
            piece = await self._change(viewer, change)
            if piece is not None:
                pieces.append(piece)
        return pieces, fresh[-1][0] if fresh else newest

    async def _fresh(self, viewer: int, newest: int) -> tuple[list[tuple[int, bytes]], bool]:
        """The feed's tweets above an id, oldest first, and whether these are all."""
        found: list[tuple[int, bytes]] = []
        before = ID_MAX
        while len(found) < CATCH_UP_MAX:
            page = await self._feed.shown(viewer, before, PAGE_SIZE_MAX, since=newest)
            found.extend(page.entries)
            if page.next_cursor is None:
                return found[::-1], True
            before = int(page.next_cursor)
        return [], False

    async def _change(self, viewer: int, event: Event) -> bytes | None:
        facts = await self._reader.source.gather(viewer, [event.subject], [event.actor])
        if event.kind == Kind.CONTENT_EDITED:
            if visibility.in_home_feed(facts, event.subject):
                return _event("edit", render_tweet(facts, event.subject))
            return None
        if event.actor == viewer or facts.edge(event.actor) & Edge.FOLLOWING:
            return _event("delete", b'{"tweetId":"%d"}' % event.subject)
        return None


def _event(name: str, data: bytes, event_id: int | None = None) -> bytes:
    line = b"id: %d\n" % event_id if event_id is not None else b""
    return b"%sevent: %s\ndata: %s\n\n" % (line, name.encode(), data)
