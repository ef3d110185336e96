"""Replies and the conversations they form, kept apart so that tweets are read without them."""
