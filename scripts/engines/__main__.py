"""`python -m scripts.engines`: what `make engines` and `make engines-stop` call."""

import argparse
import sys
from collections.abc import Sequence

from scripts.engines.fleet import Fleet, fetch
from scripts.engines.kinds import DEFAULT, KINDS
from scripts.engines.machine import EngineError


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what was asked for. Returns 1, with one sentence on standard error, where it could not."""
    asked = _parser().parse_args(arguments)
    fleet = Fleet(keep=getattr(asked, "keep_data", False))
    try:
        if asked.action == "start":
            fleet.start(asked.names or DEFAULT, _say)
            print("To use them: set -a; . .engines/env; set +a   (`make engines-stop` ends them)")
        elif asked.action == "fetch":
            fetch(asked.names or DEFAULT, _say)
        elif asked.action == "stop":
            fleet.stop(_say)
        else:
            _status(fleet)
    except EngineError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def _say(what: str) -> None:
    print(what, flush=True)


def _known(name: str) -> str:
    if name not in KINDS:
        raise argparse.ArgumentTypeError(f"there is no engine {name}: name some of {', '.join(KINDS)}")
    return name


def _status(fleet: Fleet) -> None:
    for engine in fleet.engines.values():
        state = f"{engine.url}  process {engine.pid}" if engine.running else "not running"
        print(f"{engine.kind.title:<15} {state}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.engines", description="Real engines for development and tests."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="start|stop|status|fetch")
    start = actions.add_parser("start", help="fetch what is lacking, start them, write .engines/env")
    fetching = actions.add_parser("fetch", help="fetch what is lacking")
    actions.add_parser("stop", help="stop all that run")
    actions.add_parser("status", help="which run, and where")
    for action in (start, fetching):
        action.add_argument(
            "names",
            type=_known,
            nargs="*",
            metavar="ENGINE",
            help=f"of {', '.join(KINDS)}; {' '.join(DEFAULT)} where none is named",
        )
    start.add_argument(
        "--keep-data", action="store_true", help="data outlive a stop; without it every start begins empty"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
