"""Every setting, by section: its type, default, bounds and doc stand here and nowhere else."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

T = TypeVar("T")
SERVICES = ("accounts", "profiles", "tweets", "replies", "follows", "feed", "search", "pages")


def setting(
    default: T, doc: str, *, low: int | None = None, high: int | None = None, secret: bool = False
) -> T:
    """A field of a section. `low` and `high` bound a number, both inclusive; a secret is never shown."""
    metadata = {"doc": doc, "low": low, "high": high, "secret": secret}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, slots=True)
class Server:
    """Where requests come in."""

    host: str = setting("127.0.0.1", "Address to listen on; beyond loopback only with TLS or a named proxy.")
    port: int = setting(8000, "TCP port of the API and the pages.", low=1, high=65_535)
    workers: int = setting(1, "Server processes on the same data folder.", low=1, high=64)
    services: tuple[str, ...] = setting(
        (), "Services that are served (cluster engine); none named: all of them, and every worker with them."
    )
    tls_cert: Path | None = setting(None, "PEM file with the certificate chain; needs server.tls_key too.")
    tls_key: Path | None = setting(None, "PEM file with the certificate's private key.")
    trusted_proxies: tuple[str, ...] = setting(
        (), "Addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For and -Proto are believed."
    )
    metrics_host: str = setting(
        "127.0.0.1",
        "Address of /metrics, which has neither TLS nor a sign-in: of loopback or of a private network.",
    )
    metrics_port: int = setting(9464, "Port of /metrics; 0 serves none.", low=0, high=65_535)
    header_read_ms_max: int = setting(
        10_000, "Time a client may take to send a request's headers.", low=100, high=60_000
    )
    body_read_ms_max: int = setting(
        10_000, "Time a client may take to send a request's body.", low=100, high=600_000
    )
    linger_ms: int = setting(
        2_000,
        "Time after SIGTERM in which a server behind server.trusted_proxies still takes requests, while /readyz"
        " says no.",
        low=0,
        high=60_000,
    )
    drain_ms_max: int = setting(
        15_000, "Time that accepted requests get to finish after that.", low=0, high=600_000
    )


@dataclass(frozen=True, slots=True)
class Data:
    """Where everything is kept, and the key it is encrypted with."""

    engine: Literal["embedded", "cluster"] = setting(
        "embedded", "What keeps it: this machine's disk, or DynamoDB, Redis and OpenSearch (section cluster)."
    )
    dir: Path = setting(Path("rookery-data"), "Folder of the databases; made at the first start.")
    key_file: Path = setting(
        Path("~/.config/rookery/key"),
        "File with the data key, made at the first start; the default is below $XDG_CONFIG_HOME where that is"
        " set. ROOKERY_KEY may name it too.",
    )
    key: str = setting(
        "", "The data key itself, 64 hexadecimal digits; taken from ROOKERY_KEY only.", secret=True
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """How often and how much; write, sign-up and log-in limits are exact over workers and restarts."""

    enabled: bool = setting(True, "Whether any rate limit holds; false is for load tests.")
    addresses_enabled: bool = setting(True, "Whether the rate limits per network address hold.")
    tweets_per_3h: int = setting(300, "Tweets, replies and retweets of an account in 3 hours.", low=1)
    tweets_per_day: int = setting(2_400, "Tweets, replies and retweets of an account in 24 hours.", low=1)
    likes_per_day: int = setting(1_000, "Likes of an account in 24 hours.", low=1)
    follows_per_day: int = setting(400, "Follows of an account in 24 hours.", low=1)
    sign_ups_per_hour_address: int = setting(20, "Sign-ups from an address in an hour.", low=1)
    login_failures_per_15min: int = setting(
        10, "Failed log-ins to an account from an address in 15 minutes.", low=1
    )
    login_failures_per_hour_address: int = setting(100, "Failed log-ins from an address in an hour.", low=1)
    reads_per_15min: int = setting(3_000, "Reads of an account in 15 minutes.", low=1)
    reads_per_15min_address: int = setting(
        1_500, "Reads from an address without an account in 15 minutes.", low=1
    )
    body_bytes_max: int = setting(65_536, "Size of a request's body.", low=1_024, high=1_048_576)
    url_bytes_max: int = setting(8_192, "Size of a request's path and query.", low=1_024, high=65_536)
    live_streams_per_account: int = setting(5, "Live streams of an account at once.", low=1, high=1_000)


@dataclass(frozen=True, slots=True)
class Feed:
    """How home feeds are kept."""

    celebrity_followers: int = setting(
        10_000, "From this many followers on, readers merge an account's tweets instead of fan-out.", low=1
    )
    celebrity_grace_ms: int = setting(
        60_000, "Time that fan-out goes on after an account was flagged a celebrity.", low=0, high=3_600_000
    )
    keep: int = setting(900, "Candidates kept in a stored feed.", low=100, high=10_000)
    trust: int = setting(
        800, "Newest candidates of a stored feed that are read from it.", low=100, high=10_000
    )
    retweet_window: int = setting(
        40, "Entries just older among which the same original hides a retweet.", low=0, high=400
    )


@dataclass(frozen=True, slots=True)
class Engine:
    """What the embedded engine takes on before it says 503, and what it remembers."""

    write_queue_max: int = setting(
        4_096, "Writes waiting in a process; more are refused.", low=1, high=1_000_000
    )
    group_max: int = setting(128, "Writes that share one commit.", low=1, high=10_000)
    backlog_ms_max: int = setting(
        60_000, "Lag of feeds or search beyond which writes are refused.", low=1_000, high=3_600_000
    )
    outbox_keep_ms: int = setting(
        600_000,
        "Age at which events that every projector has passed are dropped.",
        low=10_000,
        high=86_400_000,
    )
    cache_bytes_max: int = setting(
        134_217_728, "Memory for rendered feed pages in a process.", low=1_048_576, high=68_719_476_736
    )


@dataclass(frozen=True, slots=True)
class Cluster:
    """The engines of the cluster engine; AWS's credentials come from where its tools look for them."""

    dynamodb_url: str = setting("", "Address of DynamoDB; empty: Amazon's of the region.")
    region: str = setting("us-east-1", "AWS's region.")
    redis_url: str = setting("redis://127.0.0.1:6379/0", "Address of Redis, with its password.", secret=True)
    search_url: str = setting(
        "http://127.0.0.1:9200",
        "Address of OpenSearch or Elasticsearch, with name and password.",
        secret=True,
    )
    search_shards: int = setting(
        1, "Shards of an index; the next that is made has them (rookery search rebuild).", low=1, high=64
    )
    prefix: str = setting("rookery-", "What the names of tables, keys and indices begin with.")


@dataclass(frozen=True, slots=True)
class Session:
    """How long a sign-in lasts."""

    days: int = setting(30, "Days from its last use after which a session ends.", low=1, high=365)
    access_token_minutes: int = setting(15, "Minutes that a JWT is valid.", low=1, high=1_440)


@dataclass(frozen=True, slots=True)
class Log:
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = setting("info", "The least weight that is logged.")
    format: Literal["text", "json"] = setting("text", "Lines for people, or one JSON object a line.")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, read once at start; can be pickled for worker processes (with the key, if ROOKERY_KEY held it)."""

    server: Server = field(default_factory=Server)
    data: Data = field(default_factory=Data)
    limits: Limits = field(default_factory=Limits)
    feed: Feed = field(default_factory=Feed)
    engine: Engine = field(default_factory=Engine)
    cluster: Cluster = field(default_factory=Cluster)
    session: Session = field(default_factory=Session)
    log: Log = field(default_factory=Log)
