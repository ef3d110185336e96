"""A network for tests of search: everything of Stage, and an index that takes in the events when the test says so."""

import asyncio
from pathlib import Path

from rookery.core.events import Kind
from rookery.core.geo import Place
from rookery.core.ids import ID_MAX, time_ms
from rookery.core.query import Document, Query, matches
from rookery.engines.embedded.connections import Files, Row, rows_of
from rookery.engines.embedded.database import Tx
from rookery.engines.embedded.projection import step
from rookery.engines.embedded.search import EmbeddedSearch
from rookery.engines.embedded.search_check import differences
from rookery.engines.embedded.search_index import SearchProjection
from rookery.services.search import http as search_http
from rookery.services.search.service import SearchService
from tests.stage import Stage

_DOCUMENTS = """
SELECT t.tweet_id, t.content, u.handle, NULL, t.latitude, t.longitude
FROM tweets t JOIN users u ON u.user_id = t.owner_id WHERE t.deleted = 0 AND t.original_id = 0
UNION ALL SELECT r.reply_id, r.content, u.handle, p.handle, r.latitude, r.longitude
FROM replies r JOIN users u ON u.user_id = r.owner_id JOIN users p ON p.user_id = r.parent_owner_id
WHERE r.deleted = 0 ORDER BY 1 DESC"""

_ONE_MORE = """
INSERT INTO follow_counts (user_id, followers) VALUES (?, 1) ON CONFLICT DO UPDATE SET followers = followers + 1"""


class SearchStage(Stage):
    """Search over tweets and replies."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files = Files(folder, b"k" * 32)
        self.files.migrate("search")
        self.store = EmbeddedSearch(self.files)
        self.projection = SearchProjection()
        self.index = self.files.connect("search", attach=["core"])
        self.routes += search_http.routes(SearchService(self.store, self.reader))

    def close(self) -> None:
        """Closes the files."""
        self.index.close()
        self.store.close()
        super().close()

    def take_in(self) -> None:
        """Brings the index up to date."""
        while step(self.index, self.projection):
            pass

    def again_from(self, event_id: int) -> None:
        """Lets every event after this one come a second time."""
        self.index.execute("UPDATE meta SET value = ? WHERE name = 'offset'", (event_id,))
        self.take_in()

    def forget(self) -> None:
        """Lets the index be made anew."""
        self.index.execute("DELETE FROM meta")
        self.take_in()

    def faults(self) -> list[str]:
        """What the index has otherwise than the truth."""
        return list(differences(self.index))

    def in_index(self, sql: str, *values: object) -> list[Row]:
        """Rows of the index."""
        return rows_of(self.index, sql, values)

    async def found(self, query: Query, place: Place | None = None) -> list[int]:
        """All that the index finds, page by page."""
        found: list[int] = []
        before = ID_MAX
        while batch := await self.store.tweets(query, place, before, 50):
            found += [one for _, one in batch]
            before = batch[-1][0]
        return found

    def expected(self, query: Query, place: Place | None = None) -> list[int]:
        """All that there is to find, read off the definition."""
        return [one for one, document in self.documents() if matches(query, document, place)]

    def documents(self) -> list[tuple[int, Document]]:
        """Every tweet and reply that stands, newest first."""
        return [
            (one, Document(text, handle, answered, time_ms(one), latitude, longitude))
            for one, text, handle, answered, latitude, longitude in self.rows(_DOCUMENTS)
        ]

    async def open(self, user_id: int) -> None:
        """Takes an account's protection away."""
        await self._change_user(
            user_id, "UPDATE users SET protected = 0 WHERE user_id = ?", Kind.ACCOUNT_OPENED
        )

    async def disable(self, user_id: int) -> None:
        """Disables an account."""
        await self._change_user(
            user_id, "UPDATE users SET state = 1 WHERE user_id = ?", Kind.ACCOUNT_DISABLED
        )

    async def enable(self, user_id: int) -> None:
        """Enables an account again."""
        await self._change_user(user_id, "UPDATE users SET state = 0 WHERE user_id = ?", Kind.ACCOUNT_ENABLED)

    async def rename(self, user_id: int, name: str) -> None:
        """Gives an account another name."""

        def work(tx: Tx) -> None:
            tx.execute("UPDATE users SET name = ? WHERE user_id = ?", (name, user_id))
            tx.emit(Kind.ACCOUNT_CHANGED, user_id, actor=user_id)

        await self.database.write(work)

    async def gain(self, follower: int, followee: int) -> None:
        """A follow that is counted."""
        await self.follow(follower, followee)
        await self.database.write(lambda tx: tx.execute(_ONE_MORE, (followee,)))

    async def crowd(self, handle: str, count: int) -> list[int]:
        """Many accounts at once, numbered from 0."""
        return list(await asyncio.gather(*(self.account(f"{handle}{number}") for number in range(count))))
