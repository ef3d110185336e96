"""A server is told to stop while many people write: what it accepted it finishes."""

import ctypes
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.ports import free_port
from tests.faults.crowd import Crowd
from tests.serving import PATIENCE_S, Person, Server, serving, sign_up, soon

DRAIN_S = 20.0
HALVES = 4


class HalfSent:
    """A tweet of which the server has the first half."""

    def __init__(self, person: Person, content: str) -> None:
        self._body = json.dumps({"content": content}).encode()
        self._socket = socket.create_connection(("127.0.0.1", person.server.port), timeout=DRAIN_S)
        head = (
            "POST /tweet/ HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
            f"Authorization: Bearer {person.token}\r\nContent-Length: {len(self._body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode())
        assert self._socket.recv(100).startswith(b"HTTP/1.1 100 ")  # so it is at work on the request
        self._socket.sendall(self._body[:5])

    def finish(self) -> bytes:
        """Sends the rest; what the server answers until it closes the connection."""
        self._socket.sendall(self._body[5:])
        return self.told()

    def told(self) -> bytes:
        """What comes until the server closes the connection."""
        answer = b""
        while more := self._socket.recv(65_536):
            answer += more
        self._socket.close()
        return answer


class Stream(threading.Thread):
    """A live stream that is read to its end."""

    def __init__(self, person: Person) -> None:
        super().__init__()
        self._person = person
        self.opened = threading.Event()
        self.ended = False

    def run(self) -> None:
        """Reads; `ended` says afterwards that the end was an orderly one."""
        with self._person.stream("GET", "/feed/live", timeout=60) as answer:
            self.opened.set()
            for _ in answer.iter_raw():
                pass
        self.ended = True


def terminate(server: Server) -> None:
    """What a service manager does."""
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)


def interrupt(server: Server) -> None:
    """What Ctrl-C in a terminal does: every process of the group gets it."""
    assert server.process is not None
    os.killpg(server.process.pid, signal.SIGINT)


@pytest.mark.parametrize(("workers", "stop"), [(1, interrupt), (2, terminate)])
def test_what_was_accepted_is_finished(tmp_path: Path, workers: int, stop: Callable[[Server], None]) -> None:
    """Requests under way are answered and committed, one without an answer has done nothing, live streams end in
    order, and the exit code is 0 within the time to drain."""
    settings = {"LIMITS_ENABLED": "false", "SERVER_DRAIN_MS_MAX": str(int(DRAIN_S * 1000))}
    with serving(tmp_path / "data", settings, "--workers", str(workers)) as server:
        assert server.process is not None
        crowd = Crowd(server, 4)
        late = sign_up(server, "late")
        streams = [Stream(sign_up(server, f"listener{number}")) for number in range(4)]
        for stream in streams:
            stream.start()
            assert stream.opened.wait(PATIENCE_S)
        with crowd.writing():
            soon(True, lambda: crowd.acknowledged > 50)
            halves = [HalfSent(late, f"half {number}") for number in range(HALVES)]
            began = time.monotonic()
            stop(server)
            time.sleep(0.3)
            answers = [half.finish() for half in halves]
            assert 0 == server.process.wait(DRAIN_S + 10)
        assert time.monotonic() - began < DRAIN_S
        assert [b"HTTP/1.1 200 "] * HALVES == [answer[:13] for answer in answers]
        for stream in streams:
            stream.join(PATIENCE_S)
        assert all(stream.ended for stream in streams)
        log = server.log.read_text()
        assert "Traceback" not in log
        assert "error" not in log
        server.start()
        crowd.move_to(server)
        for writer in crowd.writers:
            assert "" == writer.held.lacks(writer.read())
        tweets = late.walk(f"/user/{late.id}/tweets")
        assert {f"half {number}" for number in range(HALVES)} == {one["content"] for one in tweets}


def test_it_does_not_matter_which_thread_takes_the_signal(tmp_path: Path) -> None:
    """The kernel gives a signal to any thread of the process: where it is not the main one the server ends, too."""
    with serving(tmp_path / "data", {"SERVER_METRICS_PORT": str(free_port())}) as server:
        assert server.process is not None
        pid = server.process.pid
        threads = {int(one.name) for one in Path(f"/proc/{pid}/task").iterdir()} - {pid}
        assert 0 == ctypes.CDLL(None).tgkill(pid, min(threads), signal.SIGTERM)
        assert 0 == server.process.wait(PATIENCE_S)


def test_a_request_that_never_ends_does_not_keep_the_server(tmp_path: Path) -> None:
    """Where a client stops sending, the server ends when the time to drain is over, still with exit code 0."""
    with serving(
        tmp_path / "data", {"SERVER_DRAIN_MS_MAX": "1000", "SERVER_BODY_READ_MS_MAX": "60000"}
    ) as server:
        half = HalfSent(sign_up(server, "slow"), "never sent")
        began = time.monotonic()
        assert 0 == server.stop()
        assert time.monotonic() - began < 15
        assert b"" == half.told()
