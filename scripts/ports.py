"""Ports for servers of tests and benchmarks."""

import socket

_marks: list[socket.socket] = []


def free_port() -> int:
    """A TCP port of loopback that nobody listens on, and that nobody else who asks here is given as long as this
    process runs: whoever has a port holds the UDP port of the same number."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            mark = socket.socket(type=socket.SOCK_DGRAM)
            try:
                mark.bind(("127.0.0.1", port))
            except OSError:
                mark.close()
                continue
        _marks.append(mark)
        return port
