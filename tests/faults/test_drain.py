"""Ending one process of several, as a deployment or a scaling down does, while people write."""

import signal
import socket
import time
from pathlib import Path

import pytest

from scripts.ports import free_port
from tests.clusters import cluster_settings
from tests.faults.crowd import Crowd
from tests.faults.pair import ALL, Pair
from tests.serving import PATIENCE_S, alone, serving, sign_up, soon

END_S_MAX = 20.0
WRITES = 40  # before and after
LARGE = " ".join(["#a"] * 90)  # with its links, and quoting another, 8 KB
FULL = 450  # of these fill what the system keeps for who does not read

pytestmark = pytest.mark.timeout(400)


def test_nobody_behind_nginx_notices_that_a_process_ends(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Of two processes of every service, and two of the workers, one each gets SIGTERM while people write: both end
    with exit code 0 within 20 s, no request is answered 5xx, everything acknowledged stands, and feeds, index and
    counters miss nothing."""
    pair = Pair(tmp_path / "pair", {**cluster_settings(request), "LIMITS_ENABLED": "false"})
    try:
        pair.start()
        crowd = Crowd(pair, 6)
        for writer in crowd.writers:
            crowd.host.ok("POST", "/follow", {"userId": writer.person.id})
        crowd.host.walk("/feed/")  # so that it is stored; the writers' own go with each follow
        with crowd.writing():
            soon(True, lambda: crowd.acknowledged > WRITES)
            ending = [pair.processes.services[ALL].pop(), pair.processes.workers[ALL].pop()]
            began = time.monotonic()
            for one in ending:
                one.send_signal(signal.SIGTERM)
            assert [0, 0] == [one.wait(PATIENCE_S) for one in ending]
            assert time.monotonic() - began < END_S_MAX
            before = crowd.acknowledged
            soon(True, lambda: crowd.acknowledged > before + WRITES)
        assert 0 == crowd.refused
        crowd.check()
        checked = pair.run("check")
        assert 0 == checked.returncode, checked.stdout + checked.stderr
        assert "; 0 feeds" not in checked.stdout
    finally:
        pair.processes.end()


def test_a_client_that_does_not_read_does_not_keep_the_server(tmp_path: Path) -> None:
    """A live stream that is full, since nobody reads it, is given up: the server ends long before its time to drain,
    and says all the while that it is not ready."""
    metrics = free_port()
    settings = {
        "SERVER_METRICS_PORT": str(metrics),
        "SERVER_DRAIN_MS_MAX": "60000",
        "LIMITS_ENABLED": "false",
    }
    with serving(tmp_path / "data", settings) as server:
        assert server.process is not None
        ann, bob = sign_up(server, "ann"), sign_up(server, "bob")
        bob.ok("POST", "/follow", {"userId": ann.id})
        large = ann.tweet(LARGE)["tweetId"]
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            deaf.connect(("127.0.0.1", server.port))
            asked = f"GET /feed/live HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {bob.token}\r\n\r\n"
            deaf.sendall(asked.encode())
            for number in range(FULL):
                ann.tweet(f"{number} {LARGE}", quoteOf=large)
            ready = f"http://127.0.0.1:{metrics}/readyz"
            assert 200 == alone("GET", ready).status_code
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            soon(503, lambda: alone("GET", ready).status_code)
            assert 0 == server.process.wait(PATIENCE_S)
            assert time.monotonic() - began < END_S_MAX
