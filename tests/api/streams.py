"""A reader of server-sent events."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.serving import Person, soon


@dataclass
class Heard:
    """What a live stream sent so far: (event, id, data); `ended` once it is over."""

    events: list[tuple[str, str, Any]] = field(default_factory=list)
    comments: int = 0
    ended: bool = False

    def names(self) -> list[tuple[str, str]]:
        """Each event with the tweet it is about."""
        return [(name, data.get("tweetId", "")) for name, _, data in self.events]


@contextmanager
def listening(person: Person, last_event_id: str | None = None) -> Iterator[Heard]:
    """A live stream of the person's feed, read by a thread; it has begun when the block does."""
    heard = Heard()
    headers = {**person.headers, **({} if last_event_id is None else {"Last-Event-ID": last_event_id})}
    with httpx.Client(base_url=person.base_url, timeout=60, verify=person.server.verify) as client:
        answer = client.send(client.build_request("GET", "/feed/live", headers=headers), stream=True)
        assert 200 == answer.status_code, answer.read()
        reading = threading.Thread(target=_read, args=(answer, heard), daemon=True)
        reading.start()
        soon(True, lambda: heard.comments > 0 or heard.ended)
        try:
            yield heard
        finally:
            _hang_up(answer)
            reading.join(5)
            answer.close()


def _hang_up(answer: httpx.Response) -> None:
    """Ends the connection at once: a socket that is only closed lives on for as long as a thread waits for its data."""
    connection: socket.socket = answer.extensions["network_stream"].get_extra_info("socket")
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _read(answer: httpx.Response, heard: Heard) -> None:
    fields: dict[str, str] = {}
    try:
        for line in answer.iter_lines():
            if line.startswith(":"):
                heard.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                heard.events.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
                fields = {}
    except (httpx.HTTPError, httpx.StreamError, ValueError, OSError, AttributeError):
        pass  # closed from this side, or the server went away
    heard.ended = True
