"""Time to visible, computed where it cannot be measured: the way of tweets through telling, streams, feed workers and
feeds as a discrete-event simulation, whose service times are drawn from what `python -m benchmarks cluster_stages`
measured on the real cluster engine. `python -m simulation --help` tells more; docs/scale.md shows what comes of it.
"""
