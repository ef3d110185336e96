"""The front door over HTTP: who is asking, how often, which service answers, and in which form."""
