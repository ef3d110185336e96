"""A failure as one sentence that says what to do: no command ends in a stack trace."""

import errno
import traceback
from pathlib import Path

from rookery.core.errors import ConfigError, RookeryError

_ADVICE = {
    errno.ENOSPC: "free some space and start again",
    errno.EDQUOT: "free some space and start again",
    errno.EROFS: "make the folder writable, or name another with --data",
    errno.EACCES: "give yourself the right to use it, or name another",
    errno.EPERM: "give yourself the right to use it, or name another",
    errno.ENOENT: "check the name",
    errno.EISDIR: "name a file",
    errno.ENOTDIR: "name a folder",
    errno.EADDRINUSE: "stop what listens there, or name another port with --port",
    errno.EMFILE: "raise the limit with `ulimit -n`",
}
_PACKAGE = Path(__file__).parent.parent


def explain(failure: Exception) -> str:
    """What to print for a failure. Of a fault in Rookery itself only its kind and place: its text may hold a secret."""
    match failure:
        case ConfigError():
            lines = [f"  {fault}" for fault in failure.faults]
            return "\n".join(["The settings cannot be used; mend them and start again:", *lines])
        case RookeryError():
            return str(failure)
        case OSError(errno=int(number)):
            what = f"{failure.filename}: {failure.strerror}" if failure.filename else str(failure.strerror)
            return f"{what}; {_ADVICE.get(number, 'mend that and start again')}."
        case _:
            return f"Rookery has a fault of its own: {type(failure).__name__} in {_place(failure)}. Please report it."


def _place(failure: Exception) -> str:
    """The innermost line of Rookery's own code that the failure passed."""
    frames = [
        frame for frame in traceback.extract_tb(failure.__traceback__) if str(_PACKAGE) in frame.filename
    ]
    if not frames:
        return "a library"
    return f"{Path(frames[-1].filename).relative_to(_PACKAGE)}:{frames[-1].lineno}"
