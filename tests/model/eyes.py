"""Reads of a served network, compared with what the oracle says."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.model.oracle import Oracle
from tests.model.reads import is_list
from tests.model.searches import Search, Searches
from tests.model.world import Post, World
from tests.serving import PATIENCE_S, Person, problem_of, soon

SETTLED_S = PATIENCE_S
HIDDEN_S = 0.5  # after which nothing shows that was deleted, blocked or protected, where that may be late
PAGE_SIZE = 4
PEOPLE_SHOWN_MAX = 100

See = Callable[[str | None], Person]


class Eyes:
    """Reads as anyone. `see` gives the client of a viewer; what stood before `first`, an id, is not of this world.

    `late`: what others did shows a little later, and `since` repeats what is just older (docs/cluster.md)."""

    def __init__(self, oracle: Oracle, see: See, *, late: bool = False) -> None:
        self.oracle = oracle
        self._see = see
        self._late = late
        self._acted_at = 0.0

    def acted(self) -> None:
        """Somebody has just written."""
        self._acted_at = time.monotonic()

    @property
    def _world(self) -> World:
        return self.oracle.world

    def agree(self, viewer: str | None, read: str, *, size: int = PAGE_SIZE, at_once: bool = False) -> None:
        """Compares one read, which may lag unless it is right `at_once`; what the viewer may not see never shows."""
        expected = self.oracle.answer(viewer, read)
        lag_s = 0.0 if at_once else SETTLED_S
        hidden_s = 0.0 if at_once or not self._late else HIDDEN_S
        soon(
            (viewer, read, expected),
            lambda: (viewer, read, self._read(viewer, read, size, hidden_s=hidden_s)),
            lag_s,
        )

    def agree_on_search(self, viewer: str | None, search: Search, sort: str = "latest") -> None:
        """Compares what a search finds."""
        posts = [one for one in self.oracle.newest() if one.original is None and search.finds(one)]
        expected = self.oracle.found(viewer, posts, sort)
        read = f"/search/?{search.query}&sort={sort}"
        soon((read, expected), lambda: (read, self._read(viewer, read, PAGE_SIZE)), SETTLED_S)

    def agree_on_people(self, viewer: str | None, start: str) -> None:
        """Compares which accounts a search finds; the most followed come first, after the one with that handle."""
        read = f"/search/users?token={start}"
        soon(
            (read, self.oracle.people(viewer, start)),
            lambda: (read, {one["userId"] for one in self._read(viewer, read, PAGE_SIZE)}),
            SETTLED_S,
        )
        shown = self._read(viewer, read, PAGE_SIZE)
        assert [self.oracle.user(viewer, one["userId"]) for one in shown] == shown
        followers = [one["followerCount"] for one in shown if one["handle"] != start]
        assert sorted(followers, reverse=True) == followers

    def agree_on_trends(self, searches: Searches) -> None:
        """Compares the hashtags used around this world's place."""
        query, counted = searches.trends()
        stranger = self._see(None)

        def told() -> tuple[dict[str, int], list[int]]:
            shown = stranger.ok("GET", f"/search/trends?{query}")
            return {one["hashtag"]: one["count"] for one in shown}, [one["count"] for one in shown]

        soon((counted, sorted(counted.values(), reverse=True)), told, SETTLED_S)

    def agree_on_suggestions(self, viewer: str) -> None:
        """Compares whom the viewer might follow: followed by those one follows, by how many of them, then the most
        followed, among whom accounts of other worlds may stand."""
        shown = self._see(viewer).ok("GET", f"/follow/suggestions?pageSize={PEOPLE_SHOWN_MAX}")
        near, accounts = self.oracle.near(viewer), self._world.accounts
        first, others = shown[: len(near)], shown[len(near) :]
        assert near.keys() == {one["userId"] for one in first}
        ranks = [(near[one["userId"]], one["followerCount"]) for one in first]
        assert sorted(ranks, reverse=True) == ranks
        followers = [one["followerCount"] for one in others]
        assert sorted(followers, reverse=True) == followers
        mine = [one for one in shown if one["userId"] in accounts]
        assert [self.oracle.user(viewer, one["userId"]) for one in mine] == mine
        if len(shown) < PEOPLE_SHOWN_MAX:
            assert self.oracle.popular(viewer) == {one["userId"] for one in mine}

    def _read(self, viewer: str | None, read: str, size: int, *, hidden_s: float = 0.0) -> Any:
        begun_at = time.monotonic()
        shown = self._shown(viewer, read, size)
        unseen = [one["tweetId"] for one in tweets_in(shown) if not self._is_seen(viewer, one)]
        if unseen and begun_at < self._acted_at + hidden_s:
            return self._read(viewer, read, size, hidden_s=hidden_s)
        assert [] == unseen, read
        return shown

    def _shown(self, viewer: str | None, read: str, size: int) -> Any:
        """What a read answers, all pages of a list together."""
        person = self._see(viewer)
        answer = person.get(f"{read}{'&' if '?' in read else '?'}pageSize={size}" if is_list(read) else read)
        if answer.status_code != 200:
            return problem_of(answer)
        shown = answer.json()
        first, page = int(min(self._world.accounts, key=int)), shown
        while "next" in answer.links and (not page or int(page[-1].get("tweetId", first + 1)) > first):
            if len(page) != size:
                return f"a page of {len(page)} with a link to more"
            answer = person.get(answer.links["next"]["url"])
            page = answer.json()
            if not page:
                return "an empty page where a link said that there was more"
            shown = shown + page
        if read.startswith("/feed/public"):
            shown = [one for one in shown if int(one["tweetId"]) > first]
        if self._late and (since := parse_qs(urlsplit(read).query).get("since")):
            shown = [one for one in shown if int(one["tweetId"]) > int(since[0])]
        return shown

    def _is_seen(self, viewer: str | None, tweet: Mapping[str, Any]) -> bool:
        post: Post | None = self._world.posts.get(tweet["tweetId"])
        return post is not None and self._world.sees(viewer, post)


def tweets_in(shown: Any) -> Iterator[Mapping[str, Any]]:
    """Every tweet with its text in an answer, nested ones too."""
    if isinstance(shown, list):
        for one in shown:
            yield from tweets_in(one)
    elif isinstance(shown, dict):
        if "tweetId" in shown and "content" in shown:
            yield shown
        for one in shown.values():
            yield from tweets_in(one)
