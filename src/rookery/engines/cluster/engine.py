"""The cluster engine: every store over DynamoDB, Redis and OpenSearch, as one process sees them."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from rookery.core.errors import OperatorError
from rookery.engines.cluster import opensearch
from rookery.engines.cluster.accounts import ClusterAccounts
from rookery.engines.cluster.attempts import ClusterAttempts
from rookery.engines.cluster.dynamo import Dynamo, client_of
from rookery.engines.cluster.export import ClusterExport
from rookery.engines.cluster.facts import ClusterFacts
from rookery.engines.cluster.follows import ClusterFollows
from rookery.engines.cluster.ledger import ClusterLedger
from rookery.engines.cluster.profiles import ClusterProfiles
from rookery.engines.cluster.replies import ClusterReplies
from rookery.engines.cluster.search import ClusterSearch
from rookery.engines.cluster.sessions import ClusterSessions
from rookery.engines.cluster.signing_keys import ClusterKeys
from rookery.engines.cluster.tweets import ClusterTweets


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What the engine is told by the settings; addresses, times in milliseconds, sizes in entries."""

    dynamodb_url: str
    region: str
    redis_url: str
    search_url: str
    prefix: str
    celebrity_followers: int = 10_000
    celebrity_grace_ms: int = 60_000
    feed_keep: int = 900
    feed_trust: int = 800
