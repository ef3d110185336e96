"""How the server is reached: TLS, proxies, which addresses it takes, and what leaves by other ways."""

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.certificates import self_signed
from scripts.ports import free_port
from tests.serving import PASSWORD, PATIENCE_S, Person, Server, alone, problem_of, serving, sign_up, soon

EVERYWHERE = "0.0.0.0"


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a certificate of its own on every address of the machine."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = self_signed(folder)
    settings = {"SERVER_TLS_CERT": str(cert), "SERVER_TLS_KEY": str(key), "LIMITS_ENABLED": "false"}
    server = Server(folder / "data", settings, ("--host", EVERYWHERE, "--workers", "2"))
    server.url = f"https://127.0.0.1:{server.port}"
    server.verify = ssl.create_default_context(cafile=str(cert))
    server.start()
    yield server
    assert 0 == server.stop()


def test_tls_is_served_with_a_certificate(encrypted: Server) -> None:
    """With a certificate the server speaks TLS, on all addresses, and tells browsers to keep to it."""
    form = {"handle": "secure", "name": "S", "password": PASSWORD}
    with httpx.Client(base_url=encrypted.url, verify=encrypted.verify, timeout=PATIENCE_S) as client:
        answer = client.post("/account/", json=form)
        token = answer.json()["sessionToken"]
        written = client.post("/tweet/", json={"content": "x"}, headers={"Authorization": f"Bearer {token}"})
    assert (200, 200) == (answer.status_code, written.status_code)
    assert "max-age" in answer.headers["strict-transport-security"]
    soon(True, lambda: "https" in encrypted.log.read_text())


def test_over_tls_the_cookie_is_the_guarded_one(encrypted: Server) -> None:
    """Only the __Host- cookie signs a request, and a write's Origin must be https."""
    form = {"handle": "biscuit", "name": "B", "password": PASSWORD}
    with httpx.Client(base_url=encrypted.url, verify=encrypted.verify, timeout=PATIENCE_S) as client:
        token = client.post("/account/", json=form).json()["sessionToken"]
        guarded = {"Cookie": f"__Host-rookery_session={token}"}
        assert 200 == client.get("/account/", headers=guarded).status_code
        plain = client.get("/account/", headers={"Cookie": f"rookery_session={token}"})
        assert (401, "not_signed_in") == problem_of(plain)
        own = {**guarded, "Origin": encrypted.url}
        other = {**guarded, "Origin": encrypted.url.replace("https", "http")}
        assert 200 == client.post("/tweet/", json={"content": "x"}, headers=own).status_code
        assert (403, "origin_refused") == problem_of(client.post("/tweet/", json={}, headers=other))


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
def test_plain_http_and_old_tls_get_nothing(encrypted: Server) -> None:
    """What is not TLS 1.3 is no conversation; the next client is served."""
    with socket.create_connection(("127.0.0.1", encrypted.port), timeout=PATIENCE_S) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert not connection.recv(65_536).startswith(b"HTTP")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(socket.create_connection(("127.0.0.1", encrypted.port), timeout=PATIENCE_S))
    assert 200 == alone("GET", f"{encrypted.url}/livez", verify=encrypted.verify).status_code


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.1", "rookery.example"])
def test_beyond_loopback_without_tls_is_refused(tmp_path: Path, host: str) -> None:
    """Without a certificate and without a named proxy the server does not listen there, and says what to do."""
    ended = Server(tmp_path / "data", {}).run("serve", "--host", host)
    assert (1, "") == (ended.returncode, ended.stdout)
    assert f"server.host {host} is beyond loopback" in ended.stderr
    assert "server.tls_cert" in ended.stderr
    assert "server.trusted_proxies" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    """A missing half, a file that is not there, and a key of another certificate end in a sentence."""
    (tmp_path / "other").mkdir()
    (cert, _), (_, key) = self_signed(tmp_path), self_signed(tmp_path / "other")
    wrong = [
        ({"SERVER_TLS_CERT": str(cert)}, "server.tls_key is missing"),
        (
            {"SERVER_TLS_CERT": str(cert), "SERVER_TLS_KEY": str(tmp_path / "gone.pem")},
            f"there is no file {tmp_path / 'gone.pem'}",
        ),
        ({"SERVER_TLS_CERT": str(cert), "SERVER_TLS_KEY": str(key)}, "are no certificate with its key"),
    ]
    for settings, sentence in wrong:
        server = Server(tmp_path / "data", settings)
        ended = server.run("serve", "--port", str(server.port))
        assert (1, True) == (ended.returncode, sentence in ended.stderr)
        assert "Traceback" not in ended.stderr


def signs_up(server: Server, handle: str, forwarded: str) -> int:
    """The status of a sign-up that a proxy passes on from an address."""
    form = {"handle": handle, "name": "N", "password": PASSWORD}
    headers = {"X-Forwarded-For": forwarded}
    return alone("POST", f"{server.url}/account/", json=form, headers=headers).status_code


def test_limits_count_the_address_that_a_trusted_proxy_tells(tmp_path: Path) -> None:
    """Behind a named proxy each client has its own limit, whatever it puts in front of its address; over TLS at the
    proxy answers are those of TLS. A proxy named, other addresses may be listened on."""
    settings = {"SERVER_TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8", "LIMITS_SIGN_UPS_PER_HOUR_ADDRESS": "1"}
    with serving(tmp_path / "data", settings, "--host", EVERYWHERE) as server:
        assert 200 == signs_up(server, "a", "198.51.100.1")
        assert 429 == signs_up(server, "b", "203.0.113.9, 198.51.100.1, 10.1.1.1")
        assert 200 == signs_up(server, "c", "198.51.100.1, 198.51.100.2")
        assert 200 == signs_up(server, "d", "2001:db8:1:2::1")
        assert 429 == signs_up(server, "e", "2001:db8:1:2:ffff::1")
        secured = alone("GET", f"{server.url}/livez", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" in secured.headers


def test_nobody_else_is_believed(tmp_path: Path) -> None:
    """Without a named proxy what a client says of its address and of TLS counts nothing."""
    with serving(tmp_path / "data", {"LIMITS_SIGN_UPS_PER_HOUR_ADDRESS": "1"}) as server:
        assert 200 == signs_up(server, "a", "198.51.100.1")
        assert 429 == signs_up(server, "b", "198.51.100.2")
        plain = alone("GET", f"{server.url}/livez", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" not in plain.headers


def test_metrics_are_on_their_own_port_of_loopback(tmp_path: Path) -> None:
    """All workers are added up under one address; the API's port has no /metrics, and no other address has them."""
    port = free_port()
    with serving(tmp_path / "data", {"SERVER_METRICS_PORT": str(port)}, "--workers", "2") as server:
        before = answered(port)
        for _ in range(10):
            assert 404 == alone("GET", f"{server.url}/metrics").status_code
        soon(10.0, lambda: answered(port) - before)  # an answer is counted right after it has left
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def answered(port: int) -> float:
    """How many requests led nowhere, as Prometheus reads it."""
    page = alone("GET", f"http://127.0.0.1:{port}/metrics").text
    name = 'rookery_requests_total{method="",route="no route",status="404"} '
    return sum(float(line.removeprefix(name)) for line in page.splitlines() if line.startswith(name))


def test_logs_hold_no_secret(tmp_path: Path) -> None:
    """At `debug` every request is one JSON line with its id, and no line holds a password, a token or a text."""
    settings = {"LOG_LEVEL": "debug", "LOG_FORMAT": "json"}
    with serving(tmp_path / "data", settings) as server:
        ann = sign_up(server, "ann")
        ann.ok("PATCH", "/account/", {"protected": True, "bio": "a quiet biography"})
        ann.tweet("a protected sentence")
        ann.get("/search/?token=protected%20search")
        stranger = Person(server)
        wrong = {"handle": "ann", "password": "nearly the password"}
        stranger.post("/account/login", json=wrong)
        stranger.post("/account/login", json={**wrong, "hunter2": 1})
        stranger.get("/account/", headers={"Authorization": f"Bearer {ann.access_token}x"})
        stranger.request("hunter2", "/account/hunter2?hunter2=1", headers={"X-Request-Id": "known-1"})
        secrets = [
            PASSWORD,
            ann.token,
            ann.access_token,
            "nearly",
            "hunter2",
            "sentence",
            "biography",
            "search ",
        ]
    lines = [line for line in server.log.read_text().splitlines() if line.startswith("{")]
    told = [json.loads(line) for line in lines]
    assert {"known-1"} <= {one["request_id"] for one in told}
    assert 8 <= len(told)
    assert [] == [secret for secret in secrets if secret in server.log.read_text()]
