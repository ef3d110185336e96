"""Rookery: a Twitter-like network that starts with one command on a laptop and is built to grow."""

__version__ = "0.1.0"
