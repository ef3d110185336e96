"""The counters of tweets and replies, added to in the transaction of what they count: `tx.execute(LIKES, (id, 1))`."""

LIKES = """
INSERT INTO tweet_counts (tweet_id, likes) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET likes = likes + ?2"""
RETWEETS = """
INSERT INTO tweet_counts (tweet_id, retweets) VALUES (?1, ?2)
ON CONFLICT DO UPDATE SET retweets = retweets + ?2"""
QUOTES = """
INSERT INTO tweet_counts (tweet_id, quotes) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET quotes = quotes + ?2"""
ONE_MORE_TWEET = "ON CONFLICT DO UPDATE SET tweets = tweets + 1"
TWEETS_BY = """
INSERT INTO tweet_authors (user_id, tweets) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET tweets = tweets + ?2"""
REPLIES_TO = """
INSERT INTO reply_counts (tweet_id, replies) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET replies = replies + ?2"""
REPLIES_BY = """
INSERT INTO reply_authors (user_id, replies) VALUES (?1, ?2)
ON CONFLICT DO UPDATE SET replies = replies + ?2"""
