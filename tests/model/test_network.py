"""Whatever people do in whatever order, every read of everyone is what a simple model says."""

import pytest

from tests.model.network import EFFORT, Network, run
from tests.serving import Server, all_answer


@pytest.mark.timeout(300 * EFFORT**2)
def test_every_read_is_what_the_model_says(server: Server) -> None:
    """After any writes, everyone reads in every place exactly what the model computes."""
    run(lambda: Network(server), 8)


@pytest.mark.timeout(300 * EFFORT**2)
def test_two_processes_with_celebrities_say_the_same(pair: Server) -> None:
    """So it is when each request comes to any of two processes, and a few followers make a celebrity."""
    all_answer(pair, 2)
    run(lambda: Network(pair, roaming=True), 4)
