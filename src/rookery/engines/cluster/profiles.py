"""The lists of an account, from the stores that own their rows."""

from rookery.engines.cluster.follows import ClusterFollows
from rookery.engines.cluster.replies import ClusterReplies
from rookery.engines.cluster.tweets import ClusterTweets


class ClusterProfiles:
    """The ProfileStore of this engine."""

    def __init__(self, tweets: ClusterTweets, replies: ClusterReplies, follows: ClusterFollows) -> None:
        self.tweets_of = tweets.tweets_of
        self.likes_of = tweets.likes_of
        self.replies_of = replies.replies_of
        self.followers_of = follows.followers_of
        self.following_of = follows.following_of
