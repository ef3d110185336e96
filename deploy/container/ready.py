"""Exits 0 when the server or the worker of this container is ready, by its own settings; otherwise 1, and says why."""

import sys
import urllib.request

from rookery.config import load
from rookery.core.errors import ConfigError

ANSWER_S_MAX = 3.0


def main() -> int:
    """Asks once, at the port of the metrics: servers and workers alike answer there, without TLS."""
    try:
        server = load().server
        host = f"[{server.metrics_host}]" if ":" in server.metrics_host else server.metrics_host
        url = f"http://{host}:{server.metrics_port}/readyz"
        with urllib.request.urlopen(url, timeout=ANSWER_S_MAX):
            return 0
    except (OSError, ConfigError) as fault:
        print(f"not ready: {fault}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
