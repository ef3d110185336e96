"""Searches beside one another."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from rookery.core.errors import Problem
from rookery.core.ids import ID_MAX
from rookery.engines.embedded import search
from rookery.engines.embedded.connections import Files
from rookery.engines.embedded.search import THREADS, EmbeddedSearch
from rookery.engines.embedded.search_query import find_people


async def test_a_search_that_has_waited_too_long_is_refused(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While slow searches hold every thread, those behind them are answered 503 when their turn comes, not done late;
    then searches go on."""

    def find_slowly(*arguments: Any) -> list[int]:
        time.sleep(0.5)
        return find_people(*arguments)

    monkeypatch.setattr(search, "WAIT_S_MAX", 0.1)
    monkeypatch.setattr(search, "find_people", find_slowly)
    store = EmbeddedSearch(files)

    async def found() -> Sequence[object] | str:
        try:
            return await store.people([("ann",)], ID_MAX, 10)
        except Problem as refusal:
            return refusal.code

    assert [[]] * THREADS + ["overloaded"] * 3 == await asyncio.gather(*(found() for _ in range(THREADS + 3)))
    assert [] == await found()
    store.close()
