"""The live stream: new tweets of a feed, and edits and deletes, as server-sent events.

Storage's wake-ups are hints to look; what is sent always comes from a read of the feed.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterable
from dataclasses import dataclass, field

from rookery.core import visibility
from rookery.core.clock import now_ms
from rookery.core.entities import Edge
from rookery.core.events import Event, Kind
from rookery.core.ids import ID_MAX, first_id_at, parse_id
from rookery.core.page import PAGE_SIZE_MAX
from rookery.core.reading import Reader, render_tweet
from rookery.services.feed.service import FeedService
from rookery.services.feed.store import FeedStore

COMMENT_EVERY_S = 15.0
LOOK_EVERY_S = 0.4
CATCH_UP_MAX = 800  # more missed tweets than this end in `reset`
SENT_MAX = 1_000  # tweets that a stream remembers, so that it sends none twice


@dataclass(slots=True)
class _Told:
    """What a client knows: the newest tweet of the feed, the last that it was sent, all edits and deletes up to a
    position; and the stamp of the feed then."""

    tweet: int
    position: int
    sent: dict[int, None] = field(default_factory=dict)
    stamp: Hashable | None = None

    def take(self, tweet_ids: Iterable[int]) -> None:
        """Remembers tweets of the feed that the client knows, or that do not show."""
        for one in tweet_ids:
            self.tweet = max(self.tweet, one)
            self.sent[one] = None
        for one in list(self.sent)[:-SENT_MAX]:
            del self.sent[one]


class LiveService:
    """Streams of feeds."""

    def __init__(self, feed: FeedService, store: FeedStore, reader: Reader) -> None:
        self._feed = feed
        self._store = store
        self._reader = reader

    async def stream(self, viewer: int, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Events for a viewer from now on, or after the tweet that a client saw last. It never ends by itself."""
        resumed = self._resumed(last_event_id) if last_event_id else None
        # Taken before anything is sent: what a client reads after that leaves no gap.
        told = resumed or await self._now(viewer)
        yield b": connected\n\n"
        if last_event_id and resumed is None:
            yield _RESET
        clock = asyncio.get_running_loop().time
        spoke_at = clock()
        while True:
            for piece in await self._news(viewer, told):
                yield piece
                spoke_at = clock()
            if clock() - spoke_at >= COMMENT_EVERY_S:
                yield b": still here\n\n"
                spoke_at = clock()
            await self._store.wait(LOOK_EVERY_S)

    async def _now(self, viewer: int) -> "_Told":
        told = _Told(0, self._store.position())
        told.take(one for one, _ in await self._store.candidates(viewer, ID_MAX, 1))
        before, since = told.tweet, await self._store.since(viewer, told.tweet)
        while before > since and len(told.sent) < SENT_MAX:
            known = [one for one, _ in await self._store.candidates(viewer, before, PAGE_SIZE_MAX)]
            told.take(known)
            before = known[-1] if known else 0
        return told

    def _resumed(self, last_event_id: str) -> "_Told | None":
        """Where a client goes on; None for what is no id that a stream can have sent: nothing newer would ever come."""
        seen = parse_id(last_event_id)
        minted = max(self._store.position(), first_id_at(now_ms() + 1))
        if seen is None or seen > minted:
            return None
        return _Told(seen, self._store.position_at(seen), {seen: None})

    async def _news(self, viewer: int, told: "_Told") -> list[bytes]:
        """What to send."""
        if self._store.position() <= told.position:
            return []
        news = await self._store.news(told.position)
        fresh = await self._fresh(viewer, told) if news is not None else None
        if news is None or fresh is None:
            now = await self._now(viewer)
            told.tweet, told.position, told.sent = now.tweet, now.position, now.sent
            return [_RESET]
        changes, told.position = news
        changed = [await self._change(viewer, change) for change in changes]
        return [
            *(_event("tweet", body, one) for one, body in fresh),
            *(piece for piece in changed if piece is not None),
        ]

    async def _fresh(self, viewer: int, told: "_Told") -> list[tuple[int, bytes]] | None:
        """The feed's tweets that were not sent yet, oldest first; None where there are too many."""
        stamp = await self._store.stamp(viewer)
        if stamp is not None and stamp == told.stamp:
            return []
        told.stamp = stamp
        since = await self._store.since(viewer, told.tweet)
        again = since < told.tweet  # then what does not show now must not be looked at again, when it may
        known = await self._store.candidates(viewer, ID_MAX, PAGE_SIZE_MAX if again else 1)
        found: list[tuple[int, bytes]] = []
        before = ID_MAX
        while len(found) < CATCH_UP_MAX:
            page = await self._feed.shown(viewer, before, PAGE_SIZE_MAX, since)
            found.extend(entry for entry in page.entries if entry[0] not in told.sent)
            if page.next_cursor is None:
                told.take(one for one, _ in (*known[::-1], *found))
                return found[::-1]
            before = int(page.next_cursor)
        return None

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


_RESET = _event("reset", b"{}")
