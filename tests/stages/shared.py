"""A network for tests: real stores and services, called through their routes without a server, on either engine."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from rookery.core.events import Event
from rookery.core.limits import Ticket
from rookery.core.reading import FactSource, Reader
from rookery.core.routes import Answer, Call, Route
from rookery.services.replies import http as replies_http
from rookery.services.replies.projector import RepliesUpkeep
from rookery.services.replies.service import RepliesService
from rookery.services.replies.store import ReplyStore
from rookery.services.tweets import http as tweets_http
from rookery.services.tweets.projector import TweetsUpkeep
from rookery.services.tweets.service import NewTweet, TweetsService
from rookery.services.tweets.store import TweetStore


@dataclass
class Reply:
    """What a route answered."""

    body: Any
    headers: Mapping[str, str]

    def next_query(self) -> str | None:
        """The query string of the next page."""
        link = self.headers.get("Link")
        return None if link is None else urlsplit(link[1 : link.index(">")]).query


@dataclass(frozen=True)
class Kept:
    """What the row of a tweet or reply holds, deleted or not; 0 where it has no original or parent."""

    item_id: int
    owner_id: int
    original_id: int
    parent_owner_id: int
    content: str
    links: bytes
    place: tuple[float | None, float | None]
    deleted: bool


class Stage(ABC):
    """Tweets and replies with the accounts that the test wants."""

    swept_at_once: ClassVar[int]  # retweets that go with a deleted tweet at once; upkeep takes the rest

    def __init__(self, source: FactSource, tweets: TweetStore, replies: ReplyStore) -> None:
        self.reader = Reader(source)
        self.tweets = TweetsService(tweets, self.reader)
        self.replies = RepliesService(replies, self.reader)
        self.routes = [
            *tweets_http.routes(self.tweets, self.reader, self.replies),
            *replies_http.routes(self.replies, self.reader),
        ]
        self._upkeep = (TweetsUpkeep(self.tweets.store), RepliesUpkeep(self.replies.store))
        self._kept = 0

    @abstractmethod
    async def account(self, handle: str, *, protected: bool = False) -> int:
        """A new account."""

    @abstractmethod
    async def protect(self, user_id: int) -> None:
        """Protects an account."""

    @abstractmethod
    async def end_account(self, user_id: int) -> None:
        """Deletes an account; what it wrote stays until upkeep."""

    @abstractmethod
    async def follow(self, follower: int, followee: int) -> None:
        """A follow that stands."""

    @abstractmethod
    async def block(self, blocker: int, other: int) -> None:
        """A block, in the rows of both."""

    @abstractmethod
    async def news(self) -> Sequence[Event]:
        """The whole outbox, by event id."""

    @abstractmethod
    async def texts(self) -> Sequence[Kept]:
        """The rows of all tweets and replies, by id."""

    @abstractmethod
    async def versions(self) -> int:
        """How many earlier texts there are."""

    @abstractmethod
    async def likes(self) -> int:
        """How many likes there are."""

    @abstractmethod
    async def miscounted(self) -> Sequence[object]:
        """Every counter of tweets and replies that differs from a recount."""

    @abstractmethod
    async def fill(self, author: int, tweet_id: int) -> None:
        """Puts a tweet under this id."""

    async def settle(self) -> None:  # noqa: B027 - nothing, where a write is whole as it is answered
        """Waits for what a write leaves to be done a moment later."""

    async def delete_account(self, user_id: int) -> None:
        """Deletes an account and lets upkeep erase what it wrote."""
        await self.end_account(user_id)
        await self.upkeep()

    async def post(self, author: int, content: str = "a tweet", *, quote_of: int | None = None) -> int:
        """A tweet or quote."""
        quoted = None if quote_of is None else str(quote_of)
        return await self.tweets.post(author, NewTweet(content=content, quote_of=quoted))

    async def retweets(self) -> Sequence[int]:
        """The retweets that stand."""
        return [one.item_id for one in await self.texts() if one.original_id and not one.deleted]

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
        await self.settle()
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

    async def upkeep(self) -> None:
        """Carries out what the events since the last time ask for, each twice: the second must change nothing."""
        while pending := [event for event in await self.news() if event.event_id > self._kept]:
            self._kept = pending[-1].event_id
            for event in pending:
                for part in self._upkeep * 2:
                    await part.on_event(event)

    def _find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        parts = path.split("/")
        for route in self.routes:
            names = route.path.split("/")
            if route.method == method and len(names) == len(parts):
                pairs = list(zip(names, parts, strict=True))
                if all(name == part or (name.startswith("{") and part) for name, part in pairs):
                    return route, {name[1:-1]: part for name, part in pairs if name.startswith("{")}
        raise AssertionError(f"no route for {method} {path}")


def cursor_in(query: str) -> str:
    """The cursor in a query string."""
    return parse_qs(query)["cursor"][0]
