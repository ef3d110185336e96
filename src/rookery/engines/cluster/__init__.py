"""The cluster engine: truth in DynamoDB, events over Redis Streams, feeds in Redis, the index in OpenSearch."""

WORKERS = (
    "feed",
    "search",
    "counts",
    "upkeep",
    "sweeper",
)  # what works beside requests, by name; see working.py
