"""What a load needs, one function a resource; each formula stands in the docstring.

Rates are a second; those of the peak are the mean ones times `Load.peak`. Sizes are in bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from rookery.config import SERVICES
from rookery.engines.cluster import WORKERS
from rookery.engines.cluster.celebrities import KNOWN_S
from rookery.engines.cluster.streams import DELTAS, EVENTS, PARTITIONS
from rookery.engines.cluster.tx import OUTBOX_KEPT_S
from rookery.engines.cluster.watch import KEPT_MS, STREAM_MAX
from rookery.plan.limits import READ_UNIT_BYTES, ROW_OVERHEAD, SHARD_BYTES
from rookery.plan.load import DAY_S, Load
from rookery.plan.measured import (
    ACTIONS,
    COLD,
    FEED_READS,
    FEED_ROWS,
    FOLLOWING,
    GATEWAY,
    WRITES,
    Figures,
    cost,
    memory,
    other,
    worker_cost,
)

MONTH_S = 30 * DAY_S
COPIES = 2  # of a shard: the index has one replica (search_indices.settings)
LEAST = 2  # processes of each kind, so that one may end
SHARED_ROWS = 2  # that are cached of a post for everybody: it, and its counters
CHECK = "signed-in check"  # goes with every request
SERVES: Mapping[str, tuple[str, ...]] = {
    "feed": ("feed page", COLD),
    "profiles": ("profile page",),
    "search": ("search page",),
    "tweets": ("tweet", "retweet", "like"),
    "replies": ("reply",),
    "follows": ("follow",),
}
KINDS = (*(f"{name} service" for name in SERVICES), *(f"{name} worker" for name in WORKERS))


@dataclass(frozen=True, slots=True)
class Rates:
    """What happens in a second: each of ACTIONS, the feed rows that are written, and the messages to workers."""

    actions: Mapping[str, float]
    rows: float
    messages: Mapping[str, float]

    @property
    def requests(self) -> float:
        """All requests: each is of somebody who is signed in."""
        return self.actions[CHECK]

    @property
    def posts(self) -> float:
        """All that goes into feeds."""
        return sum(self.actions[one] for one in ("tweet", "reply", "retweet"))

    @property
    def events(self) -> float:
        """Events in the outbox; each goes to every group."""
        return self.messages[EVENTS.groups[0]]


def rates(load: Load, figures: Figures, times: float = 1.0) -> Rates:
    """users x times a day / 86,400 s x `times` the mean. rows = posts x follows x delivered share. messages: what each
    write tells the streams, as measured; a group gets every message of its topic."""
    second = load.dau * times / DAY_S
    posts, feeds = second * load.posts_per_user, second * load.reads_per_user
    actions = {
        "feed page": feeds * (1 - load.cold_share),
        COLD: feeds * load.cold_share,
        "profile page": second * load.profiles_per_user,
        "search page": second * load.searches_per_user,
        "tweet": posts * (1 - load.retweet_share - load.reply_share),
        "reply": posts * load.reply_share,
        "retweet": posts * load.retweet_share,
        "like": second * load.likes_per_user,
        "follow": second * load.follows_per_user,
    }
    actions[CHECK] = sum(actions.values())
    told = {
        what: sum(actions[one] * figures.value(cost(one, what)) for one in WRITES)
        for what in ("events told", "counts told")
    }
    messages = dict.fromkeys(EVENTS.groups, told["events told"])
    messages |= dict.fromkeys(DELTAS.groups, told["counts told"])
    return Rates(actions, posts * load.follows * load.delivered_share, messages)


def request_s(action: str, figures: Figures) -> float:
    """Seconds of a processor for a request: the action, the gateway around it, and the look whether its session lives.
    For a feed page the first two are measured together, over HTTP: 1 / feed reads a second."""
    check = figures.value(cost(CHECK, "processor")) / 1e3
    if action == "feed page":
        return 1 / figures.value(FEED_READS) + check
    return figures.value(cost(action, "processor")) / 1e3 + 1 / figures.value(GATEWAY) + check


def service_processors(service: str, of: Rates, figures: Figures) -> float:
    """Processors that a service keeps busy: the sum over its requests of rate x seconds of each."""
    return sum(of.actions[one] * request_s(one, figures) for one in SERVES.get(service, ()))


def worker_processors(worker: str, of: Rates, figures: Figures) -> float:
    """Processors that a worker keeps busy: messages x seconds of each, and of feed beside them rows / rows a second of
    one. The sweeper: events x seconds of each."""
    if worker == "sweeper":
        return of.events * figures.value(other("sweeper, an event, processor")) / 1e3
    busy = of.messages[worker] * figures.value(worker_cost(worker, "processor")) / 1e3
    return busy + (of.rows / figures.value(FEED_ROWS) if worker == "feed" else 0.0)


def processes(kind: str, load: Load, of: Rates, figures: Figures) -> int:
    """ceil(processors / busy share), but two at the least. Of the sweeper one works and one stands by."""
    name, _, sort = kind.partition(" ")
    busy = service_processors if sort == "service" else worker_processors
    return LEAST if name == "sweeper" else max(LEAST, ceil(busy(name, of, figures) / load.busy_share))


def all_processes(load: Load, of: Rates, figures: Figures) -> dict[str, int]:
    """Processes of every kind."""
    return {kind: processes(kind, load, of, figures) for kind in KINDS}


def process_bytes(kind: str, figures: Figures) -> float:
    """Memory of one process at its peak, in bytes."""
    return figures.value(memory(kind)) * (1 << 20)


def read_units(load: Load, of: Rates, figures: Figures) -> float:
    """DynamoDB's read units a second: requests and messages x units of each, and what has no request:
    followers, posts x follows x row of a list / 4,096 (each fan-out reads the list); the outbox, events x units of the
    sweeper; and the list of celebrities, which each process looks at once a second."""
    units = sum(of.actions[one] * figures.value(cost(one, "DynamoDB read units")) for one in ACTIONS)
    units += sum(
        of.messages[one] * figures.value(worker_cost(one, "DynamoDB read units")) for one in FOLLOWING
    )
    units += of.posts * load.follows * figures.value(other("row of a list")) / READ_UNIT_BYTES.value
    units += of.events * figures.value(other("sweeper, an event, DynamoDB read units"))
    return units + celebrity_reads(load, of, figures)


def celebrity_reads(load: Load, of: Rates, figures: Figures) -> float:
    """Read units a second of the one partition that lists celebrities: processes that show or fill feeds / KNOWN_S x 1:
    a look reads the flags of the last minute alone."""
    known = ("feed service", "feed worker")
    return sum(processes(one, load, of, figures) for one in known) / KNOWN_S


def write_units(of: Rates, figures: Figures) -> float:
    """DynamoDB's write units a second: requests and messages x units of each. A row of a transaction costs twice its
    size in KiB, rounded up."""
    units = sum(of.actions[one] * figures.value(cost(one, "DynamoDB write units")) for one in ACTIONS)
    return units + sum(
        of.messages[one] * figures.value(worker_cost(one, "DynamoDB write units")) for one in FOLLOWING
    )


def busiest_table_units(of: Rates, figures: Figures) -> float:
    """Write units a second of the busiest table: the sum over writes of rate x units of the table that each writes most
    to, which may be too much where these are several."""
    return sum(
        of.actions[one] * figures.value(cost(one, "write units of its busiest table")) for one in WRITES
    )


def stored_a_month(of: Rates, figures: Figures) -> float:
    """Bytes that DynamoDB has more after a month: writes x (bytes + rows x 100 bytes of index) x a month, of `of` the
    mean. Without what expires or is folded."""
    return MONTH_S * sum(
        of.actions[one]
        * (
            figures.value(cost(one, "bytes kept"))
            + figures.value(cost(one, "rows kept")) * ROW_OVERHEAD.value
        )
        for one in WRITES
    )


def outbox_bytes(of: Rates, figures: Figures) -> float:
    """Bytes in the outbox: mean events x the 7 days that they stay x (row + 100)."""
    return of.events * OUTBOX_KEPT_S * (figures.value(other("row of the outbox")) + ROW_OVERHEAD.value)


def follows_bytes(load: Load, figures: Figures) -> float:
    """Bytes of the graph: users of a month x follows x what a follow keeps."""
    kept = figures.value(cost("follow", "bytes kept"))
    kept += figures.value(cost("follow", "rows kept")) * ROW_OVERHEAD.value
    return load.dau * load.monthly_per_daily * load.follows * kept


def feeds_bytes(load: Load, figures: Figures) -> float:
    """Memory of feeds in Redis: users of a month, as a feed lasts 30 days after its last reading, x a full feed."""
    return load.dau * load.monthly_per_daily * figures.value(other("stored feed"))


def rows_bytes(load: Load, figures: Figures) -> float:
    """Memory of cached rows in Redis: readers of the busiest hour x rows that only their page needs, and a day's posts
    x SHARED_ROWS, x a cached row."""
    own = load.dau * load.hour_share * figures.value(other("rows cached for one viewer's page"))
    shared = load.dau * load.posts_per_user * SHARED_ROWS
    return (own + shared) * figures.value(other("cached row in Redis"))


def streams_bytes(of: Rates, figures: Figures) -> float:
    """Memory of event streams in Redis: events x the 10 minutes that they are kept, at most STREAM_MAX of each of
    PARTITIONS, x an event."""
    kept = min(of.events * KEPT_MS / 1e3, STREAM_MAX * PARTITIONS)
    return kept * figures.value(other("event in a stream"))


def redis_bytes(load: Load, of: Rates, figures: Figures) -> float:
    """All memory of Redis: feeds, cached rows and streams."""
    return feeds_bytes(load, figures) + rows_bytes(load, figures) + streams_bytes(of, figures)


def redis_processors(load: Load, of: Rates, figures: Figures) -> float:
    """Seconds of Redis's thread in a second: requests and messages x its microseconds for each, feed rows x those of a
    row, and hints, one a post, x processes, each of which reads every one, x those of a hint."""
    micros = sum(of.actions[one] * figures.value(cost(one, "processor of Redis")) for one in ACTIONS)
    micros += sum(
        of.messages[one] * figures.value(worker_cost(one, "processor of Redis")) for one in FOLLOWING
    )
    micros += of.rows * figures.value(other("feed row, processor of Redis"))
    readers = sum(all_processes(load, of, figures).values())
    micros += of.posts * readers * figures.value(other("hint read by a process, processor of Redis"))
    return micros / 1e6


def redis_bytes_out(of: Rates, figures: Figures) -> float:
    """Bytes a second that Redis sends: requests and messages x bytes of each."""
    sent = sum(of.actions[one] * figures.value(cost(one, "bytes out of Redis")) for one in ACTIONS)
    return sent + sum(
        of.messages[one] * figures.value(worker_cost(one, "bytes out of Redis")) for one in FOLLOWING
    )


def answer_bytes(of: Rates, figures: Figures) -> float:
    """Bytes a second to clients: requests x their answers, without headers, TLS and compression."""
    return sum(of.actions[one] * figures.value(cost(one, "answer")) for one in ACTIONS)


def index_bytes(load: Load, of: Rates, figures: Figures) -> float:
    """Bytes of the index without copies: mean tweets and replies x the months they are kept x a tweet in the index."""
    indexed = of.actions["tweet"] + of.actions["reply"]
    return indexed * MONTH_S * load.months * figures.value(other("tweet in the index"))


def shards(load: Load, of: Rates, figures: Figures) -> int:
    """Shards of the index: ceil(bytes / the most that one should hold)."""
    return max(1, ceil(index_bytes(load, of, figures) / SHARD_BYTES.value))
