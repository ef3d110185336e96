"""Requests that are not what HTTP says, too large or too slow: an answer or a closed connection, never a hang."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from rookery.cli.server import HEAD_BYTES_MAX
from tests.api.wire import CLOSE, HEAD, exchange, one, request
from tests.serving import PATIENCE_S, Server, serving

JSON = b"Content-Type: application/json\r\n"
BODY_MAX = 65_536
URL_MAX = 8_192
WAIT_MS = 500


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits half a second for headers."""
    settings = {"SERVER_HEADER_READ_MS_MAX": str(WAIT_MS)}
    with serving(tmp_path_factory.mktemp("hasty") / "data", settings) as running:
        yield running


@pytest.fixture(scope="module")
def hungry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits half a second for bodies."""
    settings = {"SERVER_BODY_READ_MS_MAX": str(WAIT_MS)}
    with serving(tmp_path_factory.mktemp("hungry") / "data", settings) as running:
        yield running


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\r\n\r\n",
        bytes(range(256)) + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /livez\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n" + HEAD + CLOSE,
        b"GET /user/\x00 HTTP/1.1\r\n" + HEAD + CLOSE,
        b"GET /user/\xff HTTP/1.1\r\n" + HEAD + CLOSE,
        b"GET /livez HTTP/1.1\r\nno colon\r\n" + CLOSE,
        b"GET /livez HTTP/1.1\r\nX : a\r\n" + CLOSE,
        b"GET /livez HTTP/1.1\r\nX: a\x00b\r\n" + CLOSE,
        b"GET /livez HTTP/1.1\r\nX: a\r\n folded\r\n" + CLOSE,
        b"POST /account/ HTTP/1.1\r\nContent-Length: -1\r\n" + CLOSE,
        b"POST /account/ HTTP/1.1\r\nContent-Length: +1\r\n" + CLOSE,
        b"POST /account/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + CLOSE,
        b"POST /account/ HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n" + CLOSE,
        b"POST /account/ HTTP/1.1\r\nTransfer-Encoding: gzip\r\n" + CLOSE,
    ],
)
def test_what_is_no_http_is_400(server: Server, sent: bytes) -> None:
    """Bytes that are no request end the connection with 400."""
    assert 400 == one(server, sent).status


def test_http_2_is_not_spoken(server: Server) -> None:
    """Its greeting ends the connection: the time for headers would not hold for what follows."""
    assert [] == exchange(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"a" * 2 * HEAD_BYTES_MAX + b"\r\n",
        b"".join(b"X-%d: a\r\n" % number for number in range(200)),
    ],
)
def test_headers_have_bounds(server: Server, headers: bytes) -> None:
    """Too many bytes or lines of headers are 431."""
    assert 431 == one(server, request(b"/livez", headers=headers)).status


def test_a_url_has_a_bound(server: Server) -> None:
    """8 KiB of path and query are read, one byte more is `too_large`; of 64 KiB and more nothing is looked at."""
    longest = b"/feed/public?" + b"a" * (URL_MAX - len("/feed/public"))

    assert "invalid" == one(server, request(longest)).code
    assert "too_large" == one(server, request(longest + b"a")).code
    assert "too_large" == one(server, request(b"/" + b"a" * URL_MAX)).code
    assert 414 == one(server, request(b"/" + b"a" * 70_000)).status


def in_chunks(body: bytes, size: int = 8_000) -> bytes:
    """A body whose length is not announced."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_a_body_has_a_bound(server: Server) -> None:
    """64 KiB are read and one byte more is `too_large`, whether or not the length was announced."""
    largest = b'{"a":"' + b"x" * (BODY_MAX - 8) + b'"}'
    chunked = JSON + b"Transfer-Encoding: chunked\r\n"

    for body, code in ((largest, "invalid"), (largest + b" ", "too_large")):
        assert code == one(server, request(b"/account/", b"POST", JSON, body)).code
        assert code == one(server, request(b"/account/", b"POST", chunked) + in_chunks(body)).code
    promised = request(b"/account/", b"POST", JSON + b"Content-Length: 9999999999999999\r\n")
    assert "too_large" == one(server, promised).code


@pytest.mark.parametrize(
    "chunk", [b"zz\r\n", b"ffffffffffffffffff\r\n", b"5\r\nab", b"-1\r\n", b"2\r\nabX\r\n"]
)
def test_a_broken_chunk_is_malformed(server: Server, chunk: bytes) -> None:
    """A body that is not chunked as it says has a problem document."""
    head = request(b"/account/", b"POST", JSON + b"Transfer-Encoding: chunked\r\n")
    assert "malformed" == one(server, head + chunk, no_more=True).code


def test_a_connection_that_ends_in_a_body_does_no_harm(server: Server) -> None:
    """Whoever ends early is told so where he still listens; whoever leaves costs nothing, and the next is served."""
    head = request(b"/account/", b"POST", JSON + b"Content-Length: 100\r\n")
    assert "malformed" == one(server, head + b"{", no_more=True).code
    for number in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + b"{")
            if number % 2:  # a reset instead of an orderly end
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert 200 == one(server, request(b"/livez")).status


def test_requests_in_a_row_are_answered_in_order(server: Server) -> None:
    """Pipelined requests, bodies among them, get their own answers; what is no request comes last."""
    bare = b"GET /livez HTTP/1.1\r\n" + HEAD + b"\r\n"
    body = b"{}"
    post = b"POST /account/login HTTP/1.1\r\n" + HEAD + JSON + b"Content-Length: 2\r\n\r\n" + body

    replies = exchange(server, bare * 2 + post + bare + b"garbage\r\n\r\n")

    assert [200, 200, 422, 200, 400] == [reply.status for reply in replies]
    assert 4 == len({reply.headers["x-request-id"] for reply in replies[:4]})


def test_a_refused_body_is_not_taken_for_a_request(server: Server) -> None:
    """After an answer that did not read the body the connection ends, and what the body holds is not carried out."""
    smuggled = request(b"/livez")
    head = b"POST /tweet/ HTTP/1.1\r\n" + HEAD + JSON + b"Content-Length: %d\r\n\r\n" % (9_000_000)

    (refused,) = exchange(server, head + smuggled)

    assert "not_signed_in" == refused.code


@pytest.mark.parametrize("sent", [b"", b"P", b"GET /livez HTTP/1.1\r\n" + HEAD, b"\r\n" * 3])
def test_slow_headers_end_the_connection(hasty: Server, sent: bytes) -> None:
    """A connection that does not say what it wants is closed, from its first byte on."""
    began = time.monotonic()
    assert [] == exchange(hasty, sent)
    assert WAIT_MS / 1000 * 0.5 < time.monotonic() - began


@pytest.mark.parametrize("path", [b"/account/", b"/feed/public", b"/livez"])
@pytest.mark.parametrize(
    ("header", "body"),
    [(b"Content-Length: 30\r\n", b"{"), (b"Transfer-Encoding: chunked\r\n", b"1\r\n{\r\n")],
)
def test_slow_bodies_are_malformed(hungry: Server, path: bytes, header: bytes, body: bytes) -> None:
    """A body that does not come is answered in time, on reads too."""
    method = b"POST" if path == b"/account/" else b"GET"
    assert "malformed" == one(hungry, request(path, method, JSON + header) + body).code


def test_a_body_that_trickles_is_malformed(hungry: Server) -> None:
    """A byte now and then does not make the time longer."""
    with socket.create_connection(("127.0.0.1", hungry.port), timeout=30) as connection:
        connection.sendall(request(b"/account/", b"POST", JSON + b"Content-Length: 10000\r\n"))
        came = b""
        connection.settimeout(0.05)
        deadline = time.monotonic() + PATIENCE_S
        while not came and time.monotonic() < deadline:
            with suppress(ConnectionError):
                connection.sendall(b" ")
            with suppress(TimeoutError):
                came = connection.recv(65_536)
    assert b"400 Bad Request" in came


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/user/%40{handle}", 200),
        (b"/%75ser/@{handle}", 200),
        (b"/user/@{handle}/", 200),
        (b"/user/@{handle}?", 200),
        (b"http://elsewhere/user/@{handle}", 200),
        (b"/user%2F@{handle}", 404),
        (b"/user%2f@{handle}", 404),
        (b"/user/@{handle}%2ftweets", 404),
        (b"/user//@{handle}", 404),
        (b"//user/@{handle}", 404),
        (b"/user/@{handle}//", 404),
        (b"/./user/@{handle}", 404),
        (b"/user/../user/@{handle}", 404),
        (b"/user/%2e%2e/user/@{handle}", 404),
        (b"/user/@{handle}%00", 404),
        (b"/user/@{handle}%0d%0aX:y/tweets", 404),
        (b"/user/@{handle}%20", 404),
        (b"/user/@{handle};x=1", 404),
        (b"/user/%", 404),
        (b"/user/%zz", 404),
        (b"/user/%ff%fe", 404),
        (b"/user/\xc3\xa4", 404),
        (b"/user/@", 404),
        (b"/user", 404),
        (b"*", 404),
    ],
)
def test_paths_mean_what_they_say(server: Server, account: str, target: bytes, status: int) -> None:
    """Encoded letters are letters; an encoded slash, an empty or a dot segment, and what is no text lead nowhere."""
    reply = one(server, request(target.replace(b"{handle}", account.encode())))
    assert status == reply.status
    assert reply.status == 200 or "not_found" == reply.code


@pytest.fixture(scope="module")
def account(server: Server) -> str:
    """The handle of an account."""
    body = json.dumps({"handle": "wirepaths", "name": "W", "password": "correct horse battery"}).encode()
    assert 200 == one(server, request(b"/account/", b"POST", JSON, body)).status
    return "wirepaths"


@pytest.mark.parametrize("method", [b"OPTIONS", b"TRACE", b"CONNECT", b"PUT", b"get", b"BREW", b"A" * 5_000])
def test_other_methods_are_told_which_to_use(server: Server, method: bytes) -> None:
    """Any method that an address does not take is 405 with Allow, whatever its name."""
    for target, allow in ((b"/feed/public", "GET, HEAD"), (b"/like/5", "DELETE, GET, HEAD, POST")):
        reply = one(server, request(target, method))
        assert ("method_not_allowed", allow) == (reply.code, reply.headers["allow"])


def test_http_1_0_is_answered(server: Server) -> None:
    """An old client, without Host, gets its answer and the end of the connection."""
    assert b"{}" == one(server, b"GET /livez HTTP/1.0\r\n\r\n").body
