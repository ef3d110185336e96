"""Tweets, quotes, retweets and likes: written, edited with their history, and deleted here alone."""
