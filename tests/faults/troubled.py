"""DynamoDB on a bad day: a proxy in front of a real one that does to calls what DynamoDB Local never does."""

import asyncio
import json
import random
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from scripts.ports import free_port

THROTTLED, IN_CONFLICT, CUT = (
    0.3,
    0.1,
    0.05,
)  # shares of the calls; of those that are left: of the transactions, of all
HALVED = 0.2  # share of the batches of which a half is left unread
_THROTTLING = ("ThrottlingException", "ProvisionedThroughputExceededException")
_TARGET = re.compile(rb"\r\nx-amz-target: *\w+\.(\w+)", re.IGNORECASE)
_LENGTH = re.compile(rb"(\r\ncontent-length: *)(\d+)", re.IGNORECASE)

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Message:
    """A request or an answer as it came."""

    head: bytes
    body: bytes

    @property
    def operation(self) -> str:
        """What a request asks for."""
        found = _TARGET.search(self.head)
        return found[1].decode() if found else ""

    def having(self, told: Mapping[str, Any]) -> "Message":
        """The same with another body."""
        body = json.dumps(told).encode()
        return Message(_LENGTH.sub(rb"\g<1>%d" % len(body), self.head), body)


class TroubledDynamo:
    """A DynamoDB at an address of its own; `done` counts what was done to calls. While it is not `calm` some calls go
    wrong, while it is `overrun` all are throttled."""

    def __init__(self, url: str, seed: int) -> None:
        there = urlsplit(url)
        self.calm, self.overrun = True, False
        self.done: Counter[str] = Counter()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._there = there.hostname, there.port
        self._chance = random.Random(seed)

    async def serve(self, ended: asyncio.Event) -> None:
        """Takes connections until the end."""
        async with await asyncio.start_server(self._talk, "127.0.0.1", self.port):
            await ended.wait()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the calls of a connection one after the other, over one of its own, until either is cut."""
        there = await asyncio.open_connection(*self._there)
        with closing(writer), closing(there[1]), suppress(ConnectionError, asyncio.IncompleteReadError):
            while (answer := await self._answer(await _message(reader), there)) is not None:
                writer.write(answer.head + answer.body)

    async def _answer(self, call: Message, there: Stream) -> Message | None:
        """The answer to a call; None cuts its connection."""
        if self.calm:
            return await _passed_on(call, there)
        if self.overrun or self._is(THROTTLED):
            return self._refusal(self._chance.choice(_THROTTLING))
        if call.operation == "TransactWriteItems" and self._is(IN_CONFLICT):
            count = len(json.loads(call.body)["TransactItems"])
            reasons = [{"Code": "None"}] * (count - 1) + [{"Code": "TransactionConflict"}]
            return self._refusal("TransactionCanceledException", CancellationReasons=reasons)
        if call.operation == "BatchGetItem" and self._is(HALVED):
            return await self._halved(call, there)
        answer = await _passed_on(call, there)
        if self._is(CUT):
            self.done["cut"] += 1
            return None
        return answer

    async def _halved(self, call: Message, there: Stream) -> Message:
        """Reads half of the rows and leaves the others to be asked for again."""
        asked = json.loads(call.body)
        tables = asked["RequestItems"].items()
        taken = {table: {**one, "Keys": one["Keys"][::2]} for table, one in tables}
        left = {table: {**one, "Keys": one["Keys"][1::2]} for table, one in tables if one["Keys"][1:]}
        answer = await _passed_on(call.having({**asked, "RequestItems": taken}), there)
        told = json.loads(answer.body)
        if "Responses" not in told:
            return answer
        self.done["UnprocessedKeys"] += 1
        return _answered(200, {**told, "UnprocessedKeys": left})

    def _refusal(self, code: str, **more: Any) -> Message:
        self.done[code] += 1
        return _answered(400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "", **more})

    def _is(self, share: float) -> bool:
        return self._chance.random() < share


@contextmanager
def troubled(url: str, seed: int) -> Iterator[TroubledDynamo]:
    """A proxy in front of the DynamoDB at an address, on a thread of its own, for as long as the block runs."""
    proxy, ended, loop = TroubledDynamo(url, seed), asyncio.Event(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(proxy.serve(ended),))
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _passed_on(call: Message, there: Stream) -> Message:
    there[1].write(call.head + call.body)
    return await _message(there[0])


async def _message(reader: asyncio.StreamReader) -> Message:
    """The next one. Raises IncompleteReadError where there is none."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return Message(head, await reader.readexactly(int(length[2])) if length else b"")


def _answered(status: int, told: Mapping[str, Any]) -> Message:
    body = json.dumps(told).encode()
    head = b"HTTP/1.1 %d \r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
    return Message(head % (status, len(body)), body)
