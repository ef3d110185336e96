"""A network for tests: real stores and services over a data folder, called through their routes without a server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rookery.core.events import Event, Kind
from rookery.core.limits import Ticket
from rookery.core.reading import Reader
from rookery.core.routes import Answer, Call, Route
from rookery.engines.embedded.connections import Files, Row
from rookery.engines.embedded.database import Database, Tx
from rookery.engines.embedded.facts import EmbeddedFacts
from rookery.engines.embedded.replies import EmbeddedReplies
from rookery.engines.embedded.snapshots import Snapshots
from rookery.engines.embedded.tweets import EmbeddedTweets
from rookery.services.replies import http as replies_http
from rookery.services.replies.projector import RepliesUpkeep
from rookery.services.replies.service import RepliesService
from rookery.services.tweets import http as tweets_http
from rookery.services.tweets.projector import TweetsUpkeep
from rookery.services.tweets.service import NewTweet, TweetsService


@dataclass
class Reply:
    """What a route answered."""

    body: Any
    headers: Mapping[str, str]

    def next_query(self) -> str | None:
        """The query string of the next page."""
        link = self.headers.get("Link")
        return None if link is None else urlsplit(link[1 : link.index(">")]).query


class Stage:
    """Tweets and replies with the accounts that the test wants."""

    def __init__(self, folder: Path) -> None:
        files = Files(folder, b"k" * 32)
        files.migrate("core")
        files.migrate("feed")
        self.database = Database(files)
        self.snapshots = Snapshots(files)
        self.reader = Reader(EmbeddedFacts(self.snapshots))
        self.tweets = TweetsService(EmbeddedTweets(self.database, self.snapshots), self.reader)
        self.replies = RepliesService(EmbeddedReplies(self.database, self.snapshots), self.reader)
        self.routes = [
            *tweets_http.routes(self.tweets, self.reader, self.replies),
            *replies_http.routes(self.replies, self.reader),
        ]
        self._upkeep = (TweetsUpkeep(self.tweets.store), RepliesUpkeep(self.replies.store))
        self._kept = 0

    def close(self) -> None:
        """Closes the files."""
        self.database.close()
        self.snapshots.close()

    async def account(self, handle: str, *, protected: bool = False) -> int:
        """A new account."""

        def work(tx: Tx) -> int:
            user_id = tx.mint()
            tx.execute(
                "INSERT INTO users (user_id, handle, handle_folded, name, bio, protected) VALUES (?,?,?,?,'',?)",
                (user_id, handle, handle.lower(), handle, protected),
            )
            tx.emit(Kind.ACCOUNT_CREATED, user_id, actor=user_id)
            return user_id

        return await self.database.write(work)

    async def protect(self, user_id: int) -> None:
        """Protects an account."""
        await self._change_user(
            user_id, "UPDATE users SET protected = 1 WHERE user_id = ?", Kind.ACCOUNT_PROTECTED
        )

    async def delete_account(self, user_id: int) -> None:
        """Deletes an account and lets upkeep erase what it wrote."""
        await self._change_user(user_id, "UPDATE users SET state = 2 WHERE user_id = ?", Kind.ACCOUNT_DELETED)
        await self.upkeep()

    async def follow(self, follower: int, followee: int) -> None:
        """A follow that stands."""
        await self._change_edge(follower, followee, "follow_id")

    async def block(self, blocker: int, other: int) -> None:
        """A block, in the rows of both."""
        await self._change_edge(blocker, other, "block_id")
        await self._change_edge(other, blocker, "blocked_by")

    async def post(self, author: int, content: str = "a tweet", *, quote_of: int | None = None) -> int:
        """A tweet or quote."""
        quoted = None if quote_of is None else str(quote_of)
        return await self.tweets.post(author, NewTweet(content=content, quote_of=quoted))

    async def call(
        self,
        method: str,
        path: str,
        viewer: int = 0,
        body: Any = None,
        *,
        query: str = "",
        media: str = "application/json",
    ) -> Reply:
        """What a route answers; Problems come as raised."""
        route, args = self._find(method, path)
        assert viewer or not route.needs_account
        raw = b"" if body is None else json.dumps(body).encode()
        call = Call(
            method,
            path,
            args,
            query.encode(),
            raw,
            {"content-type": media},
            "127.0.0.1",
            viewer,
            ticket=Ticket(viewer),
        )
        answer: Answer = await route.handler(call)
        assert call.was_read
        return Reply(json.loads(answer.body), dict(answer.headers))

    async def walk(self, path: str, viewer: int, query: str) -> list[Any]:
        """Every entry of a list, page by page."""
        entries: list[Any] = []
        rest: str | None = query
        while rest is not None:
            page = await self.call("GET", path, viewer, query=rest)
            entries += page.body
            rest = page.next_query()
        return entries

    def events(self) -> list[Event]:
        """The whole outbox."""
        rows = self.rows(
            "SELECT event_id, kind, actor, subject, other, backdated FROM outbox ORDER BY event_id"
        )
        return [
            Event(one, Kind(kind), actor, subject, other, bool(dated))
            for one, kind, actor, subject, other, dated in rows
        ]

    async def upkeep(self) -> None:
        """Carries out what the events since the last time ask for, each twice: the second must change nothing."""
        while pending := [event for event in self.events() if event.event_id > self._kept]:
            self._kept = pending[-1].event_id
            for event in pending:
                for part in self._upkeep * 2:
                    await part.on_event(event)

    def rows(self, sql: str, *values: int) -> list[Row]:
        """Rows of the truth."""
        with self.snapshots.open() as connection:
            return connection.execute(sql, values).fetchall()

    def miscounted(self) -> list[Row]:
        """Every counter of tweets and replies that differs from a recount."""
        return [row for sql in _RECOUNTS for row in self.rows(sql)]

    def _find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        parts = path.split("/")
        for route in self.routes:
            names = route.path.split("/")
            if route.method == method and len(names) == len(parts):
                pairs = list(zip(names, parts, strict=True))
                if all(name == part or (name.startswith("{") and part) for name, part in pairs):
                    return route, {name[1:-1]: part for name, part in pairs if name.startswith("{")}
        raise AssertionError(f"no route for {method} {path}")

    async def _change_user(self, user_id: int, sql: str, kind: Kind) -> None:
        def work(tx: Tx) -> None:
            tx.execute(sql, (user_id,))
            tx.emit(kind, user_id, actor=user_id)

        await self.database.write(work)

    async def _change_edge(self, viewer: int, other: int, column: str) -> None:
        def work(tx: Tx) -> None:
            tx.execute("INSERT OR IGNORE INTO edges (viewer_id, other_id) VALUES (?,?)", (viewer, other))
            tx.execute(
                f"UPDATE edges SET {column} = ? WHERE viewer_id = ? AND other_id = ?",
                (tx.mint(), viewer, other),
            )
            tx.emit(Kind.EDGE_CHANGED, viewer, other, actor=viewer)

        await self.database.write(work)


def cursor_in(query: str) -> str:
    """The cursor in a query string."""
    return parse_qs(query)["cursor"][0]


_RECOUNTS = tuple(
    f"""WITH real (id, n) AS ({real}), kept (id, n) AS ({kept})
SELECT '{name}', id, coalesce(kept.n, 0), coalesce(real.n, 0) FROM kept FULL JOIN real USING (id)
WHERE coalesce(kept.n, 0) <> coalesce(real.n, 0)"""
    for name, real, kept in (
        (
            "likes",
            "SELECT tweet_id, count(*) FROM likes GROUP BY 1",
            "SELECT tweet_id, likes FROM tweet_counts",
        ),
        (
            "retweets",
            "SELECT original_id, count(*) FROM tweets WHERE original_id > 0 AND deleted = 0 GROUP BY 1",
            "SELECT tweet_id, retweets FROM tweet_counts",
        ),
        (
            "quotes",
            "SELECT quoted_id, count(*) FROM tweets WHERE quoted_id > 0 AND deleted = 0 GROUP BY 1",
            "SELECT tweet_id, quotes FROM tweet_counts",
        ),
        (
            "replies",
            "SELECT parent_id, count(*) FROM replies WHERE deleted = 0 GROUP BY 1",
            "SELECT tweet_id, replies FROM reply_counts",
        ),
        (
            "tweets by",
            "SELECT owner_id, count(*) FROM tweets WHERE deleted = 0 GROUP BY 1",
            "SELECT user_id, tweets FROM tweet_authors",
        ),
        (
            "replies by",
            "SELECT owner_id, count(*) FROM replies WHERE deleted = 0 GROUP BY 1",
            "SELECT user_id, replies FROM reply_authors",
        ),
    )
)
