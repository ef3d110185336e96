"""What the search service needs of an engine."""

from collections.abc import Sequence
from typing import Protocol

from rookery.core.geo import Place
from rookery.core.query import Query
from rookery.core.reading import Candidate
from rookery.services.search.people import Run

TREND_RADIUS_KM = 50.0  # so far around a point its trends are gathered


class SearchStore(Protocol):
    """Candidates for searches, as of some moments ago; the Reader decides at read which of them show.

    `query` and `place` mean what core.query.matches says, `sought` what people.is_found says. Lists are newest first
    and strictly below a position. Each raises Problem `overloaded` where too many searches wait.
    """

    async def tweets(self, query: Query, place: Place | None, before: int, limit: int) -> Sequence[Candidate]:
        """The newest tweets and replies found. Where it looked at as many as one request may before it found enough,
        core.reading.stopped_at says so."""

    async def scored(self, query: Query, place: Place | None, limit: int) -> Sequence[tuple[int, int]]:
        """The newest tweets and replies found, among as many as one request may look at, with their likes, replies and
        retweets added up."""

    async def between(
        self, query: Query, place: Place | None, low: int, high: int, limit: int
    ) -> Sequence[int]:
        """The newest tweets and replies found from one id to another, both included."""

    async def people(self, sought: Sequence[Run], before: int, limit: int) -> Sequence[Candidate]:
        """The newest active accounts found."""

    async def scored_people(self, sought: Sequence[Run], limit: int) -> Sequence[tuple[int, int]]:
        """The newest active accounts found, with their followers counted."""

    async def people_between(self, sought: Sequence[Run], low: int, high: int, limit: int) -> Sequence[int]:
        """The newest active accounts found from one id to another, both included."""

    async def trends(self, place: Place | None, since: int, limit: int) -> Sequence[tuple[str, int]]:
        """The hashtags in most tweets and replies from an id on (of the last day) by active, unprotected accounts, as
        most of them spell it, with the number of these. The radius of a place is TREND_RADIUS_KM. Where very many were
        written close together, the newest of them count."""
