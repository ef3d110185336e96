"""The front proxy's configuration: nginx takes it, and every route goes to the service that serves it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rookery.bootstrap import network
from rookery.config import SERVICES, Data, Settings
from rookery.gateway.nginx import DEFAULT, SEGMENTS, Front, whole
from scripts.certificates import self_signed

KEY = b"k" * 32


@pytest.fixture
def nginx() -> str:
    """The nginx of this machine; its absence leaves the test out, under CI=true it fails."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is missing: apt-get install nginx")
        pytest.skip("needs nginx, which is absent: apt-get install nginx")
    return found


def checked(nginx: str, configuration: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What `nginx -t` says of a configuration."""
    file = folder / "nginx.conf"
    file.write_text(configuration)
    command = [nginx, "-t", "-p", str(folder), "-c", str(file), "-e", str(folder / "error.log")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def front(folder: Path) -> Front:
    """A proxy before one process a service, with a certificate."""
    certificate, key = self_signed(folder)
    upstreams = {service: [f"127.0.0.1:{8100 + number}"] for number, service in enumerate(SERVICES)}
    return Front(upstreams, certificate=str(certificate), certificate_key=str(key))


def test_nginx_takes_the_configuration(nginx: str, tmp_path: Path) -> None:
    """`nginx -t` accepts it as it is printed."""
    said = checked(nginx, whole(front(tmp_path), str(tmp_path / "nginx.pid")), tmp_path)

    assert 0 == said.returncode, said.stderr


def test_nginx_refuses_a_mistake(nginx: str, tmp_path: Path) -> None:
    """A planted mistake does not pass: the check above can fail."""
    broken = whole(front(tmp_path), str(tmp_path / "nginx.pid")).replace("least_conn;", "least_con;", 1)

    assert 0 != checked(nginx, broken, tmp_path).returncode


async def test_every_route_goes_to_its_service(tmp_path: Path) -> None:
    """The first segment of every route's path names the service that serves it, and no other."""
    async with network(Settings(data=Data(dir=tmp_path / "data", key=KEY.hex())), KEY, works=False) as net:
        for service in SERVICES:
            for route in net.routes([service]):
                assert service == SEGMENTS.get(route.path.split("/")[1], DEFAULT), route.path
