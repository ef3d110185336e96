"""The lists of an account, from the stores that own their rows."""

from rookery.engines.embedded.follows import EmbeddedFollows
from rookery.engines.embedded.replies import EmbeddedReplies
from rookery.engines.embedded.tweets import EmbeddedTweets


class EmbeddedProfiles:
    """The ProfileStore of this engine."""

    def __init__(self, tweets: EmbeddedTweets, replies: EmbeddedReplies, follows: EmbeddedFollows) -> None:
        self.tweets_of = tweets.tweets_of
        self.likes_of = tweets.likes_of
        self.replies_of = replies.replies_of
        self.followers_of = follows.followers_of
        self.following_of = follows.following_of
