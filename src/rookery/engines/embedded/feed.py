"""Feeds in feed.db: reading them, merging celebrities, pulling where there is no feed."""

import asyncio
from collections.abc import Hashable, Sequence

import apsw

from rookery.core.events import Event, Kind
from rookery.core.ids import ID_MAX
from rookery.engines.embedded.building import Builder
from rookery.engines.embedded.connections import Files, rows_of
from rookery.engines.embedded.damage import UNREADABLE
from rookery.engines.embedded.news import News
from rookery.engines.embedded.pull import Entry, pull
from rookery.engines.embedded.snapshots import Snapshots

OWN_WRITE_WAIT_S = 0.4
_WAIT_STEP_S = 0.002
STAMPS_MAX = 20_000
FOLLOWEES_ON_LOOP_MAX = 200  # a pull over more runs in a thread: 1.2 ms over 200, 5.3 ms over 1,000


_HEADER = """
SELECT m.value, h.token, h.floor, (SELECT max(tweet_id) FROM feed.entries e WHERE e.viewer_id = h.viewer_id)
FROM feed.meta m LEFT JOIN feed.headers h ON h.viewer_id = ? WHERE m.name = 'offset'"""
_ENTRIES = """
SELECT tweet_id, original_id FROM feed.entries WHERE viewer_id = ? AND tweet_id < ? AND tweet_id >= ?
ORDER BY tweet_id DESC LIMIT ?"""
_CELEBRITIES = """
SELECT f.user_id FROM follow_counts f JOIN edges e ON e.viewer_id = ? AND e.other_id = f.user_id
WHERE f.celebrity_ms IS NOT NULL AND e.follow_id IS NOT NULL"""
_OF_CELEBRITY = """
SELECT tweet_id, original_id FROM tweets WHERE owner_id = ?1 AND deleted = 0 AND tweet_id < ?2
UNION ALL SELECT reply_id, 0 FROM replies WHERE owner_id = ?1 AND deleted = 0 AND reply_id < ?2
ORDER BY 1 DESC LIMIT ?3"""


class EmbeddedFeed:
    """The FeedStore of this engine. `keep`: how many entries a newly built feed holds."""

    def __init__(self, files: Files, snapshots: Snapshots, news: News, *, keep: int = 800) -> None:
        self._snapshots = snapshots
        self._news = news
        self._builder = Builder(files, keep)
        self._own_writes: dict[int, int] = {}
        self._horizon = 0
        self._celebrity_news = 0
        self._backdated = 0
        self._celebrities: set[int] | None = None
        self._stamps: dict[int, Hashable] = {}
        self._stamps_version = 0
        snapshots.on_event.append(self._take)
        snapshots.on_lost.append(self._lost)

    async def stamp(self, viewer: int) -> Hashable | None:
        """See services.feed.store.FeedStore."""
        self._snapshots.freshen()
        if self._stamps_version != self._snapshots.version:
            self._stamps.clear()
        kept = self._stamps.get(viewer)
        return kept if kept is not None else await self._new_stamp(viewer)

    async def _new_stamp(self, viewer: int) -> Hashable | None:
        """A stamp read from feed.db. Where that has taken in all the truth, the stamp stands until the truth changes:
        what else is written there, feeds being built or trimmed, changes no candidates."""
        header = self._header(viewer)
        version, whole = self._snapshots.version, self._horizon >= self._snapshots.position
        if self._own_writes.get(viewer, 0) > self._horizon:
            header = await self._own_writes_in(viewer)
        token, floor, top = header
        if token is None or floor == ID_MAX or self._own_writes.get(viewer, 0) > self._horizon:
            return None
        stamp = token, top, self._backdated, min(self._celebrity_news, self._horizon)
        if whole:
            if version != self._stamps_version or len(self._stamps) >= STAMPS_MAX:
                self._stamps.clear()
                self._stamps_version = version
            self._stamps[viewer] = stamp
        return stamp

    async def since(self, viewer: int, seen: int) -> int:
        """See services.feed.store.FeedStore. Ids are in commit order, and nothing shows above the horizon."""
        return seen

    async def candidates(self, viewer: int, before: int, limit: int) -> Sequence[Entry]:
        """See services.feed.store.FeedStore."""
        with self._snapshots.open() as connection:
            token, floor, _ = self._read_header(connection, viewer)
            if token is None or floor == ID_MAX:
                self._builder.build_later(viewer)
                floor = ID_MAX
            if self._own_writes.get(viewer, 0) > self._horizon:
                floor = ID_MAX  # what the viewer wrote shows at once, however late feeds are: all is pulled
            else:
                before = min(before, self._horizon + 1)
            entries, floor = self._read_entries(connection, viewer, before, floor, limit)
            whole = len(entries) == limit
            span = (entries[-1][0] if whole else floor, before)
            merged = self._with_celebrities(connection, viewer, entries, span, limit)
        if whole or not floor or len(merged) == limit:
            return merged
        return [*merged, *await self._pull(viewer, min(before, floor), limit - len(merged))]

    async def public(self, before: int, limit: int) -> Sequence[tuple[int, int]]:
        """See services.feed.store.FeedStore."""
        with self._snapshots.open() as connection:
            return rows_of(
                connection,
                "SELECT tweet_id, tweet_id FROM tweets WHERE original_id = 0 AND deleted = 0 AND tweet_id < ? "
                "ORDER BY tweet_id DESC LIMIT ?",
                (before, limit),
            )

    async def news(self, position: int) -> tuple[Sequence[Event], int] | None:
        """See services.feed.store.FeedStore."""
        with self._snapshots.open() as connection:
            trimmed = rows_of(connection, "SELECT value FROM meta WHERE name = 'outbox_trimmed'")[0][0]
            if trimmed > position:
                return None
            rows = rows_of(
                connection,
                "SELECT event_id, kind, actor, subject, other FROM outbox WHERE event_id > ? AND event_id <= ? "
                "AND kind IN (?, ?) ORDER BY event_id",
                (position, self._horizon, int(Kind.CONTENT_EDITED), int(Kind.CONTENT_DELETED)),
            )
            return [Event(one, Kind(kind), *rest) for one, kind, *rest in rows], self._horizon

    async def wait(self, timeout_s: float) -> None:
        """See services.feed.store.FeedStore."""
        await self._news.wait(timeout_s)

    def position(self) -> int:
        """See services.feed.store.FeedStore."""
        self._header(0)
        return self._horizon

    def position_at(self, tweet_id: int) -> int:
        """See services.feed.store.FeedStore. Tweets and events are numbered alike."""
        return tweet_id

    def close(self) -> None:
        """Ends the building thread."""
        self._builder.close()

    def _header(self, viewer: int) -> tuple[int | None, int, int]:
        with self._snapshots.open() as connection:
            return self._read_header(connection, viewer)

    def _read_header(self, connection: apsw.Connection, viewer: int) -> tuple[int | None, int, int]:
        """(token or None where there is no feed, floor, newest entry); takes in the horizon."""
        try:
            rows = rows_of(connection, _HEADER, (viewer,))
        except UNREADABLE:
            self._builder.mend_later()
            rows = []
        if not rows:  # feed.db is being made anew: all is pulled
            self._horizon = max(self._horizon, self._snapshots.position)
            return None, ID_MAX, 0
        offset, token, floor, top = rows[0]
        # feed.db is looked at after core.db: what it has beyond that look would show without its celebrities' tweets.
        horizon = min(offset, self._snapshots.position)
        if horizon != self._horizon:
            self._horizon = horizon
            if len(self._own_writes) > 1_000:
                self._own_writes = {one: at for one, at in self._own_writes.items() if at > horizon}
        return token, ID_MAX if floor is None else floor, top or 0

    def _read_entries(
        self, connection: apsw.Connection, viewer: int, before: int, floor: int, limit: int
    ) -> tuple[list[Entry], int]:
        """What the feed holds below `before`, and down to where that is all there is."""
        try:
            return rows_of(connection, _ENTRIES, (viewer, before, floor, limit)), floor
        except UNREADABLE:
            self._builder.mend_later()
            return [], ID_MAX

    async def _own_writes_in(self, viewer: int) -> tuple[int | None, int, int]:
        """Waits until the viewer's own writes have been projected, so that one sees them at once."""
        deadline = asyncio.get_running_loop().time() + OWN_WRITE_WAIT_S
        header = self._header(viewer)
        while (
            self._own_writes.get(viewer, 0) > self._horizon and asyncio.get_running_loop().time() < deadline
        ):
            await asyncio.sleep(_WAIT_STEP_S)
            header = self._header(viewer)
        return header

    def _with_celebrities(
        self,
        connection: apsw.Connection,
        viewer: int,
        entries: list[Entry],
        span: tuple[int, int],
        limit: int,
    ) -> list[Entry]:
        """Merges what flagged authors wrote in the span [from, below); doubles go by id."""
        if self._celebrities is None:
            rows = rows_of(connection, "SELECT user_id FROM follow_counts WHERE celebrity_ms IS NOT NULL")
            self._celebrities = {row[0] for row in rows}
        if not self._celebrities:
            return entries
        merged = dict(entries)
        for (author,) in rows_of(connection, _CELEBRITIES, (viewer,)):
            rows = rows_of(connection, _OF_CELEBRITY, (author, span[1], limit))
            merged.update((one, original) for one, original in rows if one >= span[0])
        return sorted(merged.items(), reverse=True)[:limit]

    async def _pull(self, viewer: int, before: int, limit: int) -> Sequence[Entry]:
        with self._snapshots.open() as connection:
            count = rows_of(connection, "SELECT following FROM follow_counts WHERE user_id = ?", (viewer,))
            if not count or count[0][0] <= FOLLOWEES_ON_LOOP_MAX:
                return pull(connection, viewer, before, limit)
        return await self._builder.pull(viewer, before, limit)

    def _take(self, event: Event) -> None:
        self._own_writes[event.actor] = event.event_id
        if event.backdated:
            self._backdated = event.event_id
        if event.kind == Kind.ACCOUNT_CHANGED:
            self._celebrities = None
        if self._celebrities is None or event.actor in self._celebrities:
            self._celebrity_news = event.event_id

    def _lost(self) -> None:
        self._own_writes.clear()
        self._celebrities = None
        self._backdated = self._snapshots.position
