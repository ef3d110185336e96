"""Real engines on this machine, without containers: DynamoDB Local, Redis, OpenSearch and Elasticsearch.

`make engines` calls `__main__`; tests use `Fleet` (the engines of a folder) and `Engine` (one of them, to be stopped,
killed and started again). A `Kind` knows what one sort of engine needs and how it is started:

    __main__ -> fleet -> engine -> kinds -> bundles -> machine

Needs Python alone; what an engine needs beyond that is told in one sentence where it is missing.
"""

from scripts.engines.engine import Engine
from scripts.engines.fleet import FOLDER, Fleet, lacking
from scripts.engines.kinds import DEFAULT, KINDS, Kind
from scripts.engines.machine import EngineError, Missing

__all__ = [
    "DEFAULT",
    "FOLDER",
    "KINDS",
    "Engine",
    "EngineError",
    "Fleet",
    "Kind",
    "Missing",
    "lacking",
]
