"""Exits 0 when the server of this container is ready, by its own settings; otherwise 1, with one line that says why."""

import ssl
import sys
import urllib.request

from rookery.config import load
from rookery.core.errors import ConfigError

ANSWER_S_MAX = 3.0


def url() -> str:
    """Where the server of these settings answers on loopback. Raises ConfigError."""
    server = load().server
    return f"{'https' if server.tls_cert else 'http'}://127.0.0.1:{server.port}/readyz"


def main() -> int:
    """Asks once. The certificate is made out to the server's name, not to loopback, so it is not looked at."""
    anyones = ssl.create_default_context()
    anyones.check_hostname = False
    anyones.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url(), timeout=ANSWER_S_MAX, context=anyones):  # noqa: S310 - loopback
            return 0
    except (OSError, ConfigError) as fault:
        print(f"not ready: {fault}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
