"""Everything of an account as a zip of JSON files."""

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Protocol

import msgspec

from rookery.core.ids import ID_MAX

CHUNK = 500  # entries read at once

Record = Mapping[str, Any]  # as it stands in the file: camelCase, ids and times as in docs/api.md
Entry = tuple[int, Record]  # with its position in the list
Chunk = Callable[[int, int, int], Awaitable[Sequence[Entry]]]  # (account, below this position, how many)


class EdgeKind(Enum):
    """What may hold between the account and another; the value names the file."""

    FOLLOWING = "following"
    FOLLOWERS = "followers"
    REQUESTS_SENT = "follow-requests-sent"
    REQUESTS_RECEIVED = "follow-requests-received"
    BLOCKS = "blocks"
    MUTES = "mutes"


class ExportSource(Protocol):
    """Reads all that is kept of an account, in any service's tables. Lists are newest first, below a position."""

    async def profile(self, user_id: int) -> Record:
        """The account's own fields."""

    async def sessions(self, user_id: int) -> Sequence[Record]:
        """Its sessions, without anything that signs one in."""

    async def tweets(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """Its tweets and quotes, each with all its versions."""

    async def replies(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """Its replies, each with all its versions."""

    async def retweets(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """What it retweeted."""

    async def likes(self, user_id: int, before: int, limit: int) -> Sequence[Entry]:
        """What it likes."""

    async def edges(self, user_id: int, kind: EdgeKind, before: int, limit: int) -> Sequence[Entry]:
        """Whom it follows, blocks and so on."""


async def export(source: ExportSource, user_id: int) -> bytes:
    """The zip. It is made in memory: what is on disk is encrypted."""
    lists: dict[str, Chunk] = {
        "tweets": source.tweets,
        "replies": source.replies,
        "retweets": source.retweets,
        "likes": source.likes,
    }
    for kind in EdgeKind:
        lists[kind.value] = _edges(source, kind)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        await _put(file, "account", [msgspec.json.encode(await source.profile(user_id))], ("", ""))
        await _put(file, "sessions", [msgspec.json.encode(one) for one in await source.sessions(user_id)])
        for name, chunk in lists.items():
            await _put(file, name, await _whole(chunk, user_id))
    return archive.getvalue()


def _edges(source: ExportSource, kind: EdgeKind) -> Chunk:
    async def chunk(user_id: int, before: int, limit: int) -> Sequence[Entry]:
        return await source.edges(user_id, kind, before, limit)

    return chunk


async def _whole(chunk: Chunk, user_id: int) -> list[bytes]:
    entries: list[bytes] = []
    before = ID_MAX
    while batch := await chunk(user_id, before, CHUNK):
        entries += [msgspec.json.encode(record) for _, record in batch]
        before = batch[-1][0]
        await asyncio.sleep(0)  # other requests are served between two chunks
    return entries


async def _put(
    file: zipfile.ZipFile, name: str, entries: Sequence[bytes], around: tuple[str, str] = ("[", "]")
) -> None:
    """Adds a file, compressed off the event loop."""
    opening, closing = (one.encode() for one in around)
    stamp = datetime.now(UTC).timetuple()[:6]
    info = zipfile.ZipInfo(f"{name}.json", stamp)
    info.compress_type = zipfile.ZIP_DEFLATED
    await asyncio.to_thread(file.writestr, info, opening + b",\n".join(entries) + closing)
