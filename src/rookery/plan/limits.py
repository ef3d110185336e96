"""What an engine gives at most: limits of AWS, as its documentation states them, and of Rookery's own code."""

from dataclasses import dataclass

GIB = 1 << 30
_AWS = "https://docs.aws.amazon.com"


@dataclass(frozen=True, slots=True)
class Stated:
    """A number and the page that states it."""

    value: float
    unit: str
    source: str


PARTITION_WRITE_UNITS = Stated(
    1_000, "units/s", "https://repost.aws/knowledge-center/on-demand-table-throttling-dynamodb"
)
PARTITION_READ_UNITS = Stated(3_000, "units/s", PARTITION_WRITE_UNITS.source)
TABLE_UNITS = Stated(
    40_000,
    "units/s",
    f"{_AWS}/amazondynamodb/latest/developerguide/ServiceQuotas.html, of reads and of writes; AWS raises it on request",
)
ROW_OVERHEAD = Stated(
    100,
    "B",
    f"{_AWS}/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html, that a row takes beside its own",
)
READ_UNIT_BYTES = Stated(
    4_096,
    "B",
    f"{_AWS}/amazondynamodb/latest/developerguide/read-write-operations.html, that a read unit reads",
)
REDIS_MEMORY = Stated(
    419.09 * GIB,
    "B",
    "https://aws.amazon.com/elasticache/pricing, cache.r7g.16xlarge: the largest of its family",
)
REDIS_RESERVED = Stated(0.25, "share", f"{_AWS}/AmazonElastiCache/latest/dg/redis-memory-management.html")
REDIS_NETWORK = Stated(
    30e9 / 8,
    "B/s",
    f"{_AWS}/AmazonElastiCache/latest/dg/CacheNodes.SupportedTypes.html, cache.r7g.16xlarge: 30 Gbit/s",
)
SHARD_BYTES = Stated(
    30 * GIB,
    "B",
    f"{_AWS}/wellarchitected/latest/amazon-opensearch-service-lens/aosperf01-bp01.html: 10 to 30 GB where one searches",
)
LIMITS = (
    PARTITION_WRITE_UNITS,
    PARTITION_READ_UNITS,
    TABLE_UNITS,
    ROW_OVERHEAD,
    READ_UNIT_BYTES,
    REDIS_MEMORY,
    REDIS_RESERVED,
    REDIS_NETWORK,
    SHARD_BYTES,
)
