"""The cluster engine: truth in DynamoDB, events over Redis Streams, feeds in Redis, the index in OpenSearch."""
