"""The kinds of engine: what each needs, how it is started, when it is ready."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from scripts.engines import machine, wire
from scripts.engines.bundles import LOGGING, Bundle, Say
from scripts.engines.elasticsearch import BUNDLE as ELASTICSEARCH_BUNDLE
from scripts.engines.machine import Tool

_QUICK = "-XX:TieredStopAtLevel=1"
"""No second compiler: it would double the CPU time of a start (OpenSearch: 3.4 s without it, 5.4 with it), and 30,000
documents or 12,000 transactions later an engine is no faster for it."""


class Kind(ABC):
    """One kind of engine. `variable`: the setting of Rookery that takes its URL."""

    name: ClassVar[str]
    title: ClassVar[str]
    variable: ClassVar[str]
    scheme: ClassVar[str] = "http"
    database: ClassVar[str] = ""

    @property
    def fetched(self) -> bool:
        """Whether all is there that has to be fetched before it can start."""
        return True

    @property
    @abstractmethod
    def tools(self) -> Sequence[Tool]:
        """What this machine must have, to fetch it too where that is still to be done."""

    def fetch(self, say: Say) -> None:  # noqa: B027 - what the system has is there or is not
        """Fetches what it needs, unless that is there. Raises EngineError."""

    def url(self, port: int) -> str:
        """What clients are to be given."""
        return f"{self.scheme}://{wire.HOST}:{port}{self.database}"

    @abstractmethod
    def command(self, folder: Path, port: int, *, keep: bool) -> list[str]:
        """What starts it on a port of loopback, with data in `folder/data`, which exists; `keep`: to be read again."""

    @abstractmethod
    def ready(self, port: int) -> bool:
        """Whether it answers, and is ready for use. Raises OSError where nothing answers."""


class Redis(Kind):
    """redis-server, as the system has it."""

    name = "redis"
    title = "Redis"
    variable = "ROOKERY_CLUSTER_REDIS_URL"
    scheme = "redis"
    database = "/0"

    @property
    def tools(self) -> Sequence[Tool]:
        return (machine.REDIS,)

    def command(self, folder: Path, port: int, *, keep: bool) -> list[str]:
        """Without a configuration file; kept data are logged and synced every second."""
        log = ["--appendonly", "yes" if keep else "no", "--save", ""]
        where = ["--bind", wire.HOST, "--port", str(port), "--dir", str(folder / "data")]
        return [machine.path_of(machine.REDIS), *where, *log]

    def ready(self, port: int) -> bool:
        """It answers a PING, other than with the words that it still loads its data."""
        return wire.ask_redis(port, "PING") == "+PONG"


class _OnJava(Kind):
    """An engine in Java. `heap`: what -Xmx takes."""

    bundle: ClassVar[Bundle]
    heap: ClassVar[str]

    @property
    def flags(self) -> Sequence[str]:
        """What else Java is told."""
        return ()

    @property
    def fetched(self) -> bool:
        return self.bundle.fetched

    @property
    def tools(self) -> Sequence[Tool]:
        return (machine.JAVA,) if self.fetched else (machine.JAVA, machine.MAVEN)

    def fetch(self, say: Say) -> None:
        self.bundle.fetch(say)

    def _java(self, *arguments: str) -> list[str]:
        launcher = self.bundle.launcher.removesuffix(".java")
        flags = [f"-Xmx{self.heap}", _QUICK, *self.flags, "-cp", self.bundle.classpath]
        return [machine.path_of(machine.JAVA), *flags, launcher, *arguments]


class DynamoDB(_OnJava):
    """DynamoDB Local: exact in what it answers, not fast."""

    name = "dynamodb"
    title = "DynamoDB Local"
    variable = "ROOKERY_CLUSTER_DYNAMODB_URL"
    bundle = Bundle("dynamodb", ("com.amazonaws:DynamoDBLocal:2.6.1",), "DynamoDBLauncher.java")
    heap = "512m"

    def command(self, folder: Path, port: int, *, keep: bool) -> list[str]:
        """One database for all regions and keys."""
        data = ["-dbPath", str(folder / "data")] if keep else ["-inMemory"]
        return self._java("-port", str(port), "-sharedDb", "-disableTelemetry", *data)

    @property
    def flags(self) -> Sequence[str]:
        """Where its SQLite is."""
        return (f"-Djava.library.path={self.bundle.folder / 'lib'}",)

    def ready(self, port: int) -> bool:
        """It lists its tables."""
        return wire.ask_dynamodb(port, "ListTables", {})[0] == 200


class _Search(_OnJava):
    """OpenSearch, and what it came from."""

    def command(self, folder: Path, port: int, *, keep: bool) -> list[str]:
        """A cluster of one, that does not mind a full disk; every launcher takes settings as `name=value`."""
        settings = {
            "path.home": str(self._home(folder)),
            "path.data": str(folder / "data"),
            "path.logs": str(folder),
            "cluster.name": "rookery",
            "node.name": self.name,
            "network.host": wire.HOST,
            "http.port": str(port),
            "transport.port": "0",
            "discovery.type": "single-node",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
        }
        return self._java(*(f"{name}={value}" for name, value in settings.items()))

    def _home(self, folder: Path) -> Path:
        return folder

    def ready(self, port: int) -> bool:
        """All that it holds can be searched."""
        return wire.ask(port, "GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")[0] == 200


class OpenSearch(_Search):
    """OpenSearch 2: the last that runs on Java 17."""

    name = "opensearch"
    title = "OpenSearch"
    variable = "ROOKERY_CLUSTER_SEARCH_URL"
    bundle = Bundle(
        "opensearch",
        (
            "org.opensearch:opensearch:2.19.1",
            "org.opensearch.plugin:transport-netty4-client:2.19.1",
            "org.apache.logging.log4j:log4j-core:2.21.0",
        ),
        "OpenSearchLauncher.java",
    )
    heap = "768m"

    @property
    def flags(self) -> Sequence[str]:
        """How it logs; without a word from us it is silent."""
        return (f"-Dlog4j2.configurationFile={LOGGING}",)


class Elasticsearch(_Search):
    """Elasticsearch 8: the last that runs on Java 17."""

    name = "elasticsearch"
    title = "Elasticsearch"
    variable = "ROOKERY_ELASTICSEARCH_URL"
    bundle = ELASTICSEARCH_BUNDLE
    heap = "512m"

    def _home(self, folder: Path) -> Path:
        return self.bundle.folder


KINDS: Mapping[str, Kind] = MappingProxyType(
    {kind.name: kind for kind in (Redis(), DynamoDB(), OpenSearch(), Elasticsearch())}
)
DEFAULT = ("redis", "dynamodb", "opensearch")
