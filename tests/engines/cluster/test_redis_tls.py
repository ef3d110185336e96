"""Redis as clouds offer it: TLS and a password, both in the address."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rookery.engines.cluster.redis import Redis, RedisDown
from scripts.certificates import self_signed
from scripts.engines import machine
from scripts.ports import free_port

PASSWORD = "n3st"
START_S_MAX = 20.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def port(real_engines: None, certificate: tuple[Path, Path]) -> Iterator[int]:
    """Where a Redis speaks TLS alone, and asks for PASSWORD."""
    port = free_port()
    folder = certificate[0].parent
    files = ["--tls-cert-file", str(certificate[0]), "--tls-key-file", str(certificate[1])]
    tls = ["--port", "0", "--tls-port", str(port), *files, "--tls-auth-clients", "no"]
    kept = ["--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", "", "--dir", str(folder)]
    command = [machine.path_of(machine.REDIS), *tls, *kept, "--logfile", str(folder / "log")]
    with subprocess.Popen(command) as server:
        ends_at = time.monotonic() + START_S_MAX
        while "Ready to accept" not in ((folder / "log").read_text() if (folder / "log").exists() else ""):
            assert server.poll() is None, "redis-server ended at once: has it TLS?"
            assert time.monotonic() < ends_at
            time.sleep(0.02)
        yield port
        server.terminate()


async def _answer(address: str) -> object:
    redis = Redis(address, "tls-")
    try:
        return await redis.calls([("SET", redis.key("one"), "1"), ("GET", redis.key("one"))])
    finally:
        await redis.close()


async def test_an_address_with_tls_and_a_password_is_enough(
    port: int, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rediss://:PASSWORD@HOST` reads and writes, where the system trusts the certificate; another password does
    not."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    assert [b"OK", b"1"] == await _answer(f"rediss://:{PASSWORD}@127.0.0.1:{port}/0")
    with pytest.raises(RedisDown):
        await _answer(f"rediss://:other@127.0.0.1:{port}/0")


async def test_a_certificate_that_nobody_knows_is_refused(port: int) -> None:
    """Whoever stands in the way with a certificate of its own gets neither the password nor a command."""
    with pytest.raises(RedisDown):
        await _answer(f"rediss://:{PASSWORD}@127.0.0.1:{port}/0")
