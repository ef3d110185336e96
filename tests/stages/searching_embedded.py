"""Search on the embedded engine."""

from pathlib import Path

from rookery.core.events import Kind
from rookery.engines.embedded.connections import Files, Row, rows_of
from rookery.engines.embedded.database import Tx
from rookery.engines.embedded.projection import step
from rookery.engines.embedded.search import EmbeddedSearch
from rookery.engines.embedded.search_check import differences
from rookery.engines.embedded.search_index import SearchProjection
from rookery.services.search import http as search_http
from rookery.services.search.service import SearchService
from tests.stages.embedded import EmbeddedStage
from tests.stages.searching import SearchStage

_ONE_MORE = """
INSERT INTO follow_counts (user_id, followers) VALUES (?, 1) ON CONFLICT DO UPDATE SET followers = followers + 1"""


class EmbeddedSearchStage(SearchStage, EmbeddedStage):
    """Over a data folder."""

    store: EmbeddedSearch

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

    async def take_in(self) -> None:
        """Brings the index up to date."""
        while step(self.index, self.projection):
            pass

    async def again_from(self, event_id: int) -> None:
        """Lets every event after this one come a second time."""
        self.index.execute("UPDATE meta SET value = ? WHERE name = 'offset'", (event_id,))
        await self.take_in()

    async def take_backwards(self) -> None:
        """Lets all events come again in the wrong order, each in a batch of its own."""
        for event in reversed(self.events()):
            self.index.execute("BEGIN IMMEDIATE")
            self.projection.apply(self.index, event)
            self.projection.tidy(self.index, 1)
            self.index.execute("COMMIT")

    async def make_anew(self) -> None:
        """Lets the index be made anew."""
        self.index.execute("DELETE FROM meta")
        await self.take_in()

    async def faults(self) -> list[str]:
        """What the index has otherwise than the truth."""
        return list(differences(self.index))

    def in_index(self, sql: str, *values: object) -> list[Row]:
        """Rows of the index."""
        return rows_of(self.index, sql, values)

    async def handles(self) -> dict[int, str]:
        """The handle of every account that ever was."""
        return dict(self.rows("SELECT user_id, handle FROM users"))

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
