"""Every process of a server is killed, again and again, while many people write."""

import random
import signal
import time
from pathlib import Path

import pytest

from tests.faults.crowd import Crowd
from tests.serving import serving, soon

WRITERS = 4


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("workers", "kills"), [(1, 10), (2, 3)])
def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(
    tmp_path: Path, workers: int, kills: int
) -> None:
    """After each kill -9 under load everything that was answered stands, and of what was not answered all or nothing;
    sent again with its key, it is there once. In the end counters, feeds and index are what the truth says."""
    random_of = random.Random(workers)
    with serving(tmp_path / "data", {"LIMITS_ENABLED": "false"}, "--workers", str(workers)) as server:
        crowd = Crowd(server, WRITERS)
        for _ in range(kills):
            before = crowd.acknowledged
            with crowd.writing():
                soon(True, lambda before=before: crowd.acknowledged > before)  # type: ignore[misc]
                time.sleep(random_of.uniform(0, 0.4))
                server.stop(signal.SIGKILL)
            server.start()
            crowd.check()
        checked = server.run("check")
        assert (0, "") == (checked.returncode, checked.stderr), checked.stdout
        assert 0 == server.stop()
