"""The command line, and the processes that it starts. A worker of a server imports no more of it than it needs."""

import gc

# What imports and requests make is hardly ever garbage that only a collection finds: looking for it after each 700 new
# objects takes a fifth of the time of a start.
gc.set_threshold(50_000, 20, 20)
